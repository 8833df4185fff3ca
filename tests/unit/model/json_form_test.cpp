// SPDX-License-Identifier: MIT
// The house JSON form: OpenAI's Chat Completions plus an "aikit" object.
#include "golden/plain_json.hpp"

#include <aikit/model/json_form.hpp>

#include <doctest/doctest.h>

#include <set>

using namespace aikit;
using aikit_test::Json;
using json_form::read_chat;
using std::chrono::milliseconds;

namespace {

std::string request(std::string const& more) {
    return R"({"model":"m","messages":[{"role":"user","content":"hi"}])" + more + "}";
}

std::string with_messages(std::string const& messages) {
    return R"({"model":"m","messages":[)" + messages + "]}";
}

/// Reads and writes again.
Json again(std::string const& json) {
    Result<json_form::ChatCall> const call = read_chat(json);
    REQUIRE(call.has_value());
    Result<std::string> const written = json_form::write_chat(call->request);
    REQUIRE(written.has_value());
    return Json::parse(*written);
}

std::string refused(std::string const& json) {
    Result<json_form::ChatCall> const call = read_chat(json);
    if (call) return "";
    CHECK(call.error().code == Errc::invalid_argument);
    return call.error().message;
}

bool names(std::string const& message, std::string const& member) {
    return message.find(" " + member + " ") != std::string::npos;
}

}  // namespace

TEST_CASE("a request's members fill the fields") {
    Result<json_form::ChatCall> const call = read_chat(R"({"model":"m","messages":[
        {"role":"system","content":"Be brief."},
        {"role":"user","name":"ann","content":[{"type":"text","text":"Look"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AAEC","detail":"low"}},
            {"type":"input_audio","input_audio":{"data":"AAEC","format":"mp3"}},
            {"type":"file","file":{"file_data":"data:application/pdf;base64,AAEC","filename":"a.pdf"}},
            {"type":"file","file":{"file_id":"file-1"}}]},
        {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
            "function":{"name":"f","arguments":"{\"x\":1}"}}]},
        {"role":"tool","tool_call_id":"c1","content":"done"},
        {"role":"assistant","content":"ok","refusal":"no","reasoning_content":"hm"}],
        "max_tokens":5,"temperature":0.5,"top_p":1,"presence_penalty":-1,"frequency_penalty":0.25,"seed":7,"n":2,
        "stop":["a","b"],"logprobs":true,"top_logprobs":3,"reasoning_effort":"low","parallel_tool_calls":false,
        "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}}],
        "tool_choice":{"type":"function","function":{"name":"f"}},
        "response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"},"strict":true}},
        "service_tier":"flex","stream":true,"logit_bias":{"1":2}})");

    REQUIRE(call.has_value());
    ChatRequest const& got = call->request;
    CHECK(call->stream);
    CHECK(got.model == "m");
    REQUIRE(got.messages.size() == 5);
    CHECK(got.messages[0].role == Role::system);
    CHECK(got.messages[1].name == "ann");
    REQUIRE(got.messages[1].parts.size() == 5);
    auto const& image = std::get<MediaPart>(got.messages[1].parts[1]);
    CHECK(*image.bytes == std::string("\0\1\2", 3));
    CHECK(image.media_type == "image/png");
    CHECK(image.detail == "low");
    CHECK(std::get<MediaPart>(got.messages[1].parts[2]).kind == MediaPart::Kind::audio);
    CHECK(std::get<MediaPart>(got.messages[1].parts[2]).media_type == "audio/mpeg");
    CHECK(std::get<MediaPart>(got.messages[1].parts[3]).name == "a.pdf");
    CHECK(std::get<MediaPart>(got.messages[1].parts[4]).file_id == "file-1");
    CHECK(got.messages[2].tool_calls().front().arguments == "{\"x\":1}");
    CHECK(std::get<ToolResult>(got.messages[3].parts.front()).call_id == "c1");
    CHECK(got.messages[4].refusal() == "no");
    CHECK(got.messages[4].reasoning() == "hm");
    CHECK(got.max_tokens == 5);
    CHECK(got.max_tokens_name == "max_tokens");
    CHECK(got.temperature == 0.5);
    CHECK(got.top_p == 1);
    CHECK(got.presence_penalty == -1);
    CHECK(got.frequency_penalty == 0.25);
    CHECK(got.seed == 7);
    CHECK(got.n == 2);
    CHECK(got.stop == std::vector<std::string>{"a", "b"});
    CHECK(got.logprobs == true);
    CHECK(got.top_logprobs == 3);
    CHECK(got.reasoning_effort == "low");
    CHECK(got.parallel_tool_calls == false);
    REQUIRE(got.tools.size() == 1);
    CHECK(got.tools[0].name == "f");
    CHECK(got.tools[0].description == "d");
    CHECK(Json::parse(got.tools[0].parameters) == Json::parse(R"({"type":"object"})"));
    CHECK(got.tools[0].strict == true);
    CHECK(got.tools[0].raw.empty());
    CHECK(got.tool_choice->kind == ToolChoice::Kind::named);
    CHECK(got.tool_choice->name == "f");
    CHECK(got.response_format->kind == ResponseFormat::Kind::json_schema);
    CHECK(got.response_format->name == "s");
    CHECK(got.service_tier == "flex");
    CHECK(Json::parse(got.extra) == Json::parse(R"({"logit_bias":{"1":2}})"));
    CHECK(got.verbatim);
}

TEST_CASE("whatever OpenAI's form can say is written again as it was read") {
    std::vector<std::string> const requests{
        request(""),
        request(R"(,"stop":"x")"),
        request(R"(,"stop":[])"),
        request(R"(,"stop":null,"temperature":null,"tools":null,"response_format":null,"n":null,"user":null)"),
        request(R"(,"max_completion_tokens":9,"max_tokens":8)"),
        request(R"(,"temperature":0,"top_p":0.1,"seed":-5)"),
        request(R"(,"seed":18446744073709551615)"),
        request(R"(,"response_format":{"type":"text"})"),
        request(R"(,"response_format":{"type":"json_object","schema":{"a":1}})"),
        request(R"(,"response_format":{"type":"grammar","grammar":"x"})"),
        request(R"(,"response_format":{"type":"json_schema","json_schema":{"name":"s","description":"","schema":{}}})"),
        request(R"(,"response_format":{"type":"json_schema","json_schema":{"name":"s"}})"),
        request(R"(,"tool_choice":"auto","tools":[])"),
        request(R"(,"tool_choice":"none")"),
        request(R"(,"tool_choice":"required")"),
        request(R"(,"tool_choice":"any")"),
        request(R"(,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto"}})"),
        request(R"(,"tools":[{"type":"function","function":{"name":"f","parameters":{"z":1,"a":[1.5,null]}}}])"),
        request(
            R"(,"tools":[{"type":"function","function":{"name":"f","description":""},"cache_control":{"type":"x"}}])"),
        request(
            R"(,"tools":[{"type":"custom","custom":{"name":"sh","format":{"type":"text"}}},{"type":"web_search"}])"),
        request(R"(,"functions":[{"name":"f"}],"function_call":"auto","metadata":{"a":"b"},"prediction":{"x":[]})"),
        with_messages(R"({"role":"developer","content":"x"},{"role":"user","content":""})"),
        with_messages(R"({"role":"user","content":[{"type":"text","text":"one"}]})"),
        with_messages(R"({"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]})"),
        with_messages(R"({"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]})"),
        with_messages(R"({"role":"user","content":[]})"),
        with_messages(R"({"role":"assistant","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]})"),
        with_messages(
            R"({"role":"assistant","content":[{"type":"refusal","refusal":"no"},{"type":"text","text":"b"}]})"),
        with_messages(R"({"role":"user","content":[{"type":"image_url","image_url":"https://x/a.png"}]})"),
        with_messages(
            R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/a","x":1},"y":2}]})"),
        with_messages(
            R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAE"}}]})"),
        with_messages(
            R"({"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA..","format":"wav"}}]})"),
        with_messages(
            R"({"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAEC","format":"flac"}}]})"),
        with_messages(R"({"role":"user","content":[{"type":"video_url","video_url":{"url":"https://x/v"}}]})"),
        with_messages(R"({"role":"user","content":[{"type":"text","text":"a","image_url":null}]})"),
        with_messages(R"({"role":"user","content":"a","name":null,"tool_calls":null})"),
        with_messages(R"({"role":"assistant","content":null,"refusal":null,"annotations":[],"audio":{"id":"a"}})"),
        with_messages(R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}})"),
        with_messages(
            R"({"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":""}}]})"),
        with_messages(
            R"({"role":"assistant","tool_calls":[{"id":"1","type":"custom","custom":{"name":"f","input":"ls"}}]})"),
        with_messages(
            R"({"role":"assistant","tool_calls":[{"index":0,"id":"1","type":"function","function":{"name":"f","arguments":"{}","description":null}}]})"),
        with_messages(R"({"role":"assistant","content":"a","reasoning":"r","reasoning_details":[{"type":"x"}]})"),
        with_messages(R"({"role":"assistant","content":"a","reasoning":"r","reasoning_content":"r"})"),
        with_messages(R"({"role":"tool","tool_call_id":"1","content":[{"type":"text","text":"a"}]})"),
        with_messages(
            R"({"role":"tool","tool_call_id":"1","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"https://x"}}]})"),
        with_messages(R"({"role":"tool","tool_call_id":"1","content":"","name":"f"})"),
        with_messages(R"({"role":"function","name":"f","content":"a"})"),
    };
    for (std::string const& json : requests) {
        CAPTURE(json);
        CHECK(aikit_test::difference(again(json), Json::parse(json)) == "");
    }
}

TEST_CASE("a changed field goes before the shape it was read in") {
    Result<json_form::ChatCall> call = read_chat(R"({"model":"m","stop":"x","temperature":null,"max_tokens":null,
        "messages":[{"role":"developer","content":[{"type":"text","text":"secret"}]},
        {"role":"user","content":[{"type":"image_url","image_url":"https://x/a.png"}]},
        {"role":"assistant","content":null,"refusal":null}]})");
    REQUIRE(call.has_value());
    ChatRequest& changed = call->request;
    changed.stop = {"y"};
    changed.temperature = 0.5;
    changed.max_tokens = 3;
    std::get<TextPart>(changed.messages[0].parts[0]).text = "hidden";
    changed.messages[0].role = Role::user;
    std::get<MediaPart>(changed.messages[1].parts[0]).url = "https://x/b.png";
    changed.messages[2].parts.emplace_back(TextPart("now"));

    Json const written = Json::parse(*json_form::write_chat(changed));

    CHECK(written == Json::parse(R"({"model":"m","stop":["y"],"temperature":0.5,"max_tokens":3,
        "messages":[{"role":"user","content":[{"type":"text","text":"hidden"}]},
        {"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/b.png"}}]},
        {"role":"assistant","content":"now","refusal":null}]})"));
}

TEST_CASE("a request that is wrong is refused by the name of its member") {
    CHECK(refused("nonsense") != "");
    CHECK(refused("[]").find("object") != std::string::npos);
    CHECK(names(refused(R"({"model":"m"})"), "messages"));
    CHECK(names(refused(R"({"messages":{}})"), "messages"));
    CHECK(names(refused(R"({"messages":[]})"), "messages"));
    CHECK(names(refused(R"({"messages":[7]})"), "messages[0]"));
    std::vector<std::pair<std::string, std::string>> const members{
        {R"("model":7)", "model"},
        {R"("temperature":"hot")", "temperature"},
        {R"("max_tokens":1.5)", "max_tokens"},
        {R"("max_completion_tokens":"5")", "max_completion_tokens"},
        {R"("n":-1)", "n"},
        {R"("n":99999999999)", "n"},
        {R"("stop":7)", "stop"},
        {R"("stop":["a",7])", "stop"},
        {R"("logprobs":1)", "logprobs"},
        {R"("seed":"x")", "seed"},
        {R"("stream":"yes")", "stream"},
        {R"("tools":{})", "tools"},
        {R"("tools":[7])", "tools[0]"},
        {R"("tools":[{"function":{"name":"f"}}])", "tools[0].type"},
        {R"("tools":[{"type":"function","function":7}])", "tools[0].function"},
        {R"("tools":[{"type":"function","function":{}}])", "tools[0].function.name"},
        {R"("tool_choice":7)", "tool_choice"},
        {R"("response_format":"json")", "response_format"},
        {R"("service_tier":7)", "service_tier"},
        {R"("reasoning_effort":7)", "reasoning_effort"},
        {R"("aikit":7)", "aikit"},
    };
    for (auto const& [member, name] : members) {
        CAPTURE(member);
        CHECK(names(refused("{" + member + R"(,"messages":[{"role":"user","content":"hi"}]})"), name));
    }
    std::vector<std::pair<std::string, std::string>> const messages{
        {R"({"content":"x"})", "messages[0].role"},
        {R"({"role":"robot","content":"x"})", "messages[0].role"},
        {R"({"role":7,"content":"x"})", "messages[0].role"},
        {R"({"role":"user","content":7})", "messages[0].content"},
        {R"({"role":"user","content":[7]})", "messages[0].content[0]"},
        {R"({"role":"user","content":[{"text":"x"}]})", "messages[0].content[0].type"},
        {R"({"role":"user","content":[{"type":"text"}]})", "messages[0].content[0].text"},
        {R"({"role":"user","content":[{"type":"image_url"}]})", "messages[0].content[0].image_url"},
        {R"({"role":"user","content":[{"type":"image_url","image_url":{}}]})", "messages[0].content[0].image_url.url"},
        {R"({"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA"}}]})",
         "messages[0].content[0].input_audio.format"},
        {R"({"role":"user","content":[{"type":"file","file":{}}]})", "messages[0].content[0].file"},
        {R"({"role":"user","content":"x","name":7})", "messages[0].name"},
        {R"({"role":"tool","content":"x"})", "messages[0].tool_call_id"},
        {R"({"role":"assistant","tool_calls":7})", "messages[0].tool_calls"},
        {R"({"role":"assistant","tool_calls":[{}]})", "messages[0].tool_calls[0].function"},
        {R"({"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{}}}]})",
         "messages[0].tool_calls[0].function.arguments"},
        {R"({"role":"assistant","refusal":7})", "messages[0].refusal"},
    };
    for (auto const& [message, name] : messages) {
        CAPTURE(message);
        CHECK(names(refused(with_messages(message)), name));
    }
    CHECK(refused(request(R"(,"aikit":{"tiemouts":{}})")).find("tiemouts") != std::string::npos);
    CHECK(refused(with_messages(R"({"role":"user","content":"x","aikit":{"odd":1}})")).find("odd") !=
          std::string::npos);
    CHECK(refused(R"({"messages":[{"role":"user","content":")"
                  "\xFF"
                  R"("}]})")
              .find("UTF-8") != std::string::npos);
}

TEST_CASE("what stands under aikit fills the options, field for field") {
    Result<json_form::ChatCall> const call = read_chat(request(R"(,"aikit":{
        "timeouts":{"connect":1.5,"first_byte":2,"idle":0.25,"total":0},
        "caller":{"tenant":"t","user":"u","key":"k","project":"p","tags":["a","b"],"tier":"pro"},
        "privacy":"sensitive","priority":-7,"max_retries":3,"replay":"any","resume":true,"repairs":2,"idempotency_key":"i","request_id":"r",
        "region":"eu","trace":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","cache":"refresh"})"));
    REQUIRE(call.has_value());
    // Every field of the options has its member: a new field fails to compile here.
    auto const& [limits, deadline, caller, privacy, priority, max_retries, replay, resume, repairs, idempotency_key,
                 request_id, region, trace, cache, send_trace, attempt, attempts, keep] = call->options;
    auto const& [connect, first_byte, idle, total] = limits;
    auto const& [tenant, user, key, project, tags, tier] = caller;
    CHECK(connect == milliseconds(1'500));
    CHECK(first_byte == milliseconds(2'000));
    CHECK(idle == milliseconds(250));
    CHECK(total == milliseconds(0));
    // A point in this process's time, and what decorators set, have no JSON form.
    CHECK(deadline.is_never());
    CHECK_FALSE(send_trace);
    CHECK(attempt == 1);
    CHECK(attempts == nullptr);
    CHECK(keep == nullptr);
    CHECK(tenant == "t");
    CHECK(user == "u");
    CHECK(key == "k");
    CHECK(project == "p");
    CHECK(tags == std::vector<std::string>{"a", "b"});
    CHECK(tier == "pro");
    CHECK(privacy == Privacy::sensitive);
    CHECK(priority == -7);
    CHECK(max_retries == 3);
    CHECK(replay == Replay::any);
    CHECK(resume == true);
    CHECK(repairs == 2);
    CHECK(idempotency_key == "i");
    CHECK(request_id == "r");
    CHECK(region == "eu");
    CHECK(trace == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    CHECK(cache == CacheUse::refresh);
    CHECK(read_chat(request(R"(,"aikit":{"cache":"bypass"})"))->options.cache == CacheUse::bypass);
    CHECK(read_chat(request(R"(,"aikit":{"cache":"use"})"))->options.cache == CacheUse::use);
    CHECK(!Json::parse(*json_form::write_chat(call->request)).has("aikit"));

    for (auto const& [ours, name] :
         std::vector<std::pair<std::string, std::string>>{{R"("timeouts":{"idle":"5"})", "aikit.timeouts.idle"},
                                                          {R"("timeouts":{"idle":1e300})", "aikit.timeouts.idle"},
                                                          {R"("timeouts":{"odd":1})", "aikit.timeouts.odd"},
                                                          {R"("caller":{"tags":["a",1]})", "aikit.caller.tags"},
                                                          {R"("caller":{"odd":1})", "aikit.caller.odd"},
                                                          {R"("privacy":"secret")", "aikit.privacy"},
                                                          {R"("priority":101)", "aikit.priority"},
                                                          {R"("max_retries":11)", "aikit.max_retries"},
                                                          {R"("replay":"maybe")", "aikit.replay"},
                                                          {R"("repairs":11)", "aikit.repairs"},
                                                          {R"("region":7)", "aikit.region"},
                                                          {R"("trace":"00-0-0-01")", "aikit.trace"},
                                                          {R"("cache":"maybe")", "aikit.cache"}}) {
        CAPTURE(ours);
        CHECK(refused(request(",\"aikit\":{" + ours + "}")).find(name) != std::string::npos);
    }
}

TEST_CASE("what OpenAI has no place for is kept under aikit in the house form") {
    ChatRequest chat("m", "hi");
    Message& turn = chat.messages.emplace_back(Role::assistant, "So.");
    ReasoningPart thought;
    thought.text = "hm";
    thought.signature = "sig";
    turn.parts.insert(turn.parts.begin(), thought);
    ReasoningPart hidden;
    hidden.signature = "opaque";
    hidden.redacted = true;
    turn.parts.insert(turn.parts.begin() + 1, hidden);
    Message& result = chat.messages.emplace_back();
    result.role = Role::tool;
    ToolResult failed;
    failed.call_id = "1";
    failed.failed = true;
    failed.content.emplace_back(TextPart("broken"));
    result.parts.emplace_back(failed);

    Result<std::string> const written = json_form::write_chat(chat);
    REQUIRE(written.has_value());
    Result<json_form::ChatCall> const read = read_chat(*written);
    REQUIRE(read.has_value());

    std::vector<Part> const& parts = read->request.messages[1].parts;
    CHECK(std::get<ReasoningPart>(parts[0]).text == "hm");
    CHECK(std::get<ReasoningPart>(parts[0]).signature == "sig");
    CHECK(std::get<ReasoningPart>(parts[1]).redacted);
    CHECK(read->request.messages[1].text() == "So.");
    CHECK(std::get<ToolResult>(read->request.messages[2].parts.front()).failed);
    CHECK(Json::parse(*json_form::write_chat(read->request)) == Json::parse(*written));
}

TEST_CASE("a request that cannot be written says which field is to blame") {
    ChatRequest chat("m", "hi");
    auto const blamed = [](ChatRequest const& given) {
        Result<std::string> const written = json_form::write_chat(given);
        return written ? std::string() : written.error().message;
    };
    ChatRequest broken = chat;
    broken.extra = "[]";
    CHECK(blamed(broken).find("extra") != std::string::npos);
    broken = chat;
    broken.messages.front().extra = "{";
    CHECK(blamed(broken).find("messages[0].extra") != std::string::npos);
    broken = chat;
    broken.messages.emplace_back(Role::user, "\xC0");
    CHECK(blamed(broken).find("messages[1]") != std::string::npos);
    broken = chat;
    broken.tools.emplace_back();
    CHECK(blamed(broken).find("tools[0].name") != std::string::npos);
    broken.tools.back().raw = "7";
    CHECK(blamed(broken).find("tools[0].raw") != std::string::npos);
    broken = chat;
    broken.tool_choice.emplace().kind = ToolChoice::Kind::named;
    CHECK(blamed(broken).find("tool_choice.name") != std::string::npos);
    broken = chat;
    broken.response_format.emplace().kind = ResponseFormat::Kind::json_schema;
    broken.response_format->schema = "nonsense";
    CHECK(blamed(broken).find("response_format.schema") != std::string::npos);
}

TEST_CASE("events are chunks in OpenAI's form, and chunks put together are the reply") {
    ChatReply so_far;
    so_far.id = "c1";
    so_far.model = "m";
    so_far.created = 7;
    auto const chunk = [&](ChatEvent const& event) { return json_form::write_chunk(event, so_far); };
    std::string const head = R"({"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[)";
    ReplyStarted started;
    CHECK(Json::parse(chunk(started)) ==
          Json::parse(head + R"({"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})"));
    CHECK(Json::parse(chunk(TextDelta(0, "a\"b"))) ==
          Json::parse(head + R"({"index":0,"delta":{"content":"a\"b"},"finish_reason":null}]})"));
    so_far.choices.emplace_back().index = 1;
    so_far.choices.back().message = Message(Role::assistant, "x");
    CHECK(Json::parse(chunk(TextDelta(1, "x"))) ==
          Json::parse(head + R"({"index":1,"delta":{"role":"assistant","content":"x"},"finish_reason":null}]})"));
    RefusalDelta refusal;
    refusal.text = "no";
    CHECK(Json::parse(chunk(refusal))["choices"].items.front()["delta"] == Json::parse(R"({"refusal":"no"})"));
    ReasoningDelta reasoning;
    reasoning.text = "hm";
    reasoning.source = "reasoning";
    CHECK(Json::parse(chunk(reasoning))["choices"].items.front()["delta"] == Json::parse(R"({"reasoning":"hm"})"));
    ToolCallProgress progress;
    progress.index = 1;
    progress.id = "t";
    progress.name = "f";
    CHECK(Json::parse(chunk(progress))["choices"].items.front()["delta"] ==
          Json::parse(
              R"({"tool_calls":[{"index":1,"id":"t","type":"function","function":{"name":"f","arguments":""}}]})"));
    ToolCallProgress piece;
    piece.index = 1;
    piece.arguments = "{}";
    CHECK(Json::parse(chunk(piece))["choices"].items.front()["delta"] ==
          Json::parse(R"({"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]})"));
    ChoiceFinished finished;
    finished.reason = FinishReason::length;
    finished.text = "max_tokens";
    CHECK(Json::parse(chunk(finished)) == Json::parse(head + R"({"index":0,"delta":{},"finish_reason":"length"}]})"));
    LogprobsDelta logprobs;
    logprobs.json = R"({"content":[]})";
    CHECK(Json::parse(chunk(logprobs))["choices"].items.front()["logprobs"] == Json::parse(R"({"content":[]})"));
    UsageUpdate usage;
    usage.usage.input = 3;
    usage.usage.cache_read = 2;
    usage.usage.output = 1;
    CHECK(Json::parse(chunk(usage))["usage"]["prompt_tokens"].number() == 5);
    CHECK(Json::parse(chunk(usage))["choices"].items.empty());
    ExtraDelta extra;
    extra.json = R"({"id":"not this","provider":"x"})";
    CHECK(Json::parse(chunk(extra))["provider"].text == "x");
    CHECK(Json::parse(chunk(extra))["id"].text == "c1");
    extra.choice = 0;
    CHECK(Json::parse(chunk(extra))["choices"].items.front()["delta"]["provider"].text == "x");
    extra.beside = true;
    CHECK(Json::parse(chunk(extra))["choices"].items.front()["provider"].text == "x");
    CHECK(chunk(ToolCallReady()).empty());
    CHECK(chunk(Finished()).empty());
    CHECK(chunk(UsageUpdate()).empty());
}

TEST_CASE("a reply of another dialect is written in OpenAI's words") {
    ChatReply reply;
    reply.id = "msg_1";
    Choice& choice = reply.choices.emplace_back();
    choice.message = Message(Role::assistant, "Hi");
    choice.finish = FinishReason::length;
    choice.finish_text = "max_tokens";
    reply.usage.input = 5;
    reply.usage.cache_read = 3;
    reply.usage.cache_write_1h = 2;
    reply.usage.output = 7;
    reply.usage.reasoning = 4;
    reply.usage.raw = R"({"input_tokens":5,"output_tokens":7})";
    Json const json = Json::parse(json_form::write_reply(reply));
    CHECK(json["choices"].items.front()["finish_reason"].text == "length");
    CHECK(json["usage"]["prompt_tokens"].number() == 10);
    CHECK(json["usage"]["completion_tokens"].number() == 7);
    CHECK(json["usage"]["total_tokens"].number() == 17);
    CHECK(json["usage"]["prompt_tokens_details"]["cached_tokens"].number() == 3);
    CHECK(json["usage"]["completion_tokens_details"]["reasoning_tokens"].number() == 4);
    CHECK(json["choices"].items.front()["message"] == Json::parse(R"({"role":"assistant","content":"Hi"})"));
}

TEST_CASE("the aikit object of a reply tells everything about the call") {
    CallInfo info;
    info.request_id = "r";
    info.provider = "p";
    info.model = "m";
    info.usage.input = 3;
    info.usage.estimated = true;
    info.usage.output_at_most = 9;
    info.cost = Money::nanos(1'250'000);
    info.cost_exact = true;
    info.price_id = "price";
    info.warnings = {"careful"};
    info.repairs = 1;
    info.route = R"({"why":"cheap"})";
    info.cache = "miss";
    Attempt& attempt = info.attempts.emplace_back();
    attempt.provider = "p";
    attempt.model = "m";
    attempt.outcome = "rate_limited";
    attempt.error = Errc::rate_limited;
    attempt.http_status = 429;
    attempt.provider_request_id = "req";
    attempt.latency = std::chrono::microseconds(1'500'000);
    attempt.usage.output = 2;

    Json const json = Json::parse(json_form::write_info(info, true));

    std::set<std::string> members;
    for (auto const& member : json.members) members.insert(member.first);
    CHECK(members == std::set<std::string>{"request_id", "provider", "model", "complete", "usage", "cost", "attempts",
                                           "warnings", "repairs", "route", "cache"});
    CHECK(json["complete"].yes);
    CHECK(json["usage"]["input"].number() == 3);
    CHECK(json["usage"]["estimated"].yes);
    CHECK(json["usage"]["output_at_least"].number() == 0);
    CHECK(json["usage"]["output_at_most"].number() == 9);
    CHECK_FALSE(json["attempts"].items.front()["usage"].has("output_at_most"));
    CHECK(json["cost"] == Json::parse(R"({"usd":"0.00125","exact":true,"price_id":"price"})"));
    CHECK(json["warnings"].items.front().text == "careful");
    CHECK(json["repairs"].number() == 1);
    CHECK(json["route"]["why"].text == "cheap");
    Json const& row = json["attempts"].items.front();
    CHECK(row["error"].text == "rate_limited");
    CHECK(row["http_status"].number() == 429);
    CHECK(row["latency"].number() == 1.5);
    CHECK(row["first_token"].is_null());
    CHECK(row["cost"].is_null());
    CHECK(row["started"].text == "1970-01-01T00:00:00Z");

    Json const bare = Json::parse(json_form::write_info(CallInfo(), false));
    CHECK(!bare["complete"].yes);
    CHECK(bare["cost"].is_null());
    CHECK(bare["route"].is_null());
    CHECK(bare["cache"].is_null());
}

TEST_CASE("an error in JSON says all but the provider's words") {
    Error error = fail(Errc::rate_limited, "Slow down.", "their words");
    error.provider = "p";
    error.http_status = 429;
    error.provider_code = "rate_limit_exceeded";
    error.request_id = "req";
    error.retry_after = milliseconds(174);
    CHECK(Json::parse(json_form::write_error(error)) ==
          Json::parse(R"({"code":"rate_limited","message":"Slow down.","provider":"p","http_status":429,
            "provider_code":"rate_limit_exceeded","request_id":"req","retryable":true,"retry_after_ms":174})"));
    CHECK(Json::parse(json_form::write_error(fail(Errc::invalid_argument, "No."))) ==
          Json::parse(R"({"code":"invalid_argument","message":"No.","provider":null,"http_status":null,
            "provider_code":null,"request_id":null,"retryable":false,"retry_after_ms":null})"));
}

TEST_CASE("embedding requests are read strictly and vectors written exactly") {
    CallOptions options;
    Result<EmbedRequest> const request_read = json_form::read_embed(
        R"({"model":"e","input":["a","b"],"dimensions":3,"user":"u","aikit":{"purpose":"query","priority":5}})",
        options);
    REQUIRE(request_read.has_value());
    CHECK(request_read->inputs.size() == 2);
    CHECK(request_read->dimensions == 3);
    CHECK(request_read->purpose == "query");
    CHECK(options.priority == 5);
    CHECK(Json::parse(request_read->extra) == Json::parse(R"({"user":"u"})"));
    for (auto const& [json, member] :
         std::vector<std::pair<std::string, std::string>>{{R"({"model":"e"})", "input"},
                                                          {R"({"input":7})", "input"},
                                                          {R"({"input":[]})", "input"},
                                                          {R"({"input":["a",7]})", "input[1]"},
                                                          {R"({"input":"a","dimensions":0})", "dimensions"},
                                                          {R"({"input":"a","aikit":{"odd":1}})", "aikit.odd"}}) {
        Result<EmbedRequest> const read = json_form::read_embed(json);
        REQUIRE(!read.has_value());
        CHECK(read.error().message.find(member) != std::string::npos);
    }
    EmbedReply reply;
    reply.model = "e";
    reply.vectors = {{0.1F, -1, 1e-20F}, {3.4028235e38F, 0, 0.333333343F}};
    Json const json = Json::parse(json_form::write_embeddings(reply));
    for (std::size_t i = 0; i < 2; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
            std::string const& text = json["data"].items[i]["embedding"].items[j].text;
            CHECK(std::strtof(text.c_str(), nullptr) == reply.vectors[i][j]);
        }
        CHECK(json["data"].items[i]["index"].number() == static_cast<double>(i));
    }
    CHECK(json["object"].text == "list");
}

TEST_CASE("moderation requests are texts or one message of parts") {
    Result<ModerateRequest> const texts = json_form::read_moderate(R"({"input":["a","b"],"model":"o"})");
    REQUIRE(texts.has_value());
    CHECK(texts->inputs.size() == 2);
    CHECK(!texts->together);
    CHECK(texts->model == "o");
    Result<ModerateRequest> const parts = json_form::read_moderate(
        R"({"input":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"https://x"}}]})");
    REQUIRE(parts.has_value());
    CHECK(parts->together);
    CHECK(json_form::read_moderate(R"({"input":"a"})")->inputs.size() == 1);
    for (std::string const json : {R"({})", R"({"input":7})", R"({"input":[]})", R"({"input":["a",{"type":"text"}]})",
                                   R"({"input":[{"type":"text","text":"a"},"b"]})"}) {
        CAPTURE(json);
        CHECK(!json_form::read_moderate(json).has_value());
    }
}
