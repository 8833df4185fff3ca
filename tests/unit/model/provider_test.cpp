// SPDX-License-Identifier: MIT
#include <aikit/model/provider.hpp>
#include <aikit/testing/run.hpp>

#include <doctest/doctest.h>

using namespace aikit;

namespace {

class Nothing : public AIProvider {
public:
    explicit Nothing(std::string name) : name_(std::move(name)) {}
    std::string const& name() const noexcept override { return name_; }

private:
    std::string name_;
};

/// Says in each reply what it was asked.
class Echo final : public Nothing {
public:
    Echo() : Nothing("echo") {}
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        ChatReply reply;
        reply.model = request.model;
        reply.id = options.request_id;
        co_return reply;
    }
    Task<ChatStream> stream_chat(ChatRequest, CallOptions) override { co_return ChatStream(); }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions) override {
        EmbedReply reply;
        reply.model = request.model;
        co_return reply;
    }
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions) override {
        ModerateReply reply;
        reply.model = request.model;
        co_return reply;
    }
    Task<ModelList> models(CallOptions) override {
        ModelList list;
        list.models.emplace_back();
        co_return list;
    }
};

}  // namespace

TEST_CASE("what a provider does not override is unsupported, and says who cannot do what") {
    auto provider = std::make_shared<Nothing>("tiny");
    Task<ChatReply> chat = provider->AIProvider::chat(ChatRequest("m", "hi"), CallOptions());
    Task<ChatStream> stream = provider->AIProvider::stream_chat(ChatRequest("m", "hi"), CallOptions());
    Task<EmbedReply> embed = provider->AIProvider::embed(EmbedRequest(), CallOptions());
    Task<ModerateReply> moderate = provider->AIProvider::moderate(ModerateRequest(), CallOptions());
    Task<ModelList> models = provider->models(CallOptions());
    CHECK(provider->batch() == nullptr);
    CHECK(provider->files() == nullptr);
    CHECK(provider->fine_tune() == nullptr);
    provider.reset();  // the tasks need nothing of it

    std::vector<Error> const errors{testing::run(std::move(chat)).error(), testing::run(std::move(stream)).error(),
                                    testing::run(std::move(embed)).error(), testing::run(std::move(moderate)).error(),
                                    testing::run(std::move(models)).error()};
    std::vector<std::string> const words{"chat", "streamed chat", "embeddings", "moderation", "list of models"};
    for (std::size_t i = 0; i < errors.size(); ++i) {
        CHECK(errors[i].code == Errc::unsupported);
        CHECK(errors[i].provider == "tiny");
        CHECK(errors[i].message.find("tiny") != std::string::npos);
        CHECK(errors[i].message.find(words[i]) != std::string::npos);
        CHECK(!errors[i].maybe_executed);
    }
}

TEST_CASE("a forwarding provider passes everything on") {
    ForwardingProvider forwarding(std::make_shared<Echo>());
    CallOptions options;
    options.request_id = "id-1";
    CHECK(forwarding.name() == "echo");
    CHECK(testing::run(forwarding.chat(ChatRequest("m", "hi"), options))->id == "id-1");
    CHECK(testing::run(forwarding.chat(ChatRequest("m", "hi")))->model == "m");
    CHECK(testing::run(forwarding.stream_chat(ChatRequest("m", "hi"))).has_value());
    EmbedRequest embed;
    embed.model = "e";
    CHECK(testing::run(forwarding.embed(embed))->model == "e");
    ModerateRequest moderate;
    moderate.model = "o";
    CHECK(testing::run(forwarding.moderate(moderate))->model == "o");
    CHECK(testing::run(forwarding.models(CallOptions()))->models.size() == 1);
    CHECK(forwarding.batch() == nullptr);
}
