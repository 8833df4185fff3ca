// SPDX-License-Identifier: MIT
// Covers include/aikit/policy/run_tools.hpp and include/aikit/model/tool.hpp.
#include "support.hpp"

#include <aikit/policy/run_tools.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

namespace aikit::policy {
namespace {

using std::chrono::seconds;

ToolCall call_of(std::string id, std::string name, std::string arguments) {
    ToolCall call;
    call.id = std::move(id);
    call.name = std::move(name);
    call.arguments = std::move(arguments);
    return call;
}

ChatReply asking(std::vector<ToolCall> calls) {
    ChatReply reply = reply_of("", told(10, 2));
    reply.choices.front().message.parts.clear();
    ReasoningPart thought;
    thought.text = "I should look.";
    thought.signature = "sealed";
    reply.choices.front().message.parts.emplace_back(thought);
    for (ToolCall& call : calls) reply.choices.front().message.parts.emplace_back(std::move(call));
    reply.choices.front().finish = FinishReason::tool_calls;
    reply.info.cost = Money::nanos(100);
    return reply;
}

ChatReply saying(std::string text) {
    ChatReply reply = reply_of(std::move(text), told(20, 3));
    reply.choices.front().finish = FinishReason::stop;
    reply.info.cost = Money::nanos(7);
    return reply;
}

/// Says its replies one after the other, the last for ever, and keeps what it was asked.
class Model final : public AIProvider {
public:
    explicit Model(std::vector<ChatReply> replies) : replies_(std::move(replies)) {}

    std::string const& name() const noexcept override { return name_; }
    Task<ChatReply> chat(ChatRequest request, CallOptions) override {
        asked.push_back(std::move(request));
        co_return replies_[std::min(asked.size(), replies_.size()) - 1];
    }

    std::vector<ChatRequest> asked;

private:
    std::vector<ChatReply> replies_;
    std::string name_ = "model";
};

ToolSpec spec_of(std::string name) {
    ToolSpec spec;
    spec.name = std::move(name);
    spec.parameters = R"({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})";
    return spec;
}

Task<ToolResult> wait_for(std::shared_ptr<Clock> clock, std::chrono::seconds time, std::string text) {
    Task<void> nap = sleep_until(clock, clock->now() + time);
    Result<void> const slept = co_await std::move(nap);
    if (!slept) co_return slept.error();
    co_return text_result(std::move(text));
}

std::string text_of(Message const& message) {
    ToolResult const& result = std::get<ToolResult>(message.parts.front());
    return result.call_id + (result.failed ? " failed: " : ": ") + std::get<TextPart>(result.content.front()).text;
}

struct Fixture {
    Fixture() { config.clock = clock; }

    Result<ToolRun> run(std::vector<ChatReply> replies) {
        model = std::make_shared<Model>(std::move(replies));
        return drive(*clock, run_tools(model, tools, ChatRequest("m", "How is the weather?"), config, CallOptions()));
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<Model> model;
    std::vector<std::string> seen;
    std::vector<std::shared_ptr<Tool>> tools = {
        make_tool(spec_of("weather"), [this](std::string arguments) -> Result<std::string> {
            seen.push_back(arguments);
            if (arguments.find("Atlantis") != std::string::npos)
                return fail(Errc::not_found, "There is no such city.", "secret");
            return std::string("sunny");
        })};
    ToolRunConfig config;
};

std::string const rome = R"({"city": "Rome"})";

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a model gets what its tools say and then answers") {
    ChatReply const first = asking({call_of("c1", "weather", rome)});

    ToolRun const result = run({first, saying("It is sunny.")}).value();

    CHECK(result.end == ToolRunEnd::answered);
    CHECK(result.reply.text() == "It is sunny.");
    CHECK(result.steps == 2);
    CHECK(result.calls == 1);
    CHECK(result.usage.input == 30);
    CHECK(result.usage.output == 5);
    CHECK(result.cost == Money::nanos(107));
    REQUIRE(model->asked.size() == 2);
    CHECK(model->asked[0].tools.front().name == "weather");
    std::vector<Message> const& sent = model->asked[1].messages;
    REQUIRE(sent.size() == 3);
    CHECK(std::get<ReasoningPart>(sent[1].parts.front()).signature == "sealed");
    CHECK(sent[1].tool_calls().front().arguments == rome);
    CHECK(sent[2].role == Role::tool);
    CHECK(text_of(sent[2]) == "c1: sunny");
    CHECK(result.messages.size() == 4);
}

TEST_CASE_FIXTURE(Fixture, "what cannot be called as asked goes back to the model and reaches no tool") {
    config.approve = [](ToolCall call) -> Task<bool> { co_return call.id != "c4"; };

    ToolRun const result = run({asking({call_of("c1", "weather", "{\"city\": 3}"), call_of("c2", "nothing", "{}"),
                                        call_of("c3", "weather", R"({"city": "Atlantis"})"),
                                        call_of("c4", "weather", rome), call_of("c5", "weather", "{")}),
                                saying("Sorry.")})
                               .value();

    CHECK(seen.size() == 1);
    CHECK(result.calls == 5);
    REQUIRE(result.messages.size() == 8);
    CHECK(text_of(result.messages[2]) ==
          "c1 failed: The arguments do not fit the schema: $.city must be of type string.");
    CHECK(text_of(result.messages[3]) == "c2 failed: There is no tool of this name.");
    CHECK(text_of(result.messages[4]) == "c3 failed: The tool failed: There is no such city.");
    CHECK(text_of(result.messages[5]) == "c4 failed: The call was declined.");
    CHECK(text_of(result.messages[6]).find("c5 failed: The arguments do not fit the schema: ") == 0);
}

TEST_CASE_FIXTURE(Fixture, "calls of one reply run beside each other and their results keep the order") {
    std::shared_ptr<Clock> const hands = clock;
    tools.push_back(make_async_tool(spec_of("slow"), [hands](std::string, ToolContext context) {
        return wait_for(hands, seconds(context.call_id == "c1" ? 9 : 5), context.call_id);
    }));
    SteadyTime const start = clock->now();

    ToolRun const result =
        run({asking({call_of("c1", "slow", rome), call_of("c2", "slow", rome)}), saying("Done.")}).value();

    CHECK(clock->now() - start == seconds(9));
    CHECK(text_of(result.messages[2]) == "c1: c1");
    CHECK(text_of(result.messages[3]) == "c2: c2");
}

TEST_CASE_FIXTURE(Fixture, "a run ends at each of its limits and says at which") {
    ChatReply const more = asking({call_of("c1", "weather", rome)});
    config.max_steps = 3;
    ToolRun const steps = run({more}).value();
    CHECK(steps.end == ToolRunEnd::steps);
    CHECK(steps.steps == 3);
    CHECK(seen.size() == 2);
    CHECK(text_of(steps.messages.back()) == "c1 failed: The call was not made: no more steps are allowed.");

    config.max_cost = Money::nanos(150);
    ToolRun const cost = run({more}).value();
    CHECK(cost.end == ToolRunEnd::cost);
    CHECK(cost.steps == 2);
    CHECK(cost.cost == Money::nanos(200));

    ChatReply unpriced = more;
    unpriced.info.cost.reset();
    ToolRun const unknown = run({unpriced}).value();
    CHECK(unknown.end == ToolRunEnd::cost);
    CHECK(unknown.steps == 1);
    CHECK(!unknown.cost);

    ChatReply cut = more;
    cut.choices.front().finish = FinishReason::length;
    CHECK(run({cut}).value().end == ToolRunEnd::length);
    cut.choices.front().finish = FinishReason::content_filter;
    CHECK(run({cut}).value().end == ToolRunEnd::content_filter);
}

TEST_CASE_FIXTURE(Fixture, "whatever ends a run each call has its result so that the next turn is taken") {
    ChatReply more = asking({call_of("c1", "weather", rome), call_of("c2", "weather", rome)});
    auto const check = [&](ToolRun const& run) {
        std::vector<std::string> asked;
        std::vector<std::string> told;
        for (Message const& message : run.messages) {
            for (ToolCall const& call : message.tool_calls()) asked.push_back(call.id);
            for (Part const& part : message.parts) {
                if (auto const* result = std::get_if<ToolResult>(&part)) told.push_back(result->call_id);
            }
        }
        CHECK(asked == told);
        CHECK(!asked.empty());
    };
    config.max_steps = 2;
    check(run({more}).value());
    config.max_cost = Money::nanos(100);
    check(run({more}).value());
    more.choices.front().finish = FinishReason::length;
    check(run({more}).value());
    more.choices.front().finish = FinishReason::content_filter;
    check(run({more}).value());
    CHECK(run({more}).value().messages.back().role == Role::tool);
}

TEST_CASE_FIXTURE(Fixture, "a call that was cut is not sent back") {
    ChatReply cut = asking({call_of("c1", "weather", rome), call_of("c2", "weather", "{\"city\": \"Ro")});
    cut.choices.front().finish = FinishReason::length;

    ToolRun const result = run({cut}).value();

    REQUIRE(result.messages.size() == 3);
    CHECK(result.messages[1].tool_calls().size() == 1);
    CHECK(result.reply.choices.front().message.tool_calls().size() == 2);
    CHECK(text_of(result.messages[2]) == "c1 failed: The call was not made: the reply was cut.");
}

TEST_CASE_FIXTURE(Fixture, "no request is sent that is known to cost too much") {
    ChatReply const more = asking({call_of("c1", "weather", rome)});
    std::size_t longest = 0;
    config.max_cost = Money::nanos(350);
    config.estimate = [&](ChatRequest const& request) -> std::optional<Money> {
        longest = std::max(longest, request.messages.size());
        return Money::nanos(160);
    };

    ToolRun const result = run({more}).value();

    CHECK(result.end == ToolRunEnd::cost);
    CHECK(result.steps == 2);
    CHECK(result.cost == Money::nanos(200));
    CHECK(seen.size() == 1);
    CHECK(longest == 4);
    CHECK(text_of(result.messages.back()) == "c1 failed: The call was not made: no more may be spent.");

    config.max_cost = Money::nanos(159);
    ToolRun const none = run({more}).value();
    CHECK(none.end == ToolRunEnd::cost);
    CHECK(none.steps == 0);
    CHECK(none.messages.size() == 1);
    CHECK(model->asked.empty());

    config.estimate = [](ChatRequest const&) { return std::optional<Money>(); };
    CHECK(run({saying("Hello.")}).value().end == ToolRunEnd::answered);
}

TEST_CASE_FIXTURE(Fixture, "a run that fails tells what it had come to and what it cost") {
    auto const fake = std::make_shared<FakeProvider>(clock);
    fake->on_chat = [&]() -> Result<ChatReply> {
        if (fake->calls.size() < 3) return asking({call_of("c1", "weather", rome)});
        return failure(Errc::rate_limited);
    };
    std::optional<ToolRun> left;
    std::optional<Error> why;
    config.on_failure = [&](ToolRun const& run, Error const& error) {
        left = run;
        why = error;
    };

    Result<ToolRun> const result = drive(*clock, run_tools(fake, tools, ChatRequest("m", "x"), config, CallOptions()));

    CHECK(result.error().code == Errc::rate_limited);
    REQUIRE(left);
    CHECK(why->code == Errc::rate_limited);
    CHECK(left->steps == 2);
    CHECK(left->cost == Money::nanos(200));
    CHECK(left->usage.input == 20);
    CHECK(left->messages.size() == 5);
    CHECK(text_of(left->messages.back()) == "c1: sunny");
}

TEST_CASE_FIXTURE(Fixture, "a choice that demands a call is for the first step only") {
    model = std::make_shared<Model>(
        std::vector<ChatReply>{asking({call_of("c1", "weather", rome)}), saying("It is sunny.")});
    ChatRequest request("m", "x");
    request.tool_choice.emplace();
    request.tool_choice->kind = ToolChoice::Kind::required;

    ToolRun const result = drive(*clock, run_tools(model, tools, request, config, CallOptions())).value();

    CHECK(result.end == ToolRunEnd::answered);
    CHECK(model->asked[0].tool_choice->kind == ToolChoice::Kind::required);
    CHECK(!model->asked[1].tool_choice);
}

TEST_CASE_FIXTURE(Fixture, "what tools have done by the time a run is cancelled stands in its history") {
    std::shared_ptr<Clock> const hands = clock;
    tools.push_back(make_async_tool(
        spec_of("slow"), [hands](std::string, ToolContext) { return wait_for(hands, seconds(1000), "late"); }));
    model = std::make_shared<Model>(std::vector<ChatReply>{
        asking({call_of("c1", "weather", rome), call_of("c2", "slow", rome), call_of("c3", "weather", rome)})});
    config.max_parallel = 2;
    std::optional<ToolRun> left;
    config.on_failure = [&](ToolRun const& run, Error const&) { left = run; };
    config.max_time = seconds(3);
    ToolRun const late = drive(*clock, run_tools(model, tools, ChatRequest("m", "x"), config, CallOptions())).value();
    CHECK(late.end == ToolRunEnd::time);
    CHECK(late.calls == 2);
    CHECK(!left);
    REQUIRE(late.messages.size() == 5);
    CHECK(text_of(late.messages[2]) == "c1: sunny");
    CHECK(text_of(late.messages[3]) == "c2 failed: The call was stopped before it ended: time was up.");
    CHECK(text_of(late.messages[4]) == "c3: sunny");
}

TEST_CASE_FIXTURE(Fixture, "tools that are under way are cancelled when time is up") {
    std::shared_ptr<Clock> const hands = clock;
    bool cancelled = false;
    tools = {make_async_tool(spec_of("slow"), [hands, &cancelled](std::string, ToolContext) -> Task<ToolResult> {
        struct Watch {
            static Task<ToolResult> run(std::shared_ptr<Clock> clock, bool* told) {
                Task<ToolResult> waiting = wait_for(std::move(clock), seconds(1000), "late");
                Result<ToolResult> result = co_await std::move(waiting);
                *told = !result && result.error().code == Errc::cancelled;
                co_return result;
            }
        };
        return Watch::run(hands, &cancelled);
    })};
    config.max_time = seconds(3);
    SteadyTime const start = clock->now();

    ToolRun const result = run({asking({call_of("c1", "slow", rome)}), saying("Done.")}).value();

    CHECK(result.end == ToolRunEnd::time);
    CHECK(clock->now() - start == seconds(3));
    CHECK(cancelled);
    CHECK(result.steps == 1);
    CHECK(model->asked.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a run that is cancelled says so and asks no further") {
    std::shared_ptr<Clock> const hands = clock;
    tools = {make_async_tool(spec_of("slow"),
                             [hands](std::string, ToolContext) { return wait_for(hands, seconds(1000), "late"); })};
    model = std::make_shared<Model>(std::vector<ChatReply>{asking({call_of("c1", "slow", rome)}), saying("Done.")});
    std::optional<ToolRun> left;
    config.on_failure = [&](ToolRun const& run, Error const&) { left = run; };
    boost::asio::io_context loop;
    boost::asio::cancellation_signal signal;
    std::optional<Result<ToolRun>> ended;
    boost::asio::co_spawn(
        loop, run_tools(model, tools, ChatRequest("m", "x"), config, CallOptions()),
        boost::asio::bind_cancellation_slot(
            signal.slot(), [&](std::exception_ptr, Result<ToolRun> result) { ended.emplace(std::move(result)); }));
    loop.poll();
    REQUIRE(!ended);

    signal.emit(boost::asio::cancellation_type::terminal);
    loop.restart();
    loop.poll();

    REQUIRE(ended);
    CHECK(ended->error().code == Errc::cancelled);
    CHECK(model->asked.size() == 1);
    REQUIRE(left);
    CHECK(left->cost == Money::nanos(100));
    CHECK(text_of(left->messages.back()) == "c1 failed: The call was stopped before it ended: the run was cancelled.");
}

TEST_CASE_FIXTURE(Fixture, "replies are streamed to whoever wants to see them") {
    auto const fake = std::make_shared<FakeProvider>(clock);
    ToolCallReady ready;
    ready.call = call_of("c1", "weather", rome);
    ChoiceFinished wants;
    wants.reason = FinishReason::tool_calls;
    ChoiceFinished stops;
    stops.reason = FinishReason::stop;
    fake->on_stream = [&]() -> Result<std::vector<Step>> {
        if (fake->calls.size() == 1) return std::vector<Step>{ready, wants, Finished()};
        return std::vector<Step>{TextDelta(0, "It is "), TextDelta(0, "sunny."), stops, Finished()};
    };
    std::string told;
    config.on_event = [&](int step, ChatEvent const& event, ChatReply const&) {
        if (auto const* delta = std::get_if<TextDelta>(&event)) told += std::to_string(step) + delta->text;
    };
    config.on_result = [&](int step, ToolCall const& call, ToolResult const&) {
        told += std::to_string(step) + call.name + "|";
    };

    ToolRun const result = drive(*clock, run_tools(fake, tools, ChatRequest("m", "x"), config, CallOptions())).value();

    CHECK(told == "1weather|2It is 2sunny.");
    CHECK(result.reply.text() == "It is sunny.");
}

TEST_CASE_FIXTURE(Fixture, "tools that cannot be run are refused before anything is asked") {
    tools.push_back(tools.front());
    CHECK(run({saying("x")}).error().code == Errc::invalid_argument);
    tools.pop_back();
    ToolSpec remote = spec_of("remote");
    remote.parameters = R"({"$ref": "https://example.org"})";
    tools.push_back(make_tool(remote, [](std::string) -> Result<std::string> { return std::string(); }));
    CHECK(run({saying("x")}).error().code == Errc::unsupported);
    CHECK(model->asked.empty());
    tools.pop_back();
    config.max_steps = 0;
    CHECK(run({saying("x")}).error().code == Errc::invalid_argument);
    config.max_steps = 1;
    tools = {nullptr};
    CHECK(run({saying("x")}).error().code == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "a registry checks and makes calls for a loop of one's own") {
    ToolRegistry const registry = ToolRegistry::of(tools).value();
    CHECK(registry.size() == 1);
    CHECK(registry.specs().front().name == "weather");
    CHECK(registry.find("weather") == tools.front());
    CHECK(registry.find("nothing") == nullptr);
    auto const told = [&](ToolCall call) {
        ToolResult const result = drive(*clock, registry.call(std::move(call), ToolContext())).value();
        return std::get<TextPart>(result.content.front()).text + (result.failed ? " failed " : " ") + result.call_id;
    };
    CHECK(told(call_of("c1", "weather", rome)) == "sunny c1");
    CHECK(told(call_of("c2", "nothing", "{}")) == "There is no tool of this name. failed c2");
    CHECK(told(call_of("c3", "weather", "{}")).find("The arguments do not fit the schema: ") == 0);
    CHECK(registry.check(call_of("c4", "nothing", "{}")).error().code == Errc::not_found);
    CHECK(registry.check(call_of("c5", "weather", "{")).error().code == Errc::invalid_argument);
}

}  // namespace aikit::policy
