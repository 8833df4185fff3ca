// SPDX-License-Identifier: MIT
// Covers include/aikit/kit/run_tools.hpp: a run of tools through a kit.
#include <aikit/kit/run_tools.hpp>
#include <aikit/sync.hpp>

#include <doctest/doctest.h>

namespace aikit {
namespace {

/// Calls the tool "clock" once, then answers; priced as gpt-4o-mini: 0.15 and 0.60 dollars for a million tokens.
char const* const script = R"({"repeat": true, "replies": [
    {"tool_calls": [{"id": "c1", "name": "clock", "arguments": "{}"}], "finish": "tool_calls",
     "usage": {"input": 1000, "output": 500}},
    {"text": "It is noon.", "usage": {"input": 2000, "output": 100}}]})";

struct Fixture {
    Fixture() {
        ProviderConfig provider;
        provider.name = "scripted";
        provider.price_as = "openai";
        provider.script = script;
        config.providers.push_back(provider);
        config.aliases["fast"] = "scripted/gpt-4o-mini";
        ToolSpec spec;
        spec.name = "clock";
        tools.push_back(make_tool(spec, [](std::string) -> Result<std::string> { return std::string("12:00"); }));
    }

    Result<policy::ToolRun> run(ChatRequest request) {
        kit = Kit::open(config).value();
        return sync::wait(kit, run_tools(kit, tools, std::move(request), limits, CallOptions()));
    }

    KitConfig config;
    Kit kit;
    std::vector<std::shared_ptr<Tool>> tools;
    policy::ToolRunConfig limits;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a run through a kit knows its aliases and stands in its ledger") {
    policy::ToolRun const result = run(ChatRequest("fast", "How late is it?")).value();

    CHECK(result.end == policy::ToolRunEnd::answered);
    CHECK(result.reply.text() == "It is noon.");
    CHECK(result.cost->usd() == "0.00081");
    cost::Report const report = sync::wait(kit, kit.cost_report(cost::ReportQuery())).value();
    CHECK(report.total.cost == *result.cost);
    CHECK(report.total.calls == 2);
}

TEST_CASE_FIXTURE(Fixture, "a kit's run sends nothing that its own estimate says is too dear") {
    limits.max_cost = Money::nanos(1);
    ChatRequest request("fast", std::string(4000, 'x') + " How late is it?");
    request.max_tokens = 1000;

    policy::ToolRun const result = run(request).value();

    CHECK(result.end == policy::ToolRunEnd::cost);
    CHECK(result.steps == 0);
    CHECK(sync::wait(kit, kit.cost_report(cost::ReportQuery())).value().lines.empty());
}

TEST_CASE_FIXTURE(Fixture, "a kit that was closed or never opened runs no tools") {
    CHECK(
        sync::wait(Runtime::create().value(), run_tools(Kit(), tools, ChatRequest("fast", "x"), limits, CallOptions()))
            .error()
            .code == Errc::invalid_state);
    CHECK(run(ChatRequest("nobody/none", "x")).error().code != Errc::internal);
}

}  // namespace aikit
