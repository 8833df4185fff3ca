// SPDX-License-Identifier: MIT
#include "core/async.hpp"
// Covers include/aikit/policy/response_cache.hpp: what is kept, for whom, how long, and who waits for whom.
#include "core/together.hpp"
#include "response_cache_support.hpp"

#include <doctest/doctest.h>

namespace aikit::policy {
namespace {

/// Answers a second after it is asked, by functions that are told which call it is.
class Slow final : public AIProvider {
public:
    explicit Slow(std::shared_ptr<Clock> clock) : clock_(std::move(clock)) {}

    using AIProvider::chat;
    using AIProvider::stream_chat;

    std::string const& name() const noexcept override { return name_; }

    Task<ChatReply> chat(ChatRequest, CallOptions options) override {
        int const number = ++calls;
        deadlines.push_back(options.deadline.at());
        Task<void> waiting = sleep_until(clock_, clock_->now() + seconds(1));
        Result<void> const woken = co_await std::move(waiting);
        if (!woken) co_return woken.error();
        if (number <= failures) co_return failure(Errc::server_error);
        ChatReply reply = good_reply();
        reply.choices.front().finish = finish;
        co_return reply;
    }
    Task<ChatStream> stream_chat(ChatRequest, CallOptions options) override {
        ++calls;
        deadlines.push_back(options.deadline.at());
        co_return ChatStream(std::make_unique<ScriptedSource>(steps_of(good_events()), clock_));
    }

    int calls = 0;
    int failures = 0;
    std::vector<SteadyTime> deadlines;
    FinishReason finish = FinishReason::stop;

private:
    std::shared_ptr<Clock> clock_;
    std::string name_ = "slow";
};

struct SlowBench {
    explicit SlowBench(ResponseCacheConfig config = ResponseCacheConfig()) {
        config.clock = clock;
        cache = AIResponseCache::create(std::move(config)).value();
        provider = make_response_cache(upstream, cache).value();
    }

    /// All at once, each with its options.
    std::vector<Result<ChatReply>> chats(std::vector<CallOptions> const& all) {
        std::vector<Task<ChatReply>> tasks;
        for (CallOptions const& options : all) tasks.push_back(provider->chat(question(), options));
        return together_now(std::move(tasks));
    }
    std::vector<Result<ChatReply>> together_now(std::vector<Task<ChatReply>> tasks) {
        std::size_t const width = tasks.size();
        return drive(*clock, together(std::move(tasks), width, false)).value();
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<Slow> upstream = std::make_shared<Slow>(clock);
    std::shared_ptr<AIResponseCache> cache;
    std::shared_ptr<AIProvider> provider;
};

Task<std::vector<ChatEvent>> events_of(ChatStream stream) {
    std::vector<ChatEvent> events;
    for (;;) {
        Task<std::optional<ChatEvent>> pulling = stream.next();
        Result<std::optional<ChatEvent>> event = co_await std::move(pulling);
        if (!event) co_return event.error();
        if (!*event) co_return events;
        events.push_back(std::move(**event));
    }
}

/// Pulls `count` events and lets go.
Task<void> pull_some(std::shared_ptr<AIProvider> provider, std::size_t count) {
    Task<ChatStream> asking = provider->stream_chat(question(), CallOptions());
    Result<ChatStream> stream = co_await std::move(asking);
    if (!stream) co_return stream.error();
    for (std::size_t i = 0; i < count; ++i) {
        Task<std::optional<ChatEvent>> pulling = stream->next();
        Result<std::optional<ChatEvent>> const event = co_await std::move(pulling);
        if (!event) co_return event.error();
    }
    co_return ok();
}

}  // namespace

TEST_CASE("a question that was answered is answered again without asking, and costs nothing") {
    Bench bench;
    Result<ChatReply> const first = bench.chat();
    REQUIRE(first.has_value());
    CHECK(first->info.cache == "miss");
    CHECK(first->info.cost == Money::nanos(1'000'000'000));

    Result<ChatReply> const again = bench.chat();
    REQUIRE(again.has_value());
    CHECK(bench.asked() == 1);
    CHECK(again->text() == "Paris.");
    CHECK(again->info.cache == "hit");
    CHECK(again->info.cost == Money());
    CHECK(again->info.cost_exact);
    CHECK(again->info.attempts.empty());
    CHECK(again->info.usage.nothing());
    CHECK(again->usage.total() == 13);
    CHECK(!again->info.request_id.empty());
    CHECK(again->info.provider == "openai");

    CacheStatistics const told = bench.cache->statistics();
    CHECK(told.hits == 1);
    CHECK(told.misses == 1);
    CHECK(told.stores == 1);
    CHECK(told.saved == Money::nanos(1'000'000'000));
    CHECK(told.entries == 1);
    CHECK(told.bytes > 0);
}

TEST_CASE("chats and streams share what is kept") {
    Bench bench;
    Result<ChatReply> const streamed = bench.stream();
    REQUIRE(streamed.has_value());
    CHECK(streamed->info.cache == "miss");
    Result<ChatReply> const chat = bench.chat();
    REQUIRE(chat.has_value());
    CHECK(chat->info.cache == "hit");
    CHECK(chat->text() == streamed->text());
    CHECK(chat->usage.total() == streamed->usage.total());
    Result<ChatReply> const again = bench.stream();
    REQUIRE(again.has_value());
    CHECK(again->info.cache == "hit");
    CHECK(again->info.cost == Money());
    CHECK(again->text() == streamed->text());
    CHECK(again->id == streamed->id);
    CHECK(again->choices.front().finish == FinishReason::stop);
    CHECK(bench.asked() == 1);
}

TEST_CASE("what a stream cannot say whole is asked for again as a stream") {
    Bench bench;
    bench.upstream->on_chat = [] {
        ChatReply reply = good_reply();
        std::get<TextPart>(reply.choices[0].message.parts[0]).extra = R"({"citations":[1]})";
        return reply;
    };
    REQUIRE(bench.chat().has_value());
    CHECK(bench.chat()->info.cache == "hit");
    CHECK(bench.stream()->info.cache == "miss");
    CHECK(bench.asked() == 2);
}

TEST_CASE("a stream from the cache has a pace when one is asked for, in pieces, and keeps to the call's limit") {
    ResponseCacheConfig config;
    config.replay_rate = 10;
    config.replay_piece = 2;
    Bench bench(config);
    REQUIRE(bench.chat().has_value());
    SteadyTime const before = bench.clock->now();
    Result<ChatStream> stream = drive(*bench.clock, bench.provider->stream_chat(question(), CallOptions()));
    REQUIRE(stream.has_value());
    Result<std::vector<ChatEvent>> const events = drive(*bench.clock, events_of(std::move(*stream)));
    REQUIRE(events.has_value());
    std::vector<std::string> pieces;
    for (ChatEvent const& event : *events) {
        if (auto const* const text = std::get_if<TextDelta>(&event)) pieces.push_back(text->text);
    }
    CHECK(pieces == std::vector<std::string>{"Pa", "ri", "s."});
    CHECK(bench.clock->now() - before == milliseconds(600));

    CallOptions hurried;
    hurried.limits.total = milliseconds(300);
    Result<ChatReply> const cut = bench.stream(question(), hurried);
    REQUIRE(!cut.has_value());
    CHECK(cut.error().code == Errc::timeout);
}

TEST_CASE("embeddings are kept too") {
    Bench bench;
    bench.upstream->on_embed = [] {
        EmbedReply reply;
        reply.model = "e-1";
        reply.vectors = {{0.5F, -0.25F}, {1, 0}};
        reply.info.cost = Money::nanos(5);
        return reply;
    };
    EmbedRequest request;
    request.model = "e-1";
    request.inputs = {TextPart("a"), TextPart("b")};
    for (int i = 0; i < 3; ++i) {
        Result<EmbedReply> const reply = drive(*bench.clock, bench.provider->embed(request, CallOptions()));
        REQUIRE(reply.has_value());
        CHECK(reply->vectors == std::vector<std::vector<float>>{{0.5F, -0.25F}, {1, 0}});
        CHECK(reply->info.cache == (i == 0 ? "miss" : "hit"));
    }
    CHECK(bench.asked() == 1);
    request.inputs.pop_back();  // one vector too many comes back
    for (int i = 0; i < 2; ++i) REQUIRE(drive(*bench.clock, bench.provider->embed(request, CallOptions())).has_value());
    CHECK(bench.asked() == 3);
}

TEST_CASE("a call may pass the cache by, or have its answer replaced") {
    Bench bench;
    REQUIRE(bench.chat().has_value());
    CallOptions bypass;
    bypass.cache = CacheUse::bypass;
    CHECK(bench.chat(question(), bypass)->info.cache == "bypass");
    CHECK(bench.stream(question(), bypass)->info.cache == "bypass");
    CHECK(bench.asked() == 3);
    CHECK(bench.cache->statistics().bypassed == 2);

    bench.upstream->on_chat = [] { return good_reply("Still Paris."); };
    CallOptions refresh;
    refresh.cache = CacheUse::refresh;
    CHECK(bench.chat(question(), refresh)->info.cache == "miss");
    CHECK(bench.chat()->text() == "Still Paris.");
    CHECK(bench.asked() == 4);
}

TEST_CASE("answers that are meant to differ pass by where the configuration says so") {
    ResponseCacheConfig config;
    config.cache_sampled = false;
    Bench bench(config);
    CHECK(bench.chat()->info.cache == "bypass");
    ChatRequest warm = question();
    warm.temperature = 0.7;
    CHECK(bench.chat(warm)->info.cache == "bypass");
    ChatRequest cold = question();
    cold.temperature = 0;
    CHECK(bench.chat(cold)->info.cache == "miss");
    CHECK(bench.chat(cold)->info.cache == "hit");
}

TEST_CASE("an answer is given to nobody else unless it may be shared") {
    auto const asked_by = [](Bench& bench, char const* tenant, char const* user) {
        CallOptions options;
        options.caller.tenant = tenant;
        options.caller.user = user;
        return bench.chat(question(), options)->info.cache;
    };
    ResponseCacheConfig config;
    Bench mine(config);
    CHECK(asked_by(mine, "a", "1") == "miss");
    CHECK(asked_by(mine, "a", "1") == "hit");
    CHECK(asked_by(mine, "a", "2") == "miss");
    CHECK(asked_by(mine, "b", "1") == "miss");
    CHECK(asked_by(mine, "a1", "") == "miss");
    config.share = CacheShare::tenant;
    Bench ours(config);
    CHECK(asked_by(ours, "a", "1") == "miss");
    CHECK(asked_by(ours, "a", "2") == "hit");
    CHECK(asked_by(ours, "b", "1") == "miss");
    config.share = CacheShare::everyone;
    Bench all(config);
    CHECK(asked_by(all, "a", "1") == "miss");
    CHECK(asked_by(all, "b", "2") == "hit");
}

TEST_CASE("only answers that are whole are kept") {
    struct Case {
        char const* what;
        std::function<void(ChatReply&)> spoil;
    };
    for (Case const& one : std::vector<Case>{
             {"cut by a limit", [](ChatReply& reply) { reply.choices[0].finish = FinishReason::length; }},
             {"filtered", [](ChatReply& reply) { reply.choices[0].finish = FinishReason::content_filter; }},
             {"ended for no known reason", [](ChatReply& reply) { reply.choices[0].finish = FinishReason::unknown; }},
             {"not complete", [](ChatReply& reply) { reply.complete = false; }},
             {"without a choice", [](ChatReply& reply) { reply.choices.clear(); }},
             {"with a choice more than asked for",
              [](ChatReply& reply) { reply.choices.push_back(reply.choices.front()); }},
             {"empty", [](ChatReply& reply) { reply.choices[0].message.parts.clear(); }},
             {"refused", [](ChatReply& reply) { reply.choices[0].message.parts = {RefusalPart()}; }}}) {
        CAPTURE(one.what);
        Bench bench;
        bench.upstream->on_chat = [&one] {
            ChatReply reply = good_reply();
            one.spoil(reply);
            return reply;
        };
        for (int i = 0; i < 2; ++i) CHECK(bench.chat().has_value());
        CHECK(bench.asked() == 2);
        CHECK(bench.cache->statistics().stores == 0);
    }
    Bench bench;
    bench.upstream->on_chat = [] { return failure(Errc::server_error); };
    for (int i = 0; i < 2; ++i) CHECK(!bench.chat().has_value());
    CHECK(bench.asked() == 2);
    CHECK(bench.cache->statistics().stores == 0);
}

TEST_CASE("a stream that is cut, fails or is let go at any event leaves nothing behind") {
    std::vector<ChatEvent> const events = good_events();
    for (std::size_t at = 0; at < events.size(); ++at) {
        CAPTURE(at);
        std::vector<Step> const some =
            steps_of(std::vector<ChatEvent>(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(at)));
        Bench cut;
        cut.upstream->on_stream = [&] { return some; };
        CHECK(cut.stream().error().code == Errc::incomplete);
        CHECK(cut.cache->statistics().stores == 0);

        Bench failing;
        failing.upstream->on_stream = [&] {
            std::vector<Step> steps = some;
            steps.emplace_back(failure(Errc::connection));
            return steps;
        };
        CHECK(failing.stream().error().code == Errc::connection);
        CHECK(failing.cache->statistics().stores == 0);

        Bench dropped;
        CHECK(drive(*dropped.clock, pull_some(dropped.provider, at)).has_value());
        CHECK(dropped.cache->statistics().stores == 0);
        CHECK(dropped.stream()->info.cache == "miss");
        CHECK(dropped.asked() == 2);
    }
    Bench whole;
    CHECK(drive(*whole.clock, pull_some(whole.provider, events.size())).has_value());
    CHECK(whole.cache->statistics().stores == 1);
}

TEST_CASE("an answer serves until its time is over") {
    ResponseCacheConfig config;
    config.ttl = hours(1);
    Bench bench(config);
    CHECK(bench.chat()->info.cache == "miss");
    bench.clock->advance(hours(1) - milliseconds(1));
    CHECK(bench.chat()->info.cache == "hit");
    bench.clock->advance(milliseconds(1));
    CHECK(bench.chat()->info.cache == "miss");
    CHECK(bench.cache->statistics().expired == 1);
    config.ttl = seconds(0);
    Bench forever(config);
    CHECK(forever.chat()->info.cache == "miss");
    forever.clock->advance(hours(24 * 10'000));
    CHECK(forever.chat()->info.cache == "hit");
}

TEST_CASE("the least recently used answers go first, by number and by size") {
    ResponseCacheConfig config;
    config.memory_entries = 2;
    Bench few(config);
    few.chat(question("a")).value();
    few.chat(question("b")).value();
    CHECK(few.chat(question("a"))->info.cache == "hit");
    few.chat(question("c")).value();
    CHECK(few.cache->statistics().evictions == 1);
    CHECK(few.cache->statistics().entries == 2);
    CHECK(few.chat(question("a"))->info.cache == "hit");
    CHECK(few.chat(question("b"))->info.cache == "miss");

    config.memory_entries = 100;
    Bench measured;
    measured.chat().value();
    std::int64_t const size = measured.cache->statistics().bytes;
    config.memory_bytes = 3 * size;
    Bench small(config);
    for (char const* text : {"a", "b", "c", "d", "e"}) small.chat(question(text)).value();
    CHECK(small.cache->statistics().bytes == 3 * size);
    CHECK(small.cache->statistics().evictions == 2);
    config.largest = size - 1;
    Bench none(config);
    none.chat().value();
    CHECK(none.chat()->info.cache == "miss");
    CHECK(none.cache->statistics().stores == 0);
}

TEST_CASE("fifty equal calls at once are one call upstream") {
    SlowBench bench;
    std::vector<Result<ChatReply>> const replies = bench.chats(std::vector<CallOptions>(50));
    CHECK(bench.upstream->calls == 1);
    int hits = 0;
    for (Result<ChatReply> const& reply : replies) {
        REQUIRE(reply.has_value());
        CHECK(reply->text() == "Paris.");
        if (reply->info.cache == "hit") ++hits;
    }
    CHECK(hits == 49);
    CHECK(bench.cache->statistics().shared == 49);
}

TEST_CASE("an answer that is not kept is still shared by those who waited for it") {
    SlowBench bench;
    bench.upstream->finish = FinishReason::length;
    for (Result<ChatReply> const& reply : bench.chats(std::vector<CallOptions>(5))) CHECK(reply.has_value());
    CHECK(bench.upstream->calls == 1);
    CHECK(bench.cache->statistics().stores == 0);
}

TEST_CASE("when the call that others wait for fails the next one asks") {
    SlowBench bench;
    bench.upstream->failures = 2;
    std::vector<Result<ChatReply>> const replies = bench.chats(std::vector<CallOptions>(10));
    int failed = 0;
    for (Result<ChatReply> const& reply : replies) failed += reply ? 0 : 1;
    CHECK(failed == 2);
    CHECK(bench.upstream->calls == 3);
}

TEST_CASE("who leaves, or runs out of time, does so alone") {
    SlowBench leaving;
    std::vector<Task<ChatReply>> tasks;
    Deadline const soon = Deadline::after(*leaving.clock, milliseconds(500));
    tasks.push_back(with_timeout(leaving.clock, soon, "call", leaving.provider->chat(question(), CallOptions())));
    for (int i = 0; i < 5; ++i) tasks.push_back(leaving.provider->chat(question(), CallOptions()));
    std::vector<Result<ChatReply>> const replies = leaving.together_now(std::move(tasks));
    CHECK(replies.front().error().code == Errc::timeout);
    for (std::size_t i = 1; i < replies.size(); ++i) CHECK(replies[i].has_value());
    CHECK(leaving.upstream->calls == 2);

    SlowBench hurried;
    std::vector<CallOptions> all(3);
    all[1].limits.total = milliseconds(200);
    std::vector<Result<ChatReply>> const others = hurried.chats(all);
    CHECK(others[0].has_value());
    REQUIRE(!others[1].has_value());
    CHECK(others[1].error().code == Errc::timeout);
    CHECK(others[2].has_value());
    CHECK(hurried.upstream->calls == 1);
}

TEST_CASE("who has waited long enough asks for itself") {
    ResponseCacheConfig config;
    config.longest_wait = milliseconds(300);
    SlowBench bench(config);
    for (Result<ChatReply> const& reply : bench.chats(std::vector<CallOptions>(3))) CHECK(reply.has_value());
    CHECK(bench.upstream->calls == 3);
}

TEST_CASE("the time that a call waited for another is gone when it asks for itself") {
    for (bool const streams : {false, true}) {
        CAPTURE(streams);
        SlowBench bench;
        bench.upstream->failures = 1;
        CallOptions options;
        options.limits.total = milliseconds(3'000);
        SteadyTime const until = bench.clock->now() + milliseconds(3'000);
        std::vector<Task<ChatReply>> tasks;
        tasks.push_back(bench.provider->chat(question(), CallOptions()));
        tasks.push_back(streams ? Bench::streamed(bench.provider, question(), options)
                                : bench.provider->chat(question(), options));
        std::vector<Result<ChatReply>> const replies = bench.together_now(std::move(tasks));
        CHECK(replies.back().has_value());
        REQUIRE(bench.upstream->deadlines.size() == 2);
        CHECK(bench.upstream->deadlines.back() == until);
    }
}

TEST_CASE("what is cleared is asked for again, for all, a tenant or a user") {
    Bench bench;
    auto const ask = [&](char const* tenant, char const* user) {
        CallOptions options;
        options.caller.tenant = tenant;
        options.caller.user = user;
        return bench.chat(question(), options)->info.cache;
    };
    auto const fill = [&] {
        for (char const* tenant : {"a", "b"}) {
            for (char const* user : {"1", "2"}) ask(tenant, user);
        }
    };
    fill();
    REQUIRE(drive(*bench.clock, bench.cache->invalidate("a", "1")).has_value());
    CHECK(ask("a", "1") == "miss");
    CHECK(ask("a", "2") == "hit");
    REQUIRE(drive(*bench.clock, bench.cache->invalidate("a", "")).has_value());
    CHECK(ask("a", "2") == "miss");
    CHECK(ask("b", "1") == "hit");
    REQUIRE(drive(*bench.clock, bench.cache->clear()).has_value());
    CHECK(bench.cache->statistics().entries == 0);
    CHECK(ask("b", "1") == "miss");
}

TEST_CASE("what was asked before the cache was cleared is not kept after it") {
    Bench bench;
    bench.upstream->on_chat = [&bench] {
        drive(*bench.clock, bench.cache->clear()).value();
        return good_reply();
    };
    CHECK(bench.chat().has_value());
    CHECK(bench.cache->statistics().stores == 0);
}

TEST_CASE("what makes no sense in a configuration is refused by name") {
    struct Case {
        char const* field;
        std::function<void(ResponseCacheConfig&)> spoil;
    };
    for (Case const& one : std::vector<Case>{
             {"'ttl'", [](ResponseCacheConfig& config) { config.ttl = seconds(-1); }},
             {"'memory_entries'", [](ResponseCacheConfig& config) { config.memory_entries = -1; }},
             {"'memory_bytes'", [](ResponseCacheConfig& config) { config.memory_bytes = -1; }},
             {"'largest'", [](ResponseCacheConfig& config) { config.largest = 0; }},
             {"'stored_entries'", [](ResponseCacheConfig& config) { config.stored_entries = -1; }},
             {"'stored_bytes'", [](ResponseCacheConfig& config) { config.stored_bytes = -1; }},
             {"'replay_rate'", [](ResponseCacheConfig& config) { config.replay_rate = -1; }},
             {"'replay_piece'", [](ResponseCacheConfig& config) { config.replay_piece = -1; }},
             {"'longest_wait'", [](ResponseCacheConfig& config) { config.longest_wait = milliseconds(-1); }},
             {"'semantic.embedder'", [](ResponseCacheConfig& config) { config.semantic.emplace(); }}}) {
        ResponseCacheConfig config;
        one.spoil(config);
        Result<std::shared_ptr<AIResponseCache>> const made = AIResponseCache::create(config);
        REQUIRE(!made.has_value());
        CHECK(made.error().code == Errc::invalid_argument);
        CHECK(made.error().message.find(one.field) != std::string::npos);
    }
    CHECK(!make_response_cache(nullptr, ResponseCacheConfig()).has_value());
    CHECK(!make_response_cache(Bench().upstream, std::shared_ptr<AIResponseCache>()).has_value());
}

}  // namespace aikit::policy
