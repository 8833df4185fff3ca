// SPDX-License-Identifier: MIT
// Covers include/aikit/policy/structured.hpp.
#include "support.hpp"

#include <aikit/policy/retry.hpp>
#include <aikit/policy/structured.hpp>

#include <doctest/doctest.h>

namespace aikit::policy {
namespace {

std::string const trip =
    R"({"type": "object", "properties": {"city": {"type": "string", "minLength": 2}, "days": {"type": "integer", "minimum": 1},)"
    R"( "note": {"type": "string"}}, "required": ["city", "days"], "additionalProperties": false})";
std::string const rome = R"({"city": "Rome", "days": 3})";

ChatReply saying(std::string text, FinishReason finish = FinishReason::stop) {
    ChatReply reply = reply_of(std::move(text), told(20, 3));
    reply.choices.front().finish = finish;
    reply.info.cost = Money::nanos(7);
    return reply;
}

ChatReply calling(std::string name, std::string arguments) {
    ChatReply reply = saying("", FinishReason::tool_calls);
    ToolCall call;
    call.id = "c1";
    call.name = std::move(name);
    call.arguments = std::move(arguments);
    reply.choices.front().message.parts.clear();
    reply.choices.front().message.parts.emplace_back(std::move(call));
    return reply;
}

/// Says its replies one after the other, the last for ever, and keeps what it was asked.
class Model final : public AIProvider {
public:
    std::string const& name() const noexcept override { return name_; }
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        asked.push_back(std::move(request));
        told.push_back(options);
        co_return replies[std::min(asked.size(), replies.size()) - 1];
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions) override {
        asked.push_back(std::move(request));
        co_return ChatStream(std::make_unique<ScriptedSource>(steps, std::make_shared<testing::ManualClock>()));
    }

    std::vector<ChatReply> replies;
    std::vector<Step> steps;
    std::vector<ChatRequest> asked;
    std::vector<CallOptions> told;

private:
    std::string name_ = "model";
};

struct Fixture {
    Fixture() {
        ResponseFormat format;
        format.kind = ResponseFormat::Kind::json_schema;
        format.name = "trip";
        format.schema = trip;
        request.response_format = format;
        options.repairs = 2;
    }

    std::shared_ptr<AIProvider> decorated() {
        StructuredConfig config;
        config.clock = clock;
        config.support = [this](std::string_view) { return support; };
        return make_structured(model, config).value();
    }
    Result<ChatReply> ask(std::vector<ChatReply> replies) {
        model->replies = std::move(replies);
        return drive(*clock, decorated()->chat(request, options));
    }
    /// What a stream shows, and how it ends.
    std::pair<std::string, std::optional<Error>> read(std::vector<Step> steps) {
        model->steps = std::move(steps);
        ChatStream stream = drive(*clock, decorated()->stream_chat(request, options)).value();
        std::string text;
        for (;;) {
            Result<std::optional<ChatEvent>> event = drive(*clock, stream.next());
            if (!event) return {text, event.error()};
            if (!*event) break;
            if (auto const* delta = std::get_if<TextDelta>(&**event)) text += delta->text;
        }
        reply = stream.reply();
        reply.info = stream.info();
        return {text, std::nullopt};
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<Model> model = std::make_shared<Model>();
    StructuredSupport support;
    ChatRequest request{"m", "A trip?"};
    CallOptions options;
    ChatReply reply;
};

Step finished(FinishReason reason = FinishReason::stop) {
    ChoiceFinished event;
    event.reason = reason;
    return event;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a reply that fits is handed over as it came") {
    ChatReply const got = ask({saying(rome)}).value();

    CHECK(got.text() == rome);
    CHECK(got.info.repairs == 0);
    CHECK(got.info.warnings.empty());
    CHECK(got.usage.input == 20);
    REQUIRE(model->asked.size() == 1);
    CHECK(model->asked[0].response_format->schema == trip);
}

TEST_CASE_FIXTURE(Fixture, "fences, words around the document and trailing commas are taken off without asking again") {
    for (std::string const& text : {"```json\n" + rome + "\n```", "Gladly! " + rome + " Bye [1].",
                                    std::string(R"({"city": "Rome", "days": 3,})")}) {
        CAPTURE(text);
        model->asked.clear();
        CHECK(ask({saying(text)}).value().text() == rome);
        CHECK(model->asked.size() == 1);
    }
}

TEST_CASE_FIXTURE(Fixture, "a model whose reply does not fit is told why and asked again, and the reply counts all") {
    ChatReply const got =
        ask({saying(R"({"city": "Rome", "days": 0})"), saying("I cannot say."), saying(rome)}).value();

    CHECK(got.text() == rome);
    CHECK(got.info.repairs == 2);
    CHECK(got.usage.input == 60);
    CHECK(got.info.usage.output == 9);
    CHECK(got.info.cost == Money::nanos(21));
    REQUIRE(model->asked.size() == 3);
    std::vector<Message> const& last = model->asked[2].messages;
    REQUIRE(last.size() == 5);
    CHECK(last[1].role == Role::assistant);
    CHECK(last[1].text() == R"({"city": "Rome", "days": 0})");
    CHECK(last[2].role == Role::user);
    CHECK(last[2].text().find("$.days is below its minimum.") != std::string::npos);
    CHECK(last[4].text().find("no JSON document") != std::string::npos);
    CHECK(model->told[0].request_id == model->told[2].request_id);
    CHECK(!model->told[0].request_id.empty());
}

TEST_CASE_FIXTURE(Fixture, "what never fits ends in an error with the place and the last text") {
    Error const error = ask({saying(R"({"city": "R", "days": 1})")}).error();

    CHECK(error.code == Errc::protocol);
    CHECK(error.message ==
          "model: the model's reply does not fit the schema, after it was asked 3 times: $.city is too short or too "
          "long.");
    CHECK(error.remote_detail == R"({"city": "R", "days": 1})");
    CHECK(model->asked.size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "a reply that was cut is not asked for again") {
    Error const error = ask({saying(R"({"city": "Ro)", FinishReason::length)}).error();

    CHECK(error.code == Errc::protocol);
    CHECK(error.message.find("raise max_tokens") != std::string::npos);
    CHECK(model->asked.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "of several documents in a text the one that fits is meant, and two that fit are none") {
    CHECK(ask({saying("See [1], or {\"city\": 1}: " + rome)}).value().text() == rome);
    options.repairs = 0;
    Error const error = ask({saying(rome + " or " + R"({"city": "Oslo", "days": 2})")}).error();
    CHECK(error.message.find("several") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "refusals, withheld replies and calls of the caller's tools pass") {
    ChatReply refusal = saying("");
    refusal.choices.front().message.parts.clear();
    RefusalPart part;
    part.text = "No.";
    refusal.choices.front().message.parts.emplace_back(part);
    CHECK(ask({refusal}).value().choices.front().message.refusal() == "No.");
    CHECK(ask({saying("", FinishReason::content_filter)}).has_value());
    ToolSpec tool;
    tool.name = "weather";
    request.tools.push_back(tool);
    CHECK(ask({calling("weather", "{}")}).value().choices.front().message.tool_calls().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "without repairs nothing is changed and nothing is checked") {
    options.repairs.reset();
    support = StructuredSupport(StructuredWay::tool, SchemaRules::none);

    CHECK(ask({saying("anything")}).value().text() == "anything");
    CHECK(model->asked[0].response_format->schema == trip);
    CHECK(model->asked[0].tools.empty());

    support = StructuredSupport(StructuredWay::native, SchemaRules::openai);
    request.response_format->strict = true;
    request.verbatim = true;
    CHECK(ask({saying("anything")}).value().text() == "anything");
    CHECK(model->asked[1].response_format->schema == trip);
}

TEST_CASE_FIXTURE(Fixture, "strict mode gets the schema that it takes, and its nulls do not reach the caller") {
    support = StructuredSupport(StructuredWay::native, SchemaRules::openai);
    for (bool const checked : {true, false}) {
        CAPTURE(checked);
        model->asked.clear();
        if (!checked) options.repairs.reset();
        request.response_format->strict = true;

        ChatReply const got = ask({saying(R"({"city":"Rome","days":3,"note":null})")}).value();

        CHECK(got.text() == R"({"city":"Rome","days":3})");
        ResponseFormat const& sent = *model->asked[0].response_format;
        CHECK(sent.schema.find(R"("required":["city","days","note"])") != std::string::npos);
        CHECK(sent.schema.find("minLength") == std::string::npos);
        REQUIRE(got.info.warnings.size() == 1);
        CHECK(got.info.warnings[0].find("minLength") != std::string::npos);
    }
}

TEST_CASE_FIXTURE(Fixture, "a schema that strict mode cannot express is sent without it, or by a tool") {
    request.response_format->schema = R"({"type": "object", "additionalProperties": {"type": "integer"}})";
    support = StructuredSupport(StructuredWay::native, SchemaRules::openai);
    CHECK(ask({saying(R"({"a": 1})")}).value().text() == R"({"a": 1})");
    CHECK(model->asked[0].response_format->strict == false);

    support = StructuredSupport(StructuredWay::native, SchemaRules::anthropic);
    CHECK(ask({calling("trip", R"({"a": 1})")}).value().text() == R"({"a": 1})");
    CHECK(model->asked[1].tools.at(0).parameters == request.response_format->schema);
}

TEST_CASE_FIXTURE(Fixture, "where a model has no means of its own it calls a tool, whose arguments are the reply") {
    support = StructuredSupport(StructuredWay::tool, SchemaRules::none);

    ChatReply const got = ask({calling("trip", R"({"city": "Rome"})"), calling("trip", rome)}).value();

    CHECK(got.text() == rome);
    CHECK(got.choices.front().finish == FinishReason::stop);
    CHECK(got.choices.front().message.tool_calls().empty());
    CHECK(got.info.repairs == 1);
    ChatRequest const& sent = model->asked[1];
    CHECK(!sent.response_format);
    REQUIRE(sent.tools.size() == 1);
    CHECK(sent.tools[0].parameters == trip);
    CHECK(sent.tool_choice->kind == ToolChoice::Kind::named);
    CHECK(sent.tool_choice->name == "trip");
    CHECK(sent.messages[1].text() == R"({"city": "Rome"})");

    ToolSpec own;
    own.name = "trip";
    request.tools.push_back(own);
    model->asked.clear();
    CHECK(ask({calling("trip_", rome)}).value().text() == rome);
    CHECK(model->asked[0].tool_choice->kind == ToolChoice::Kind::required);
}

TEST_CASE_FIXTURE(Fixture, "as a last resort the schema is in the prompt") {
    request.messages.insert(request.messages.begin(), Message(Role::system, "Be brief."));
    for (StructuredWay const way : {StructuredWay::json_object, StructuredWay::prompt}) {
        support = StructuredSupport(way, SchemaRules::none);
        model->asked.clear();
        CHECK(ask({saying(rome)}).value().text() == rome);
        ChatRequest const& sent = model->asked[0];
        CHECK(sent.messages[1].role == Role::system);
        CHECK(sent.messages[1].text().find(trip) != std::string::npos);
        CHECK(sent.messages[2].role == Role::user);
        CHECK(sent.response_format.has_value() == (way == StructuredWay::json_object));
    }
}

TEST_CASE_FIXTURE(Fixture, "JSON of any kind is checked to be an object") {
    request.response_format.emplace();
    request.response_format->kind = ResponseFormat::Kind::json_object;
    CHECK(ask({saying("[1]"), saying("{}")}).value().text() == "{}");
}

TEST_CASE_FIXTURE(Fixture, "a schema that cannot be checked and several choices are refused before anything is sent") {
    request.n = 2;
    CHECK(ask({saying(rome)}).error().code == Errc::invalid_argument);
    request.n.reset();
    request.response_format->schema = R"({"$ref": "https://example.org"})";
    CHECK(ask({saying(rome)}).error().code == Errc::unsupported);
    options.repairs = 11;
    CHECK(ask({saying(rome)}).error().code == Errc::invalid_argument);
    CHECK(model->asked.empty());
}

TEST_CASE_FIXTURE(Fixture, "a stream shows its text as it comes and is checked at its end") {
    auto const [text, error] =
        read({TextDelta(0, R"({"city": "Ro)"), TextDelta(0, R"(me", "days": 3})"), finished(), Finished()});
    CHECK(text == rome);
    CHECK(!error);
    CHECK(reply.complete);

    auto const [wrong, why] = read({TextDelta(0, R"({"city": "Rome"})"), finished(), Finished()});
    CHECK(wrong == R"({"city": "Rome"})");
    REQUIRE(why);
    CHECK(why->code == Errc::protocol);
    CHECK(why->message.find("must have the member days") != std::string::npos);

    auto const [fenced, nothing] = read({TextDelta(0, "```\n" + rome + "\n```"), finished(), Finished()});
    CHECK(!nothing);
    CHECK(reply.info.warnings.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a tool that stands for the reply streams as text") {
    support = StructuredSupport(StructuredWay::tool, SchemaRules::none);
    ToolCallProgress first;
    first.id = "c1";
    first.name = "trip";
    ToolCallProgress piece;
    ToolCallReady ready;
    ready.call.name = "trip";
    ready.call.arguments = rome;
    std::vector<Step> steps = {first};
    for (char const c : rome) {
        piece.arguments = std::string(1, c);
        steps.emplace_back(piece);
    }
    steps.emplace_back(finished(FinishReason::tool_calls));
    steps.emplace_back(ready);
    steps.emplace_back(Finished());

    auto const [text, error] = read(steps);
    CHECK(text == rome);
    CHECK(!error);
    CHECK(reply.choices.front().finish == FinishReason::stop);

    auto const [said, nothing] = read({TextDelta(0, rome), finished(), Finished()});
    CHECK(said == rome);
    CHECK(!nothing);
    CHECK(reply.complete);

    auto const [whole, none] = read({finished(FinishReason::tool_calls), ready, Finished()});
    CHECK(whole == rome);
    CHECK(!none);
}

TEST_CASE_FIXTURE(Fixture, "each reply has a row of its own in the ledger, and the reply's cost is their sum") {
    MemoryLedger ledger;
    auto const inner = std::make_shared<FakeProvider>(clock);
    int asked = 0;
    inner->on_chat = [&]() -> Result<ChatReply> { return reply_of(++asked == 1 ? "no" : rome, told(1'000'000, 0)); };
    MeterConfig meter;
    meter.costs = std::make_shared<cost::CostIntelligence const>(cost::PriceCatalog::shipped(), clock);
    meter.ledger = ledger.ledger;
    meter.clock = clock;
    Runtime runtime = Runtime::create().value();
    std::shared_ptr<AIProvider> const metered = make_meter(inner, meter).value();
    StructuredConfig config;
    config.clock = clock;
    std::shared_ptr<AIProvider> const provider =
        make_structured(make_retry(metered, runtime, RetryConfig()).value(), config).value();
    request.model = "gpt-4o";

    ChatReply const got = drive(*clock, provider->chat(request, options)).value();

    CHECK(got.text() == rome);
    CHECK(got.info.attempts.size() == 2);
    CHECK(got.info.cost->usd() == "5");
    CHECK(got.usage.input == 2'000'000);
    CHECK(ledger.number("SELECT count(*) FROM ledger") == 2);
    CHECK(ledger.number("SELECT count(DISTINCT request) FROM ledger") == 1);
    CHECK(ledger.number("SELECT max(attempt) FROM ledger") == 2);
    runtime.close();
}

}  // namespace aikit::policy
