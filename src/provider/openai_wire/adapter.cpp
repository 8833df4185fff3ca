// SPDX-License-Identifier: MIT
// provider/openai_wire/adapter.cpp - carries the requests and replies of an endpoint that speaks OpenAI's dialect.
#include "provider/openai_wire/adapter.hpp"

#include "core/async.hpp"
#include "provider/carrier/lists.hpp"
#include "provider/carrier/stream.hpp"
#include "provider/openai_wire/jobs.hpp"
#include "provider/openai_wire/stream.hpp"

#include <algorithm>

namespace aikit::inline v0::provider::openai_wire {

namespace {

using carrier::Answer;
using carrier::Call;
using carrier::named;
using carrier::Whole;

using Shared = std::shared_ptr<Endpoint const>;

Error missing_model(Endpoint const& endpoint) {
    return named(fail(Errc::invalid_argument, "The request is wrong: model is missing."), endpoint);
}

Call call_of(Endpoint const& endpoint, char const* path, carrier::Encoded& encoded, std::string const& model,
             CallOptions&& options) {
    Call call;
    call.path = endpoint.path(path, model);
    call.body = std::move(encoded.body);
    call.reasoning = is_reasoning_model(model);
    call.options = std::move(options);
    return call;
}

template <class Reply>
void tell_named(Reply& reply, Endpoint const& endpoint, Whole const& whole, std::string const& asked_model,
                Usage const& usage, std::vector<std::string> request_warnings) {
    std::string const& model = reply.model.empty() ? asked_model : reply.model;
    carrier::tell(reply, endpoint, whole.head, model, usage, std::move(request_warnings));
}

/// What waits for the answer to a chat, and needs no more of the request than this.
Task<ChatReply> read_chat(Shared endpoint, std::string model, std::vector<std::string> warnings, Task<Whole> fetching) {
    try {
        Result<Whole> const whole = co_await std::move(fetching);
        if (!whole) co_return whole.error();

        Result<ChatReply> reply = decode_chat(whole->head.exchange, whole->body);
        if (!reply) co_return carrier::without_key(reply.error(), *endpoint, whole->head);
        tell_named(*reply, *endpoint, *whole, model, reply->usage, std::move(warnings));
        co_return reply;
    } catch (...) {
        co_return current_exception_error();
    }
}

Task<ChatReply> refuse(Error error) {
    co_return error;
}

/// Not a coroutine: a frame with all of the request would last as long as the call.
Task<ChatReply> run_chat(Shared endpoint, ChatRequest request, CallOptions options) {
    Result<Task<ChatReply>> pending = guarded([&]() -> Result<Task<ChatReply>> {
        if (request.model.empty()) return missing_model(*endpoint);
        Result<carrier::Encoded> encoded = encode_chat(request, endpoint->quirks, false);
        if (!encoded) return named(encoded.error(), *endpoint);
        Call call = call_of(*endpoint, "/chat/completions", *encoded, request.model, std::move(options));
        Task<Whole> fetching = carrier::fetch(endpoint, std::move(call));
        return read_chat(std::move(endpoint), std::move(request.model), std::move(encoded->warnings),
                         std::move(fetching));
    });
    return pending ? std::move(*pending) : refuse(std::move(pending).error());
}

Task<ChatStream> run_stream(Shared endpoint, ChatRequest request, CallOptions options) {
    try {
        if (request.model.empty()) co_return missing_model(*endpoint);
        Result<carrier::Encoded> encoded = encode_chat(request, endpoint->quirks, true);
        if (!encoded) co_return named(encoded.error(), *endpoint);
        Call call = call_of(*endpoint, "/chat/completions", *encoded, request.model, std::move(options));
        call.streaming = true;
        Result<Answer> answer = co_await carrier::send(endpoint, std::move(call));
        if (!answer) co_return answer.error();
        auto decoder = std::make_unique<StreamDecoder>(answer->head.exchange, endpoint->quirks, request.n.value_or(1));
        co_return carrier::make_stream(endpoint, std::move(*answer), std::move(decoder), std::move(request.model),
                                       std::move(encoded->warnings));
    } catch (...) {
        co_return current_exception_error();
    }
}

/// One request's worth of embeddings.
Task<EmbedReply> run_embed_batch(Shared endpoint, std::shared_ptr<EmbedRequest const> request, std::size_t first,
                                 std::size_t count, CallOptions options) {
    Result<carrier::Encoded> encoded = encode_embed(*request, first, count, endpoint->quirks);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    Call call = call_of(*endpoint, "/embeddings", *encoded, request->model, std::move(options));
    Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<EmbedReply> reply = decode_embeddings(whole->head.exchange, whole->body, count);
    if (!reply) co_return carrier::without_key(reply.error(), *endpoint, whole->head);
    tell_named(*reply, *endpoint, *whole, request->model, reply->usage, std::move(encoded->warnings));
    co_return reply;
}

Task<EmbedReply> run_embed(Shared endpoint, EmbedRequest request, CallOptions options) {
    carrier::Batches batches;
    batches.fit = [endpoint](EmbedRequest const& asked, std::size_t first) {
        return embed_batch(asked, first, endpoint->quirks);
    };
    batches.embed = [endpoint](std::shared_ptr<EmbedRequest const> asked, std::size_t first, std::size_t count,
                               CallOptions own) {
        return run_embed_batch(endpoint, std::move(asked), first, count, std::move(own));
    };
    return carrier::embed_in_batches(endpoint, std::move(request), std::move(options), std::move(batches));
}

Task<ModerateReply> run_moderate(Shared endpoint, ModerateRequest request, CallOptions options) {
    if (!endpoint->moderates) {
        co_return named(fail(Errc::unsupported, "The provider " + endpoint->name + " does not moderate."), *endpoint);
    }
    Result<carrier::Encoded> encoded = encode_moderation(request);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    Call call = call_of(*endpoint, "/moderations", *encoded, request.model, std::move(options));
    Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<ModerateReply> reply = decode_moderation(whole->head.exchange, whole->body);
    if (!reply) co_return carrier::without_key(reply.error(), *endpoint, whole->head);
    tell_named(*reply, *endpoint, *whole, request.model, Usage(), std::move(encoded->warnings));
    co_return reply;
}

Task<ModelList> run_models(Shared endpoint, CallOptions options) {
    carrier::Pages pages;
    pages.path = [endpoint](std::string const&) { return endpoint->path("/models", ""); };
    pages.decode = [](Exchange const& exchange, std::string_view body) -> Result<carrier::ModelPage> {
        Result<ModelList> list = decode_models(exchange, body);
        if (!list) return list.error();
        Result<carrier::ModelPage> page;
        page->list = std::move(*list);
        return page;
    };
    return carrier::list_models(endpoint, std::move(options), std::move(pages));
}

class Adapter final : public AIProvider {
public:
    explicit Adapter(Shared endpoint) : endpoint_(std::move(endpoint)) {
        if (!endpoint_->jobs) return;
        batch_ = make_batch(endpoint_);
        files_ = make_files(endpoint_);
        fine_tune_ = make_fine_tune(endpoint_);
    }

    using AIProvider::chat;
    using AIProvider::embed;
    using AIProvider::moderate;
    using AIProvider::stream_chat;

    std::string const& name() const noexcept override { return endpoint_->name; }
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        return run_chat(endpoint_, std::move(request), std::move(options));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        return run_stream(endpoint_, std::move(request), std::move(options));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        return guard(run_embed(endpoint_, std::move(request), std::move(options)));
    }
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions options) override {
        return guard(run_moderate(endpoint_, std::move(request), std::move(options)));
    }
    Task<ModelList> models(CallOptions options) override { return guard(run_models(endpoint_, std::move(options))); }
    BatchApi* batch() noexcept override { return batch_.get(); }
    FilesApi* files() noexcept override { return files_.get(); }
    FineTuneApi* fine_tune() noexcept override { return fine_tune_.get(); }

private:
    Shared endpoint_;
    std::unique_ptr<BatchApi> batch_;
    std::unique_ptr<FilesApi> files_;
    std::unique_ptr<FineTuneApi> fine_tune_;
};

}  // namespace

std::shared_ptr<AIProvider> make_adapter(std::shared_ptr<Endpoint const> endpoint) {
    return std::make_shared<Adapter>(std::move(endpoint));
}

}  // namespace aikit::inline v0::provider::openai_wire
