// SPDX-License-Identifier: MIT
// tests/unit/kit/kit_test.cpp - a kit sends each request where its name says, and outlives what uses it.
#include <aikit/sync.hpp>
#include <aikit/testing/fake_transport.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace aikit {
namespace {

/// Says who it is and which model was asked for.
class Named final : public AIProvider {
public:
    explicit Named(std::string name) : name_(std::move(name)) {}
    std::string const& name() const noexcept override { return name_; }

    Task<ChatReply> chat(ChatRequest request, CallOptions) override {
        ++calls;
        ChatReply reply;
        reply.model = request.model;
        reply.complete = true;
        Choice choice;
        choice.message = Message(Role::assistant, name_ + ":" + request.model);
        choice.finish = FinishReason::stop;
        reply.choices.push_back(std::move(choice));
        co_return reply;
    }

    std::atomic<int> calls = 0;

private:
    std::string name_;
};

struct Fixture {
    Fixture() {
        config.own_providers["one"] = one;
        config.own_providers["two"] = two;
        config.default_provider = "one";
        config.aliases["fast"] = "two/small-1";
        config.unknown_price = policy::UnknownPrice::allow;
    }

    std::string asked(Kit& kit, std::string const& model) {
        ChatRequest const request(model, "Hello");
        Result<ChatReply> reply = sync::wait(kit, kit.chat(request, CallOptions()));
        return reply ? reply->text() : name(reply.error().code);
    }

    std::shared_ptr<Named> one = std::make_shared<Named>("one");
    std::shared_ptr<Named> two = std::make_shared<Named>("two");
    KitConfig config;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a model is asked of the provider its name starts with, else of the default one") {
    Kit kit = Kit::open(config).value();

    CHECK(asked(kit, "big-1") == "one:big-1");
    CHECK(asked(kit, "two/big-1") == "two:big-1");
    CHECK(asked(kit, "fast") == "two:small-1");
    CHECK(asked(kit, "meta-llama/Llama-3") == "one:meta-llama/Llama-3");
    CHECK(asked(kit, "two/meta-llama/Llama-3") == "two:meta-llama/Llama-3");
    CHECK(asked(kit, "") == "invalid_argument");
    CHECK(asked(kit, "builtin/extractive-1") != "invalid_argument");
}

TEST_CASE_FIXTURE(Fixture, "a sensitive request goes only to a provider that is marked local") {
    Kit kit = Kit::open(config).value();
    CallOptions options;
    options.privacy = Privacy::sensitive;

    Result<ChatReply> refused = sync::wait(kit, kit.chat(ChatRequest("big-1", "secret"), options));
    Result<ChatReply> local = sync::wait(kit, kit.chat(ChatRequest("builtin/extractive-1", "secret"), options));

    CHECK(refused.error().code == Errc::permission);
    CHECK(one->calls == 0);
    CHECK(local.has_value());
}

TEST_CASE_FIXTURE(Fixture, "an unpriced model is refused before its provider is asked, unless that is allowed") {
    config.unknown_price = policy::UnknownPrice::deny;
    Kit strict = Kit::open(config).value();
    CHECK(asked(strict, "big-1") == "unknown_price");
    CHECK(one->calls == 0);

    config.unknown_price = policy::UnknownPrice::allow;
    Kit lenient = Kit::open(config).value();
    Result<ChatReply> reply = sync::wait(lenient, lenient.chat(ChatRequest("big-1", "Hello"), CallOptions()));
    CHECK_FALSE(reply->info.cost.has_value());
}

TEST_CASE("one provider without its key does not keep the others from working") {
    KitConfig config;
    ProviderConfig keyless;
    keyless.name = "openai";
    keyless.api_key = "env:AIKIT_TEST_NO_SUCH_VARIABLE";
    config.providers.push_back(keyless);
    Kit kit = Kit::open(config).value();

    Result<ChatReply> refused = sync::wait(kit, kit.chat(ChatRequest("gpt-4o-mini", "Hello"), CallOptions()));
    Result<ChatReply> works = sync::wait(kit, kit.chat(ChatRequest("builtin/extractive-1", "Hello"), CallOptions()));

    CHECK(refused.error().code == Errc::authentication);
    CHECK(refused.error().message.find("AIKIT_TEST_NO_SUCH_VARIABLE") != std::string::npos);
    CHECK(works.has_value());
}

TEST_CASE("a key is asked of the host by its name, and what is wrong is told of that provider alone") {
    auto transport = std::make_shared<testing::FakeTransport>();
    KitConfig config;
    config.transport = transport;
    config.unknown_price = policy::UnknownPrice::allow;
    for (char const* name : {"good", "empty", "refused", "thrown"}) {
        ProviderConfig& provider = config.providers.emplace_back();
        provider.name = name;
        provider.type = "openai";
        provider.base_url = "http://127.0.0.1:1/v1";
        provider.api_key = std::string("callback:") + name;
        provider.max_retries = 0;
    }
    std::vector<std::string> asked;
    config.keys = [&](std::string const& name) -> Result<Secret> {
        asked.push_back(name);
        if (name == "thrown") throw std::runtime_error("sk-canary-1f0c");
        if (name == "refused") return fail(Errc::storage, "sk-canary-1f0c");
        return Secret(name == "empty" ? "" : "sk-canary-77ab");
    };
    Kit kit = Kit::open(config).value();
    CHECK(asked == std::vector<std::string>{"good", "empty", "refused", "thrown"});
    for (ProviderStatus const& status : kit.providers().value()) {
        CAPTURE(status.name);
        CHECK(status.failure.has_value() == (status.name != "good" && status.name != "builtin"));
        if (!status.failure) continue;
        CHECK(status.failure->code == Errc::authentication);
        CHECK(status.failure->message.find("'" + status.name + "'") != std::string::npos);
        CHECK(status.failure->message.find("canary") == std::string::npos);
    }
    CHECK_FALSE(sync::wait(kit, kit.chat(ChatRequest("good/m", "Hello"), CallOptions())).has_value());
    REQUIRE(transport->sent().size() == 1);
    CHECK(transport->sent().front().credential.reveal() == "Bearer sk-canary-77ab");
    config.keys = nullptr;
    Kit other = Kit::open(config).value();
    Result<ChatReply> const without = sync::wait(other, other.chat(ChatRequest("good/m", "Hello"), CallOptions()));
    CHECK(without.error().code == Errc::authentication);
    CHECK(without.error().message.find("KitConfig::keys") != std::string::npos);
}

TEST_CASE("a configuration that cannot work is refused when the kit is opened") {
    KitConfig unknown_type;
    ProviderConfig provider;
    provider.name = "x";
    provider.type = "telepathy";
    unknown_type.providers.push_back(provider);
    CHECK(Kit::open(unknown_type).error().code == Errc::invalid_argument);

    KitConfig unknown_default;
    unknown_default.default_provider = "nobody";
    CHECK(Kit::open(unknown_default).error().code == Errc::invalid_argument);

    KitConfig bad_threads;
    bad_threads.runtime.io = -1;
    CHECK(Kit::open(bad_threads).error().code == Errc::invalid_argument);

    KitConfig no_folder;
    no_folder.store = "/no/such/folder/store.db";
    CHECK(Kit::open(no_folder).error().code == Errc::not_found);
}

TEST_CASE_FIXTURE(Fixture,
                  "after close every operation answers invalid_state, also of a handle that was never opened") {
    Kit kit = Kit::open(config).value();
    Kit copy = kit;
    kit.close();
    kit.close();

    CHECK(asked(copy, "big-1") == "invalid_state");
    Kit never;
    CHECK(sync::wait(copy, never.models("", CallOptions())).error().code == Errc::invalid_state);
    CHECK(never.estimate_request_cost(ChatRequest("m", "x")).error().code == Errc::invalid_state);
}

TEST_CASE_FIXTURE(Fixture, "a kit serves many threads at once and counts every call once") {
    Kit kit = Kit::open(config).value();
    std::vector<std::thread> threads;
    std::atomic<int> answered = 0;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int call = 0; call < 25; ++call) answered += asked(kit, "big-1") == "one:big-1";
        });
    }
    for (std::thread& thread : threads) thread.join();

    CHECK(answered == 200);
    cost::Report const report = sync::wait(kit, kit.cost_report(cost::ReportQuery())).value();
    CHECK(report.total.calls == 200);
    CHECK(report.total.unpriced == 200);
}

TEST_CASE_FIXTURE(Fixture, "a kit without threads is driven by the calls themselves") {
    config.runtime.io = 0;
    config.runtime.cpu = 0;
    config.runtime.storage = 0;
    config.runtime.resolver = 0;
    Kit kit = Kit::open(config).value();

    CHECK(asked(kit, "big-1") == "one:big-1");
    CHECK(sync::wait(kit, kit.cost_report(cost::ReportQuery())).value().total.calls == 1);
    kit.close();
}

TEST_CASE_FIXTURE(Fixture, "two threads may drive a kit without threads at once") {
    config.runtime.io = 0;
    config.runtime.cpu = 0;
    config.runtime.storage = 0;
    config.runtime.resolver = 0;
    Kit kit = Kit::open(config).value();
    std::atomic<int> answered = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
            for (int call = 0; call < 20; ++call) answered += asked(kit, "big-1") == "one:big-1";
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(answered == 40);
}

TEST_CASE("an operation may be started from a handle that is gone by the time it runs") {
    KitConfig config;
    Kit kept = Kit::open(config).value();
    Runtime const runtime = kept.runtime();
    Task<ChatReply> pending = [&] {
        Kit handle = kept;
        return handle.chat(ChatRequest("builtin/extractive-1", "Hello"), CallOptions());
    }();
    CHECK(sync::wait(runtime, std::move(pending)).has_value());
}

}  // namespace aikit
