// SPDX-License-Identifier: MIT
// Covers src/provider/openai_responses: what is sent for a request, what is made of answers, and streams that are cut,
// numbered twice or wrong.
#include "decoding.hpp"
#include "openai_support.hpp"
#include "provider/openai_responses/stream.hpp"
#include "provider/openai_responses/wire.hpp"
#include "provider/openai_wire/wire.hpp"

#include <aikit/provider/azure.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using namespace aikit;
using aikit_test::Came;
using aikit_test::Json;
using aikit_test::Recorded;
using provider::carrier::Encoded;
using provider::carrier::Exchange;
using provider::openai_responses::StreamDecoder;

namespace {

Exchange exchange() {
    return aikit_test::plain_exchange("openai");
}

Result<Encoded> encode(ChatRequest const& request, bool streaming = false) {
    return provider::openai_responses::encode_chat(request, {}, streaming);
}

Json sent(ChatRequest const& request, bool streaming = false) {
    Result<Encoded> const encoded = encode(request, streaming);
    REQUIRE(encoded.has_value());
    return Json::parse(encoded->body);
}

std::vector<std::string> warned(ChatRequest const& request) {
    Result<Encoded> const encoded = encode(request);
    REQUIRE(encoded.has_value());
    return encoded->warnings;
}

Errc refused(ChatRequest const& request) {
    Result<Encoded> const encoded = encode(request);
    return encoded ? Errc{} : encoded.error().code;
}

ChatRequest hello(std::string model = "gpt-4.1") {
    return ChatRequest(std::move(model), "Hello");
}

/// A request in OpenAI's chat form.
ChatRequest request_of(std::string const& json) {
    Result<json_form::ChatCall> const call = json_form::read_chat(json);
    REQUIRE(call.has_value());
    return call->request;
}

Came decode(std::string_view body, std::size_t piece = 1'000'000) {
    return aikit_test::decode_as<StreamDecoder>("openai", body, piece);
}

Result<ChatReply> reply_of(std::string const& body) {
    return provider::openai_responses::decode_chat(exchange(), body);
}

std::string response(std::string const& output, std::string const& status = "completed", std::string const& more = "") {
    return R"({"id":"resp_1","object":"response","created_at":7,"model":"m","status":")" + status + R"(","output":[)" +
           output + "]" + more + "}";
}

std::string event(std::string const& type, std::string const& members) {
    return "event: " + type + "\ndata: {\"type\":\"" + type + "\"," + members + "}\n\n";
}

std::string const created = event("response.created", "\"response\":" + response("", "in_progress"));

std::string text_item(std::string const& text) {
    return R"({"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text",)"
           R"("annotations":[],"text":")" +
           text + "\"}]}";
}

std::string text_delta(std::string const& text, std::string const& more = "") {
    return event("response.output_text.delta",
                 R"("item_id":"msg_1","output_index":0,"content_index":0,"delta":")" + text + "\"" + more);
}

std::string call_item(std::string const& arguments, std::string const& status = "completed") {
    return R"({"id":"fc_1","type":"function_call","status":")" + status +
           R"(","call_id":"call_1","name":"f","arguments":")" + arguments + "\"}";
}

std::string item(std::string const& when, std::string const& what, int index = 0) {
    return event("response.output_item." + when, "\"output_index\":" + std::to_string(index) + ",\"item\":" + what);
}

std::string ended(std::string const& output, std::string const& status = "completed", std::string const& more = "") {
    return event("response." + status, "\"response\":" + response(output, status, more));
}

std::vector<Recorded> recorded_exchanges() {
    std::vector<Recorded> all;
    for (std::string const folder : {"openai", "azure"}) {
        for (Recorded& one : aikit_test::recordings(folder)) {
            bool const ours = one.path.find("/responses") != std::string::npos &&
                              one.path.find("input_tokens") == std::string::npos &&
                              one.body.find("\"chat.completion.chunk\"") == std::string::npos;
            if (ours) all.push_back(std::move(one));
        }
    }
    return all;
}

bool have_recordings() {
    bool const there = std::filesystem::is_directory(aikit_test::recordings_folder());
    if (!there) MESSAGE("skipped: there are no recordings beside the repository");
    return there;
}

}  // namespace

// ---- what is sent ----

TEST_CASE("every turn of a conversation has its item, in the order in which it was said") {
    ChatRequest request("gpt-5", "Look at this");
    MediaPart picture;
    picture.bytes = std::make_shared<std::string const>("PNG");
    picture.media_type = "image/png";
    picture.detail = "low";
    MediaPart stored;
    stored.file_id = "file-1";
    MediaPart paper;
    paper.kind = MediaPart::Kind::document;
    paper.bytes = std::make_shared<std::string const>("PDF");
    paper.media_type = "application/pdf";
    MediaPart far;
    far.kind = MediaPart::Kind::document;
    far.url = "https://example.com/a.pdf";
    MediaPart sound;
    sound.kind = MediaPart::Kind::audio;
    sound.bytes = std::make_shared<std::string const>("WAV");
    sound.media_type = "audio/wav";
    for (MediaPart const& part : {picture, stored, paper, far, sound})
        request.messages.front().parts.emplace_back(part);
    Message& answer = request.messages.emplace_back(Role::assistant, "I call");
    ToolCall call;
    call.id = "call_1";
    call.name = "f";
    call.arguments = "{\"a\":1}";
    answer.parts.emplace_back(call);
    call.id = "call_2";
    call.custom = true;
    call.arguments = "4 + 4";
    answer.parts.emplace_back(call);
    Message& results = request.messages.emplace_back(Role::tool);
    ToolResult result;
    result.call_id = "call_1";
    result.content.emplace_back(TextPart("one"));
    result.content.emplace_back(picture);
    results.parts.emplace_back(result);
    result.call_id = "call_2";
    result.content.resize(1);
    results.parts.emplace_back(result);
    request.messages.insert(request.messages.begin(), Message(Role::system, "Be brief"));

    Json const body = sent(request);

    std::vector<Json> const& input = body["input"].items;
    REQUIRE(input.size() == 7);
    CHECK(input[0].dump() == R"({"content":"Be brief","role":"system"})");
    CHECK(input[1]["content"].dump() ==
          R"([{"text":"Look at this","type":"input_text"},)"
          R"({"detail":"low","image_url":"data:image/png;base64,UE5H","type":"input_image"},)"
          R"({"file_id":"file-1","type":"input_image"},)"
          R"({"file_data":"data:application/pdf;base64,UERG","filename":"document.pdf","type":"input_file"},)"
          R"({"file_url":"https://example.com/a.pdf","type":"input_file"},)"
          R"({"input_audio":{"data":"V0FW","format":"wav"},"type":"input_audio"}])");
    CHECK(input[2].dump() == R"({"content":"I call","role":"assistant","type":"message"})");
    CHECK(input[3].dump() == R"({"arguments":"{\"a\":1}","call_id":"call_1","name":"f","type":"function_call"})");
    CHECK(input[4].dump() == R"({"call_id":"call_2","input":"4 + 4","name":"f","type":"custom_tool_call"})");
    CHECK(
        input[5].dump() ==
        R"({"call_id":"call_1","output":[{"text":"one","type":"input_text"},)"
        R"({"detail":"low","image_url":"data:image/png;base64,UE5H","type":"input_image"}],"type":"function_call_output"})");
    CHECK(input[6].dump() == R"({"call_id":"call_2","output":"one","type":"custom_tool_call_output"})");
}

TEST_CASE("parameters go under the names that this API has for them") {
    ChatRequest request = request_of(
        R"({"model":"gpt-5","messages":[{"role":"user","content":"Hi"}],"max_completion_tokens":50,"temperature":0.5,"top_p":0.9,)"
        R"("top_logprobs":3,"logprobs":true,"reasoning_effort":"low","parallel_tool_calls":false,"service_tier":"flex",)"
        R"("verbosity":"high","store":false,"include":["reasoning.encrypted_content"],"reasoning":{"summary":"auto"},)"
        R"("text":{"x":1},"previous_response_id":"resp_0","newer":2,"user":null,)"
        R"("tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},)"
        R"({"type":"function","function":{"name":"g"}},{"type":"web_search","search_context_size":"low"},)"
        R"({"type":"custom","custom":{"name":"c","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"s: A"}}}}],)"
        R"("tool_choice":{"type":"function","function":{"name":"f"}},)"
        R"("response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}}})");

    Json const body = sent(request);

    CHECK(body["max_output_tokens"].text == "50");
    CHECK(!body.has("max_completion_tokens"));
    CHECK(body["temperature"].number() == 0.5);
    CHECK(body["top_p"].number() == 0.9);
    CHECK(body["top_logprobs"].text == "3");
    CHECK(!body.has("logprobs"));
    CHECK(body["include"].dump() == R"(["reasoning.encrypted_content","message.output_text.logprobs"])");
    CHECK(body["reasoning"].dump() == R"({"effort":"low","summary":"auto"})");
    CHECK(
        body["text"].dump() ==
        R"({"format":{"name":"n","schema":{"type":"object"},"strict":true,"type":"json_schema"},"verbosity":"high","x":1})");
    CHECK(body["parallel_tool_calls"].dump() == "false");
    CHECK(body["service_tier"].text == "flex");
    CHECK(body["store"].dump() == "false");
    CHECK(body["previous_response_id"].text == "resp_0");
    CHECK(body["newer"].text == "2");
    CHECK(!body.has("user"));
    CHECK(body["tools"].items.at(0).dump() ==
          R"({"description":"d","name":"f","parameters":{"type":"object"},"strict":true,"type":"function"})");
    CHECK(body["tools"].items.at(1)["parameters"]["type"].text == "object");
    CHECK(body["tools"].items.at(2).dump() == R"({"search_context_size":"low","type":"web_search"})");
    CHECK(body["tools"].items.at(3).dump() ==
          R"({"format":{"definition":"s: A","syntax":"lark","type":"grammar"},"name":"c","type":"custom"})");
    CHECK(body["tool_choice"].dump() == R"({"name":"f","type":"function"})");
    CHECK(warned(request).empty());
    CHECK(!body.has("stream"));
    CHECK(sent(request, true)["stream"].dump() == "true");
}

TEST_CASE("parameters that this API has not are named in a warning each, and not sent") {
    std::vector<std::pair<std::string, std::string>> const lost{
        {"stop", R"(["x"])"},          {"seed", "7"},
        {"presence_penalty", "0.5"},   {"frequency_penalty", "0.5"},
        {"logit_bias", R"({"1":2})"},  {"modalities", R"(["text"])"},
        {"prediction", R"({"a":1})"},  {"audio", R"({"voice":"v"})"},
        {"functions", R"([{"a":1}])"}, {"web_search_options", R"({"a":1})"},
    };
    for (auto const& [name, value] : lost) {
        CAPTURE(name);
        ChatRequest const request =
            request_of(R"({"model":"m","messages":[{"role":"user","content":"Hi"}],")" + name + "\":" + value + "}");
        CHECK(!sent(request).has(name));
        std::vector<std::string> const warnings = warned(request);
        REQUIRE(warnings.size() == 1);
        CHECK(warnings.front().find(name) != std::string::npos);
    }
    ChatRequest many = hello();
    many.n = 2;
    CHECK(refused(many) == Errc::unsupported);
    many.n = 1;
    CHECK(warned(many).empty());
}

TEST_CASE("what makes no sense is refused before anything is sent, naming the field") {
    ChatRequest empty = hello();
    empty.messages.clear();
    CHECK(refused(empty) == Errc::invalid_argument);
    empty.extra = R"({"prompt":{"id":"pmpt_1"}})";
    CHECK(!sent(empty).has("input"));
    ChatRequest text = hello();
    text.messages.front().parts.emplace_back(TextPart("\xFF"));
    CHECK(refused(text) == Errc::invalid_argument);
    ChatRequest extra = hello();
    extra.extra = "[1]";
    CHECK(refused(extra) == Errc::invalid_argument);
    ChatRequest sound = hello();
    MediaPart far;
    far.kind = MediaPart::Kind::audio;
    far.url = "https://example.com/a.wav";
    sound.messages.front().parts.emplace_back(far);
    CHECK(refused(sound) == Errc::unsupported);
    ChatRequest media = hello();
    media.messages.front().parts.emplace_back(MediaPart());
    CHECK(refused(media) == Errc::invalid_argument);
    ChatRequest mixed = hello();
    mixed.messages.emplace_back(Role::tool, "words");
    CHECK(refused(mixed) == Errc::invalid_argument);
    ChatRequest format = hello();
    format.response_format.emplace();
    format.response_format->kind = ResponseFormat::Kind::json_schema;
    format.response_format->schema = "no";
    CHECK(refused(format) == Errc::invalid_argument);
}

TEST_CASE("only reasoning that this API sealed goes back to it") {
    ChatRequest request = hello();
    Message& answer = request.messages.emplace_back(Role::assistant);
    ReasoningPart ours;
    ours.text = "hm";
    ours.signature = "sealed";
    ours.source = "encrypted_content";
    answer.parts.emplace_back(ours);
    ReasoningPart theirs;
    theirs.text = "ah";
    theirs.signature = "signed";
    answer.parts.emplace_back(theirs);
    answer.parts.emplace_back(TextPart("x"));

    std::vector<Json> const input = sent(request)["input"].items;

    REQUIRE(input.size() == 3);
    CHECK(input[1].dump() ==
          R"({"encrypted_content":"sealed","summary":[{"text":"hm","type":"summary_text"}],"type":"reasoning"})");
    CHECK(warned(request).size() == 1);
}

// ---- what is made of answers ----

TEST_CASE("searches that were made are counted by the size of their context, and pages that were opened are not") {
    std::string const call = R"({"type":"web_search_call","id":"w","status":)";
    std::string const items =
        call + R"("completed","action":{"type":"search"}},)" + call + R"("completed","action":{"type":"open_page"}},)" +
        call + R"("completed","action":{"type":"find_in_page"}},)" + call + R"("failed"},)" + call + R"("searching"})";
    for (auto const& [tools, piece] :
         {std::pair(R"("tools":[])", Piece::web_searches), std::pair(R"("tools":null)", Piece::web_searches),
          std::pair(R"("tools":[{"type":"web_search_preview","search_context_size":"low"}])", Piece::web_searches_low),
          std::pair(R"("tools":[{"type":"function"},{"type":"web_search","search_context_size":"high"}])",
                    Piece::web_searches_high),
          std::pair(R"("tools":[{"type":"web_search","search_context_size":"medium"}])", Piece::web_searches)}) {
        Result<ChatReply> const reply = reply_of(
            response(items, "completed", R"(,"usage":{"input_tokens":1,"output_tokens":1},)" + std::string(tools)));
        REQUIRE(reply.has_value());
        Pieces expected;
        expected[piece] = 2;
        CHECK(reply->usage.pieces == expected);
    }
}

TEST_CASE("a reply comes out with everything its items say, and goes back as it came") {
    std::string const items =
        R"({"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],)"
        R"("encrypted_content":"sealed"},{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search"}},)"
        R"({"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[)"
        R"({"type":"output_text","text":"Grüße ","annotations":[],"logprobs":[{"token":"x","logprob":-1}]},)"
        R"({"type":"output_text","text":"there","annotations":[{"type":"url_citation","start_index":0,"end_index":5,"url":"u"}]},)"
        R"({"type":"refusal","refusal":"no"}]},)" +
        call_item("") + R"(,{"id":"x","type":"newer","y":[1]})";
    Result<ChatReply> const reply = reply_of(response(
        items, "completed",
        R"(,"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":7,)"
        R"("output_tokens_details":{"reasoning_tokens":3},"total_tokens":17},"service_tier":"flex","tools":[1],"metadata":{},)"
        R"("store":true,"background":false)"));
    REQUIRE(reply.has_value());
    Choice const& choice = reply->choices.front();
    CHECK(reply->complete);
    CHECK(reply->id == "resp_1");
    CHECK(reply->created == 7);
    CHECK(reply->service_tier == "flex");
    CHECK(choice.message.text() == "Grüße there");
    CHECK(choice.message.refusal() == "no");
    CHECK(choice.message.reasoning() == "a\n\nb");
    CHECK(choice.finish == FinishReason::tool_calls);
    REQUIRE(choice.message.tool_calls().size() == 1);
    CHECK(choice.message.tool_calls().front().arguments == "{}");
    CHECK(choice.logprobs == R"({"content":[{"token":"x","logprob":-1}]})");
    CHECK(reply->usage.input == 6);
    CHECK(reply->usage.cache_read == 4);
    CHECK(reply->usage.output == 7);
    CHECK(reply->usage.reasoning == 3);
    CHECK(reply->usage.pieces[Piece::web_searches] == 1);
    CHECK(Json::parse(reply->extra).dump() == R"({"background":false,"status":"completed","store":true})");
    CHECK(Json::parse(choice.message.extra)["annotations"].dump() ==
          R"([{"type":"url_citation","url_citation":{"end_index":11,"start_index":6,"url":"u"}}])");

    ChatRequest next = hello();
    next.messages.push_back(choice.message);
    std::vector<Json> const back = sent(next)["input"].items;
    Json const all = Json::parse("[" + items + "]");
    REQUIRE(back.size() == all.items.size() + 1);
    for (std::size_t i = 0; i < all.items.size(); ++i) CHECK(back[i + 1] == all.items[i]);
    // The house form of the same message says it, too.
    ChatReply house = *reply;
    Json const written = Json::parse(json_form::write_reply(house))["choices"].items.front()["message"];
    ChatRequest const read =
        request_of(R"({"model":"m","messages":[{"role":"user","content":"Hello"},)" + written.dump() + "]}");
    CHECK(sent(read)["input"].items.size() == back.size());
}

TEST_CASE("each status of a response has its one meaning") {
    auto const finish = [](std::string const& status, std::string const& more = "") {
        Result<ChatReply> const reply = reply_of(response(text_item("x"), status, more));
        REQUIRE(reply.has_value());
        return std::pair(reply->choices.front().finish, reply->complete);
    };
    CHECK(finish("completed") == std::pair(FinishReason::stop, true));
    CHECK(finish("incomplete", R"(,"incomplete_details":{"reason":"max_output_tokens"})") ==
          std::pair(FinishReason::length, true));
    CHECK(finish("incomplete", R"(,"incomplete_details":{"reason":"content_filter"})") ==
          std::pair(FinishReason::content_filter, true));
    CHECK(finish("incomplete") == std::pair(FinishReason::unknown, true));
    CHECK(finish("queued") == std::pair(FinishReason::unknown, false));
    CHECK(finish("in_progress") == std::pair(FinishReason::unknown, false));
    CHECK(finish("cancelled") == std::pair(FinishReason::unknown, false));
    CHECK(!reply_of(R"({"id":"r","output":[]})").has_value());
}

TEST_CASE("a response that failed is the error of its code, also within HTTP 200") {
    struct Row {
        char const* code;
        Errc errc;
        bool again;
    };
    std::vector<Row> const rows{{"server_error", Errc::server_error, true},
                                {"rate_limit_exceeded", Errc::rate_limited, true},
                                {"vector_store_timeout", Errc::server_error, true},
                                {"insufficient_quota", Errc::quota_exceeded, false},
                                {"invalid_prompt", Errc::invalid_request, false},
                                {"image_too_large", Errc::invalid_request, false},
                                {"image_content_policy_violation", Errc::content_filtered, false}};
    for (Row const& row : rows) {
        CAPTURE(row.code);
        std::string const told = std::string(R"(,"error":{"code":")") + row.code + R"(","message":"words"})";
        Result<ChatReply> const reply = reply_of(response("", "failed", told));
        REQUIRE(!reply.has_value());
        CHECK(reply.error().code == row.errc);
        CHECK(reply.error().provider_code == row.code);
        CHECK(reply.error().remote_detail == "words");
        std::string const flat = std::string(R"("code":")") + row.code + R"(","message":"words","param":null)";
        for (std::string const& end :
             {ended("", "failed", told), event("error", flat), event("error", R"("error":{"type":"x",)" + flat + "}"),
              "data: {\"type\":\"error\"," + flat + "}\n\n"}) {
            Came const came = decode(created + text_delta("so far") + end);
            REQUIRE(came.error);
            CHECK(came.error->code == row.errc);
            CHECK(retryable(*came.error) == row.again);
            CHECK(came.error->maybe_executed);
            CHECK(came.reply.text() == "so far");
            CHECK(!came.reply.complete);
        }
    }
    CHECK(reply_of(response("", "failed")).error().code == Errc::server_error);
}

TEST_CASE("tool calls of a reply come out whole, and one that was cut is dropped or an error, by why it ended") {
    std::string const limit = R"(,"incomplete_details":{"reason":"max_output_tokens"})";
    for (std::string const arguments : {R"({\"a\":)", R"({\"a\":1})"}) {
        Result<ChatReply> const cut = reply_of(response(call_item(arguments, "incomplete"), "incomplete", limit));
        REQUIRE(cut.has_value());
        CHECK(cut->choices.front().message.tool_calls().empty());
        CHECK(cut->choices.front().finish == FinishReason::length);
        CHECK(cut->info.warnings.size() == 1);
        ChatRequest next = hello();
        next.messages.push_back(cut->choices.front().message);
        CHECK(sent(next)["input"].items.size() == 1);
    }
    CHECK(!reply_of(response(call_item(R"({\"a\":)"))).has_value());
    CHECK(reply_of(response(call_item(R"({\"a\":1})")))->choices.front().message.tool_calls().size() == 1);
    Came const stream =
        decode(created + item("added", call_item("", "in_progress")) +
               event("response.function_call_arguments.delta", R"("output_index":0,"delta":"{\"a\":")") +
               ended(call_item(R"({\"a\":)", "incomplete"), "incomplete", limit));
    CHECK(!stream.error);
    CHECK(stream.reply.complete);
    CHECK(stream.reply.choices.front().message.tool_calls().empty());
}

TEST_CASE("reasoning that its provider did not keep and did not seal is not sent back") {
    std::string const items = R"({"id":"rs_1","type":"reasoning","summary":[]},)" + text_item("x");
    for (bool const stored : {true, false}) {
        Result<ChatReply> const reply =
            reply_of(response(items, "completed", stored ? R"(,"store":true)" : R"(,"store":false)"));
        REQUIRE(reply.has_value());
        ChatRequest next = hello();
        next.messages.push_back(reply->choices.front().message);
        CHECK(sent(next)["input"].items.size() == (stored ? 3 : 2));
        next.extra = R"({"store":false})";
        CHECK(sent(next)["input"].items.size() == 2);
    }
}

// ---- streams ----

TEST_CASE("a stream of a response is whole only with its last event, whatever else ends it") {
    std::string const pieces = created + text_delta("a") + text_delta("b");
    CHECK(decode(pieces + ended(text_item("ab"))).reply.complete);
    CHECK(decode(pieces + ended(text_item("ab"), "incomplete")).reply.complete);
    for (std::string const& end : {std::string(), std::string("data: [DONE]\n\n"), item("done", text_item("ab")),
                                   event("response.output_text.done", R"("output_index":0,"text":"ab")")}) {
        Came const came = decode(pieces + end);
        REQUIRE(came.error);
        CHECK(came.error->code == Errc::incomplete);
        CHECK(came.reply.text() == "ab");
    }
    CHECK(decode(response("", "queued")).error->code == Errc::incomplete);
    CHECK(decode(response(text_item("ab"))).reply.text() == "ab");
}

TEST_CASE("what the end of a stream says beyond its pieces is told, and what contradicts them is an error") {
    CHECK(decode(created + ended(text_item("all"))).reply.text() == "all");
    CHECK(decode(created + text_delta("al") + ended(text_item("all"))).reply.text() == "all");
    for (std::string const& pieces : {text_delta("ll"), text_delta("alx"), text_delta("all!")}) {
        Came const came = decode(created + pieces + ended(text_item("all")));
        REQUIRE(came.error);
        CHECK(came.error->code == Errc::protocol);
    }
    // Taken up in the middle, a stream has the end of the text only; the caller has what stands before.
    Came const later = decode(text_delta("ll") + ended(text_item("all")));
    CHECK(!later.error);
    CHECK(later.reply.text() == "ll");
    CHECK(later.reply.id == "resp_1");
    // A server whose end has no output has said it in the items.
    Came const items = decode(created + text_delta("all") + item("done", text_item("all")) +
                              item("done", call_item("{}"), 1) + ended(""));
    CHECK(!items.error);
    CHECK(items.reply.text() == "all");
    CHECK(items.reply.choices.front().message.tool_calls().size() == 1);
    Came const call =
        decode(created + item("added", call_item("")) +
               event("response.function_call_arguments.delta", R"("output_index":0,"delta":"{\"b\":1}")") +
               item("done", call_item(R"({\"a\":1})")) + ended(call_item(R"({\"a\":1})")));
    REQUIRE(call.error);
    CHECK(call.error->code == Errc::protocol);
}

TEST_CASE("an event that comes again is not taken twice, and a server that does not count is understood") {
    auto const numbered = [](std::string const& text, int number) {
        return text_delta(text, ",\"sequence_number\":" + std::to_string(number));
    };
    std::string const twice = created + numbered("a", 1) + numbered("b", 2) + numbered("a", 1) + numbered("b", 2) +
                              numbered("c", 3) + ended(text_item("abc"));
    CHECK(decode(twice).reply.text() == "abc");
    CHECK(decode(twice).reply.complete);
    std::string const uncounted = created + numbered("a", 0) + numbered("b", 0) + ended(text_item("ab"));
    CHECK(decode(uncounted).reply.text() == "ab");
}

TEST_CASE("events that are newer than this program are passed over") {
    std::string const newer = event("response.newer.delta", R"("delta":"x")") + event("keepalive", R"("a":1)") +
                              event("response.web_search_call.searching", R"("output_index":3)");
    CHECK(decode(newer + created + newer + text_delta("a") + newer + ended(text_item("a"))).reply.text() == "a");
}

TEST_CASE("a stream of a response that makes no sense is a protocol error, and never whole") {
    std::vector<std::string> const all{
        "data: [1]\n\n",
        "data: {\"a\":1}\n\n",
        created + event("response.output_text.delta", R"("output_index":0)"),
        created + event("response.output_text.delta", R"("output_index":0,"delta":7)"),
        created + event("response.output_item.added", R"("output_index":0)"),
        created + event("response.output_item.added", R"("output_index":"x","item":{})"),
        created + event("response.function_call_arguments.delta", R"("output_index":0,"delta":"x")"),
        created + event("response.completed", R"("response":7)"),
        created + event("response.completed", R"("response":{"status":"completed"})"),
        created + item("added", text_item("x")) + ended(""),
        event("response.created", R"("response":null)"),
    };
    for (std::string const& body : all) {
        CAPTURE(body);
        Came const came = decode(body);
        REQUIRE(came.error);
        CHECK(came.error->code == Errc::protocol);
        CHECK(!came.reply.complete);
    }
}

TEST_CASE("thoughts of a stream come with their seal, and what is sealed goes back") {
    std::string const thought =
        R"({"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"ab"},{"type":"summary_text","text":"c"}],)"
        R"("encrypted_content":"sealed"})";
    auto const piece = [](int part, std::string const& text) {
        return event("response.reasoning_summary_text.delta",
                     R"("output_index":0,"summary_index":)" + std::to_string(part) + R"(,"delta":")" + text + "\"");
    };
    Came const came = decode(created + item("added", R"({"id":"rs_1","type":"reasoning","summary":[]})") +
                             piece(0, "a") + piece(0, "b") + piece(1, "c") + item("done", thought) + text_delta("x") +
                             ended(thought + "," + text_item("x")));
    REQUIRE(!came.error);
    Message const& message = came.reply.choices.front().message;
    CHECK(message.reasoning() == "ab\n\nc");
    auto const* part = std::get_if<ReasoningPart>(&message.parts.front());
    REQUIRE(part != nullptr);
    CHECK(part->signature == "sealed");
    CHECK(part->source == "encrypted_content");
    ChatRequest next = hello();
    next.messages.push_back(message);
    CHECK(sent(next)["input"].items.at(1) == Json::parse(thought));
}

TEST_CASE("a recorded response comes out the same in pieces of any size, and cut anywhere it is never whole") {
    if (!have_recordings()) return;
    int streams = 0;
    std::int64_t cuts = 0;
    for (Recorded const& recorded : recorded_exchanges()) {
        if (recorded.status != 200 || recorded.body.find("event:") > 5) continue;
        CAPTURE(recorded.name);
        bool const fails = recorded.body.find("event: error") != std::string::npos;
        Came const whole = decode(recorded.body);
        CHECK(bool(whole.error) == fails);
        CHECK(whole.reply.complete == !fails);
        CHECK(check(whole.reply.usage).has_value());
        std::string const written = json_form::write_reply(whole.reply);
        for (std::size_t const piece : {1U, 2U, 3U, 7U, 64U, 1'000U}) {
            CHECK(json_form::write_reply(decode(recorded.body, piece).reply) == written);
        }
        std::size_t const end = recorded.body.rfind(fails ? "event: error" : "event: response.");
        std::size_t const last = recorded.body.find('\n', recorded.body.find("data:", end));
        std::size_t const step = recorded.body.size() > 20'000 ? 97 : 1;
        for (std::size_t at = 0; at < last - 1; at += step) {
            Came const came = decode(std::string_view(recorded.body).substr(0, at), 65'536);
            CHECK(!came.reply.complete);
            REQUIRE(came.error);
            bool const in_error = fails && at > end;
            CHECK((in_error || came.error->code == Errc::incomplete));
            ++cuts;
        }
        ++streams;
    }
    MESSAGE("streams: " << streams << ", cuts: " << cuts);
    CHECK(streams > 10);
}

TEST_CASE(
    "each member of each recorded response deleted, null or of another kind makes up nothing and crashes nothing") {
    if (!have_recordings()) return;
    std::int64_t tried = 0;
    std::int64_t whole = 0;
    auto const look = [&](std::vector<Json> const& events, std::string const& text) {
        std::string body;
        for (Json const& one : events) body += "data: " + one.dump() + "\n\n";
        Came const came = decode(body, 65'536);
        CHECK(came.reply.complete == !came.error);
        if (came.reply.complete) CHECK(came.reply.text() == text);
        whole += came.reply.complete ? 1 : 0;
        ++tried;
    };
    for (Recorded const& recorded : recorded_exchanges()) {
        bool const stream = recorded.status == 200 && recorded.body.find("event:") < 5;
        if (!stream || recorded.body.size() > 12'000) continue;
        CAPTURE(recorded.name);
        std::string const text = decode(recorded.body).reply.text();
        std::vector<Json> events;
        for (std::string const& data : aikit_test::event_data(recorded.body)) events.push_back(Json::parse(data));
        for (std::size_t i = 0; i + 1 < events.size(); ++i) {
            Json const kept = events[i];
            for (auto const& member : kept.members) {
                std::string const& name = member.first;
                if (name == "type") continue;
                events[i].members.erase(name);
                look(events, text);
                for (std::string const other : {"null", "7", "[]", "{}", "\"\"", "true"}) {
                    events[i] = kept;
                    events[i].members[name] = Json::parse(other);
                    look(events, text);
                }
                events[i] = kept;
            }
        }
    }
    MESSAGE("damaged streams: " << tried << ", of which whole: " << whole);
    CHECK(tried > 1'000);
}

// ---- the adapters ----

TEST_CASE("both adapters ask the Responses API where they are told to, and everything else as before") {
    provider::OpenAiConfig config = aikit_test::FakeOpenAi::defaults();
    config.api = provider::OpenAiConfig::Api::responses;
    aikit_test::FakeOpenAi openai(config);
    auto const asked = [&] { return openai.transport->sent().back().url; };
    openai.transport->reply(200, response(text_item("Hi")));
    Result<ChatReply> const reply = openai.chat(hello());
    REQUIRE(reply.has_value());
    CHECK(reply->text() == "Hi");
    CHECK(asked() == "https://api.openai.com/v1/responses");
    openai.transport->reply(200, created + text_delta("Hi") + ended(text_item("Hi")));
    CHECK(openai.stream(hello())->text() == "Hi");
    CHECK(asked() == "https://api.openai.com/v1/responses");
    openai.transport->reply(200, R"({"object":"list","data":[]})");
    CHECK(testing::run(openai.provider->models(CallOptions())).has_value());
    CHECK(asked() == "https://api.openai.com/v1/models");
    ChatRequest nameless = hello();
    nameless.model.clear();
    CHECK(openai.chat(nameless).error().code == Errc::invalid_argument);

    provider::AzureConfig azure;
    azure.base_url = "https://x.openai.azure.com/models";
    azure.api_version = "2024-05-01-preview";
    azure.api_key = Secret("k");
    azure.api = provider::AzureConfig::Api::responses;
    Result<std::shared_ptr<AIProvider>> const none = provider::make_azure(azure, openai.runtime, openai.transport);
    REQUIRE(!none.has_value());
    CHECK(none.error().message.find("api") != std::string::npos);
}

TEST_CASE("parameters that a reasoning model does not take are left out, unless they were given verbatim") {
    ChatRequest request = hello("gpt-5-mini");
    request.temperature = 0.5;
    for (bool const verbatim : {false, true}) {
        request.verbatim = verbatim;
        Result<Encoded> const encoded =
            provider::openai_responses::encode_chat(request, provider::openai_wire::left_out(request), false);
        REQUIRE(encoded.has_value());
        CHECK(Json::parse(encoded->body).has("temperature") == verbatim);
        CHECK(encoded->warnings.size() == (verbatim ? 0 : 1));
    }
}
