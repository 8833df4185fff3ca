// SPDX-License-Identifier: MIT
// Covers include/aikit/policy/meter.hpp: every attempt is settled once, whatever becomes of it.
#include "support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <map>
#include <random>

namespace aikit::policy {
namespace {

class Counts final : public Observer {
public:
    void count(std::string_view metric, std::int64_t amount, std::span<LogField const>) noexcept override {
        counted[std::string(metric)] += amount;
    }
    void record(std::string_view metric, std::int64_t, std::span<LogField const>) noexcept override {
        ++counted[std::string(metric)];
    }
    std::map<std::string, std::int64_t> counted;
};

struct Fixture {
    Fixture() {
        setenv("AIKIT_DATA", AIKIT_DATA_DIR, 0);
        fake->on_chat = [] { return reply_of("hello", told(1'000, 100)); };
        metered = meter(UnknownPrice::deny);
    }

    std::shared_ptr<AIProvider> meter(UnknownPrice unknown) {
        MeterConfig config;
        config.costs = std::make_shared<cost::CostIntelligence const>(cost::PriceCatalog::shipped(), clock);
        config.ledger = store.ledger;
        config.clock = clock;
        config.observer = observer;
        config.unknown_price = unknown;
        return make_meter(fake, std::move(config)).value();
    }

    Result<ChatReply> chat(std::string model = "gpt-4o", CallOptions options = CallOptions()) {
        return drive(*clock, metered->chat(ChatRequest(std::move(model), "Say hello."), std::move(options)));
    }

    /// Pulls a scripted stream for `events` events, then lets it go. Negative: to its end.
    Result<CallInfo> pull(std::vector<Step> steps, int events = -1, CallOptions options = CallOptions()) {
        fake->on_stream = [steps] { return steps; };
        auto task = [](std::shared_ptr<AIProvider> model, CallOptions how, int most) -> Task<CallInfo> {
            Task<ChatStream> opening = model->stream_chat(ChatRequest("gpt-4o", "Say hello."), std::move(how));
            Result<ChatStream> stream = co_await std::move(opening);
            if (!stream) co_return stream.error();
            for (int i = 0; i != most; ++i) {
                Result<std::optional<ChatEvent>> event = co_await stream->next();
                if (!event || !*event) break;
            }
            co_return stream->info();
        };
        return drive(*clock, task(metered, std::move(options), events));
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<FakeProvider> fake = std::make_shared<FakeProvider>(clock);
    std::shared_ptr<Counts> observer = std::make_shared<Counts>();
    MemoryLedger store;
    std::shared_ptr<AIProvider> metered;
};

ReplyStarted started() {
    ReplyStarted event;
    event.model = "gpt-4o-2024-08-06";
    return event;
}

ChoiceFinished choice_end() {
    ChoiceFinished event;
    event.reason = FinishReason::stop;
    return event;
}

UsageUpdate usage(std::int64_t input, std::int64_t output) {
    UsageUpdate update;
    update.usage = told(input, output);
    return update;
}

Finished finished(Usage used) {
    Finished event;
    event.usage = std::move(used);
    return event;
}

/// A whole stream: " a" is one token in every encoding of OpenAI's, so that the tokens delivered are known.
std::vector<Step> whole_stream(int pieces, bool with_usage) {
    std::vector<Step> steps{started()};
    for (int i = 0; i < pieces; ++i) steps.emplace_back(TextDelta(0, " a"));
    steps.emplace_back(choice_end());
    if (with_usage) steps.emplace_back(usage(11, pieces));
    steps.emplace_back(finished(with_usage ? told(11, pieces) : Usage()));
    return steps;
}

bool tokenizers_installed() {
    return text::Tokenizer::find(text::Encoding::o200k_base).has_value();
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a place and a speed that only the reply tells are in the price") {
    MeterConfig config;
    config.costs = std::make_shared<cost::CostIntelligence const>(cost::PriceCatalog::shipped(), clock);
    config.clock = clock;
    config.price_provider = "anthropic";
    clock->set_system(from_rfc3339("2026-08-21T12:00:00Z").value());
    std::shared_ptr<AIProvider> const anthropic = make_meter(fake, std::move(config)).value();
    auto const priced = [&](char const* usage) {
        fake->on_chat = [usage] {
            Usage counts = told(1'000, 0);
            counts.raw = usage;
            return reply_of("hello", counts, "claude-opus-4-8");
        };
        CallInfo const info = drive(*clock, anthropic->chat(ChatRequest("claude-opus-4-8", "Hi"))).value().info;
        return info.price_id + " " + info.cost.value().usd();
    };
    // Anthropic's list: $5 a million, a tenth more in the US, twice as much when fast.
    CHECK(priced(R"({"input_tokens":1000})") == "anthropic/claude-opus-4-8#default 0.005");
    CHECK(priced(R"({"input_tokens":1000,"inference_geo":"global"})") == "anthropic/claude-opus-4-8#default 0.005");
    CHECK(priced(R"({"input_tokens":1000,"inference_geo":"us"})") == "anthropic/claude-opus-4-8#default+us 0.0055");
    CHECK(priced(R"({"input_tokens":1000,"inference_geo":"us","speed":"fast"})") ==
          "anthropic/claude-opus-4-8#fast+us 0.011");
    CHECK(priced(R"({"input_tokens":1000,"speed":"standard"})") == "anthropic/claude-opus-4-8#default 0.005");
}

TEST_CASE_FIXTURE(Fixture, "searches that have a price are in the cost, and those that have none are told") {
    Usage searched = told(1'000, 100);
    searched.pieces[Piece::web_searches] = 3;
    fake->on_chat = [=] { return reply_of("found", searched, "gpt-4-turbo"); };
    CallInfo const without = chat("gpt-4-turbo").value().info;
    CHECK(without.usage.pieces[Piece::web_searches] == 3);
    REQUIRE(without.warnings.size() == 1);
    CHECK(without.warnings[0].find("searched") != std::string::npos);
    std::shared_ptr<cost::PriceCatalog const> const catalog = cost::PriceCatalog::shipped();
    cost::PriceQuery query;
    query.provider = "openai";
    query.model = "gpt-4o-search-preview";
    query.at = clock->system_now();
    cost::PriceEntry const entry = catalog->find(query).value();
    auto const price = std::find_if(entry.pieces.begin(), entry.pieces.end(),
                                    [](auto const& one) { return one.piece == Piece::web_searches; });
    REQUIRE(price != entry.pieces.end());
    fake->on_chat = [=] { return reply_of("found", searched, "gpt-4o-search-preview"); };
    CallInfo const with = chat("gpt-4o-search-preview").value().info;
    Usage plain = searched;
    plain.pieces = Pieces();
    std::int64_t const tokens = cost::cost_of(entry, plain).value().nanos();
    CHECK(with.cost->nanos() == tokens + 3 * price->price.femtos() / 1'000'000);
    CHECK(with.warnings.empty());
}

TEST_CASE_FIXTURE(Fixture, "a model that searches for every request is billed for it by the size that was asked for") {
    auto const pieces_of = [&](char const* model, std::string extra) {
        fake->on_chat = [=] { return reply_of("found", told(1'000, 100), model); };
        ChatRequest request(model, "Who won?");
        request.extra = std::move(extra);
        return drive(*clock, metered->chat(request)).value().info;
    };
    // By OpenAI's list of prices, in nano-dollars: 2.50 and 10 a million tokens, 30, 35 and 50 a thousand searches.
    std::int64_t const tokens = 1'000 * 2'500 + 100 * 10'000;
    char const* const model = "gpt-4o-search-preview";
    CHECK(pieces_of(model, "").cost->nanos() == tokens + 35'000'000);
    CHECK(pieces_of(model, R"({"web_search_options":{}})").cost->nanos() == tokens + 35'000'000);
    CHECK(pieces_of(model, R"({"web_search_options":{"search_context_size":"low"}})").cost->nanos() ==
          tokens + 30'000'000);
    CHECK(pieces_of(model, R"({"web_search_options":{"search_context_size":"high"}})").cost->nanos() ==
          tokens + 50'000'000);
    CallInfo const small = pieces_of("gpt-4o-mini-search-preview-2025-03-11", "");
    CHECK(small.cost->nanos() == 1'000 * 150 + 100 * 600 + 27'500'000);
    CHECK(small.usage.pieces[Piece::web_searches] == 1);
    CHECK(pieces_of("gpt-4o-mini", "").usage.pieces.empty());
    CallInfo const unpriced = pieces_of("gpt-5-search-api", "");
    CHECK(unpriced.usage.pieces[Piece::web_searches] == 1);
    REQUIRE(unpriced.warnings.size() == 1);
    CHECK(unpriced.warnings[0].find("searched") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a reply carries what it cost, and so does its row") {
    CallOptions options;
    options.request_id = "req";
    options.caller.user = "ann";
    ChatReply const reply = chat("gpt-4o", options).value();

    // 1,000 at 2.50 and 100 at 10 dollars a million
    CHECK(reply.info.cost == Money::from_usd("0.0035").value());
    CHECK(reply.info.cost_exact);
    CHECK(reply.info.price_id == "openai/gpt-4o#default");
    CHECK(reply.info.request_id == "req");
    CHECK(reply.info.provider == "openai");
    CHECK(reply.info.model == "gpt-4o-2024-08-06");
    CHECK(reply.info.usage.input == 1'000);
    REQUIRE(reply.info.attempts.size() == 1);
    CHECK(reply.info.attempts[0].cost == reply.info.cost);
    CHECK(reply.info.attempts[0].outcome == "ok");
    CHECK(reply.info.warnings.empty());
    CHECK(store.number(
              "SELECT count(*) FROM ledger WHERE request = 'req' AND attempt = 1 AND user = 'ann' AND operation = "
              "'chat' AND outcome = 'ok' AND estimated = 0 AND cost = 3500000 AND input = 1000 AND output = 100") == 1);
    CHECK(observer->counted["gen_ai.client.token.usage"] == 2);
    CHECK(observer->counted["gen_ai.client.operation.duration"] == 1);
}

TEST_CASE_FIXTURE(Fixture, "a reply without usage is counted here and says so") {
    fake->on_chat = [] { return reply_of("a b c d", Usage()); };
    ChatReply const reply = chat().value();
    CHECK(reply.usage.estimated);
    CHECK(reply.usage.output >= 3);
    CHECK(reply.usage.input >= 8);
    CHECK_FALSE(reply.info.cost_exact);
    CHECK(reply.info.cost.has_value());
    CHECK(store.number("SELECT count(*) FROM ledger WHERE estimated = 1 AND cost > 0") == 1);
}

TEST_CASE_FIXTURE(Fixture, "an unknown price is refused before anything is sent") {
    CHECK(chat("gpt-99").error().code == Errc::unknown_price);
    CHECK(drive(*clock, metered->stream_chat(ChatRequest("gpt-99", "x"))).error().code == Errc::unknown_price);
    EmbedRequest request;
    request.model = "no-such-embedding";
    CHECK(drive(*clock, metered->embed(request)).error().code == Errc::unknown_price);
    CHECK(fake->calls.empty());
    CHECK(store.number("SELECT count(*) FROM ledger") == 0);
}

TEST_CASE_FIXTURE(Fixture, "an allowed unknown price runs and is never zero") {
    metered = meter(UnknownPrice::allow);
    fake->on_chat = [] { return reply_of("hello", told(10, 1), "gpt-99"); };
    ChatReply const reply = chat("gpt-99").value();
    CHECK_FALSE(reply.info.cost.has_value());
    CHECK_FALSE(reply.info.cost_exact);
    CHECK(reply.info.price_id.empty());
    CHECK(reply.info.warnings.size() == 1);
    CHECK(store.number("SELECT count(*) FROM ledger WHERE cost IS NULL AND input = 10") == 1);
}

TEST_CASE_FIXTURE(Fixture, "the bill goes by the model and the tier that answered") {
    fake->on_chat = [] {
        ChatReply reply = reply_of("hello", told(1'000'000, 0), "gpt-4o-mini-2024-07-18");
        return reply;
    };
    CHECK(chat().value().info.cost == Money::from_usd("0.15").value());
    fake->on_chat = [] {
        ChatReply reply = reply_of("hello", told(1'000'000, 0));
        reply.service_tier = "priority";
        return reply;
    };
    CHECK(chat().value().info.price_id == "openai/gpt-4o#priority");
    fake->on_chat = [] { return reply_of("hello", told(1'000'000, 0), "a name nobody knows"); };
    CHECK(chat().value().info.price_id == "openai/gpt-4o#default");
}

TEST_CASE_FIXTURE(Fixture, "a refusal costs nothing, and what may have run counts as spent") {
    for (int code = 1; code <= 24; ++code) {
        for (bool const maybe : {false, true}) {
            CAPTURE(code);
            CAPTURE(maybe);
            fake->on_chat = [&] { return failure(static_cast<Errc>(code), maybe); };
            CallOptions options;
            options.request_id = std::to_string(code) + (maybe ? "m" : "");
            options.attempts = std::make_shared<std::vector<Attempt>>();
            CHECK(chat("gpt-4o", options).error().code == static_cast<Errc>(code));

            REQUIRE(options.attempts->size() == 1);
            Attempt const& attempt = options.attempts->front();
            CHECK(attempt.outcome == name(static_cast<Errc>(code)));
            CHECK(attempt.usage.estimated == maybe);
            CHECK((attempt.usage.input > 0) == maybe);
            CHECK(attempt.cost.has_value());
            CHECK((*attempt.cost > Money()) == maybe);
        }
    }
    CHECK(store.number("SELECT count(*) FROM ledger") == 48);
    CHECK(store.number("SELECT sum(estimated) FROM ledger") == 24);
}

TEST_CASE_FIXTURE(Fixture, "a call that is cancelled, dropped or thrown out of leaves one row") {
    auto spawn = [&](boost::asio::io_context& loop, std::optional<Errc>& code, auto token) {
        boost::asio::co_spawn(loop, metered->chat(ChatRequest("gpt-4o", "x"), CallOptions()), std::move(token));
        (void)code;
    };
    fake->hangs = true;
    {
        boost::asio::io_context loop;
        boost::asio::cancellation_signal signal;
        std::optional<Errc> code;
        spawn(loop, code,
              boost::asio::bind_cancellation_slot(
                  signal.slot(), [&](std::exception_ptr, Result<ChatReply> reply) { code = reply.error().code; }));
        loop.poll();
        signal.emit(boost::asio::cancellation_type::terminal);
        loop.restart();
        loop.poll();
        CHECK(code == Errc::cancelled);
    }
    CHECK(store.number("SELECT count(*) FROM ledger") == 1);
    CHECK(store.number("SELECT count(*) FROM ledger WHERE outcome IN ('cancelled', 'dropped')") == 1);
    {
        boost::asio::io_context loop;
        std::optional<Errc> code;
        spawn(loop, code, [](std::exception_ptr, Result<ChatReply>) {});
        loop.poll();
    }  // the loop goes away with the call on it
    CHECK(store.number("SELECT count(*) FROM ledger") == 2);
    CHECK(store.number("SELECT count(*) FROM ledger WHERE outcome = 'dropped' AND estimated = 1 AND input > 0") == 1);
    fake->throws = true;
    CHECK(chat().error().code == Errc::internal);
    CHECK(store.number("SELECT count(*) FROM ledger") == 3);
    CHECK(store.number("SELECT count(*) FROM ledger WHERE outcome = 'internal'") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a stream that ends properly is billed by what the provider told") {
    CallInfo const info = pull(whole_stream(5, true)).value();
    CHECK(info.cost == Money::nanos(11 * 2'500 + 5 * 10'000));
    CHECK(info.cost_exact);
    CHECK(info.attempts.size() == 1);
    CHECK(info.attempts[0].first_token.has_value());
    CHECK(
        store.number(
            "SELECT count(*) FROM ledger WHERE outcome = 'ok' AND estimated = 0 AND output = 5 AND first_token >= 0") ==
        1);
}

TEST_CASE_FIXTURE(Fixture, "a stream without usage is counted, and its last event says what was counted") {
    fake->on_stream = [] { return whole_stream(5, false); };
    auto task = [](std::shared_ptr<AIProvider> model) -> Task<ChatReply> {
        Task<ChatStream> opening = model->stream_chat(ChatRequest("gpt-4o", "Say hello."));
        Result<ChatStream> stream = co_await std::move(opening);
        if (!stream) co_return stream.error();
        Task<ChatReply> rest = collect(std::move(*stream));
        co_return co_await std::move(rest);
    };
    ChatReply const reply = drive(*clock, task(metered)).value();
    CHECK(reply.complete);
    CHECK(reply.usage.estimated);
    CHECK(reply.usage.output > 0);
    CHECK(reply.info.cost.has_value());
    CHECK_FALSE(reply.info.cost_exact);
    if (tokenizers_installed()) CHECK(reply.usage.output == 5);
}

TEST_CASE_FIXTURE(Fixture, "a stream dropped after any event leaves one row with what was delivered") {
    constexpr int pieces = 6;
    int rows = 0;
    for (bool const with_usage : {false, true}) {
        int const events = static_cast<int>(whole_stream(pieces, with_usage).size());
        for (int taken = 0; taken <= events; ++taken) {
            CAPTURE(with_usage);
            CAPTURE(taken);
            CallOptions options;
            options.request_id = std::to_string(++rows);
            options.attempts = std::make_shared<std::vector<Attempt>>();
            REQUIRE(pull(whole_stream(pieces, with_usage), taken, options).has_value());

            REQUIRE(options.attempts->size() == 1);
            Attempt const& attempt = options.attempts->front();
            bool const whole = taken == events;
            bool const usage_came = with_usage && taken >= pieces + 3;
            CHECK(attempt.outcome == (whole ? "ok" : "dropped"));
            CHECK(attempt.usage.estimated == !usage_came);
            CHECK(attempt.usage.input > 0);
            if (tokenizers_installed()) CHECK(attempt.usage.output == std::clamp(taken - 1, 0, pieces));
            if (usage_came) CHECK(attempt.cost == Money::nanos(11 * 2'500 + pieces * 10'000));
        }
    }
    CHECK(store.number("SELECT count(*) FROM ledger") == rows);
}

TEST_CASE_FIXTURE(Fixture, "a stream cut after any event fails with one row, and what it cost can still be read") {
    constexpr int pieces = 4;
    std::vector<Step> const whole = whole_stream(pieces, false);
    for (Errc const code : {Errc::incomplete, Errc::connection, Errc::timeout, Errc::protocol, Errc::server_error}) {
        for (std::size_t cut = 0; cut + 1 < whole.size(); ++cut) {
            CAPTURE(cut);
            std::vector<Step> steps(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
            steps.emplace_back(failure(code));
            CallOptions options;
            options.request_id = std::string(name(code)) + std::to_string(cut);
            CallInfo const info = pull(steps, -1, options).value();

            REQUIRE(info.attempts.size() == 1);
            CHECK(info.attempts[0].outcome == name(code));
            // Of a server that reports its failure before a word only an error came; else the work was begun.
            bool const spent = code != Errc::server_error || cut > 1;
            CHECK(info.attempts[0].usage.estimated == spent);
            CHECK((info.cost > Money()) == spent);
        }
    }
    CHECK(store.number("SELECT count(*) FROM ledger") == 5 * static_cast<std::int64_t>(whole.size() - 1));
}

TEST_CASE_FIXTURE(Fixture, "a stream that just stops is incomplete, never whole") {
    std::vector<Step> steps = whole_stream(3, false);
    steps.pop_back();
    CallInfo const info = pull(steps).value();
    CHECK(info.attempts[0].outcome == "incomplete");
    CHECK(store.number("SELECT count(*) FROM ledger WHERE outcome = 'incomplete'") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a usage told at the beginning holds for the input and not for the output") {
    std::vector<Step> steps{started(), usage(500, 1)};
    for (int i = 0; i < 40; ++i) steps.emplace_back(TextDelta(0, " a"));
    steps.emplace_back(failure(Errc::incomplete));
    CallInfo const info = pull(steps).value();
    CHECK(info.usage.input == 500);
    CHECK(info.usage.output > 1);
    CHECK(info.usage.estimated);
    if (tokenizers_installed()) CHECK(info.usage.output == 40);
}

TEST_CASE_FIXTURE(Fixture, "what was delivered is counted whatever its kind and however long") {
    ReasoningDelta thought;
    thought.text = " a a a a";
    RefusalDelta refusal;
    refusal.text = " a a";
    ToolCallProgress call;
    call.arguments = " a a a";
    std::vector<Step> steps{started(), thought, refusal, call};
    std::string text;
    for (int i = 0; i < 30'000; ++i) text += " a";
    steps.emplace_back(TextDelta(0, text));
    CallInfo const info = pull(steps, 5).value();
    if (tokenizers_installed()) {
        CHECK(info.usage.output >= 30'009);
        CHECK(info.usage.output <= 30'012);
    }
    CHECK(info.usage.output > 9);
}

TEST_CASE_FIXTURE(Fixture, "ten thousand streams dropped anywhere leave ten thousand rows and no token too few") {
    constexpr int rounds = 10'000;
    std::int64_t delivered = 0;
    int pieces = 0;
    fake->on_stream = [&] { return whole_stream(pieces, false); };
    auto drop_all = [&]() -> Task<int> {
        std::mt19937 random(31);
        for (int round = 0; round < rounds; ++round) {
            pieces = static_cast<int>(random() % 8);
            int const taken = static_cast<int>(random() % static_cast<unsigned>(pieces + 2));
            delivered += std::max(0, taken - 1);
            Task<ChatStream> opening = metered->stream_chat(ChatRequest("gpt-4o", "Say hello."));
            Result<ChatStream> stream = co_await std::move(opening);
            if (!stream) co_return stream.error();
            for (int i = 0; i < taken; ++i) {
                Result<std::optional<ChatEvent>> const event = co_await stream->next();
                if (!event) co_return event.error();
            }
        }
        co_return rounds;
    };
    CHECK(drive(*clock, drop_all()).value() == rounds);
    CHECK(store.number("SELECT count(*) FROM ledger") == 10'000);
    CHECK(store.number("SELECT count(*) FROM ledger WHERE estimated = 1 AND outcome = 'dropped' AND cost > 0") ==
          10'000);
    if (tokenizers_installed()) CHECK(store.number("SELECT sum(output) FROM ledger") == delivered);
}

TEST_CASE_FIXTURE(Fixture, "a stream that is let go while it waits is settled") {
    std::vector<Step> steps{started(), TextDelta(0, " a"), Step()};
    fake->on_stream = [steps] { return steps; };
    auto task = [](std::shared_ptr<AIProvider> model) -> Task<CallInfo> {
        Task<ChatStream> opening = model->stream_chat(ChatRequest("gpt-4o", "x"));
        Result<ChatStream> stream = co_await std::move(opening);
        while (stream) {
            Result<std::optional<ChatEvent>> event = co_await stream->next();
            if (!event) co_return stream->info();
        }
        co_return CallInfo();
    };
    for (bool const cancel : {false, true}) {
        boost::asio::io_context loop;
        boost::asio::cancellation_signal signal;
        boost::asio::co_spawn(
            loop, task(metered),
            boost::asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr, Result<CallInfo>) {}));
        loop.poll();
        if (cancel) signal.emit(boost::asio::cancellation_type::terminal);
        loop.restart();
        loop.poll();
    }
    CHECK(store.number("SELECT count(*) FROM ledger") == 2);
    CHECK(store.number("SELECT count(*) FROM ledger WHERE estimated = 1 AND output > 0") == 2);
}

TEST_CASE_FIXTURE(Fixture, "embeddings and moderation have their rows, a list of models has none") {
    fake->on_embed = []() -> Result<EmbedReply> {
        EmbedReply reply;
        reply.model = "text-embedding-3-small";
        reply.usage = told(1'000'000, 0);
        return reply;
    };
    EmbedRequest embed;
    embed.model = "text-embedding-3-small";
    embed.inputs.emplace_back(TextPart("x"));
    CHECK(drive(*clock, metered->embed(embed)).value().info.cost == Money::from_usd("0.02").value());
    fake->on_embed = []() -> Result<EmbedReply> { return EmbedReply(); };
    EmbedReply const silent = drive(*clock, metered->embed(embed)).value();
    CHECK(silent.usage.estimated);
    CHECK(silent.usage.input > 0);
    CHECK(silent.usage.output == 0);

    fake->on_moderate = []() -> Result<ModerateReply> {
        ModerateReply reply;
        reply.model = "omni-moderation-latest";
        return reply;
    };
    CHECK(drive(*clock, metered->moderate(ModerateRequest())).value().info.cost == Money());
    CHECK(drive(*clock, metered->models(CallOptions())).has_value());
    CHECK(store.number("SELECT count(*) FROM ledger WHERE operation = 'embed'") == 2);
    CHECK(store.number("SELECT count(*) FROM ledger WHERE operation = 'moderate' AND cost = 0") == 1);
    CHECK(store.number("SELECT count(*) FROM ledger") == 3);
}

TEST_CASE_FIXTURE(Fixture,
                  "a meter without a ledger or an observer meters all the same, and one without prices is refused") {
    MeterConfig config;
    CHECK(make_meter(nullptr, config).error().code == Errc::invalid_argument);
    CHECK(make_meter(fake, config).error().code == Errc::invalid_argument);
    config.costs = std::make_shared<cost::CostIntelligence const>(cost::PriceCatalog::shipped(), clock);
    CHECK(make_meter(fake, config).error().code == Errc::invalid_argument);
    config.clock = clock;
    metered = make_meter(fake, config).value();
    CHECK(chat().value().info.cost == Money::from_usd("0.0035").value());
    config.price_provider = "ollama";
    metered = make_meter(fake, config).value();
    CHECK(chat().value().info.cost == Money());
}

}  // namespace aikit::policy
