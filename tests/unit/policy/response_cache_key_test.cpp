// SPDX-License-Identifier: MIT
// Covers src/policy/response_cache_key.hpp: nothing that shapes an answer may be overlooked.
#include "policy/response_cache_key.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <tuple>

namespace aikit::policy {
namespace {

// ---- every field, once ----

void change(std::string& text) {
    text += "x";
}
void change(bool& value) {
    value = !value;
}
void change(int& value) {
    ++value;
}
void change(double& value) {
    value += 0.125;
}
void change(std::int64_t& value) {
    ++value;
}
template <class T>
requires std::is_enum_v<T>
void change(T& value) {
    value = static_cast<T>(static_cast<int>(value) == 0 ? 1 : 0);
}
void change(std::shared_ptr<std::string const>& bytes) {
    bytes = std::make_shared<std::string const>(bytes ? *bytes + "x" : "x");
}
void change(ResponseFormat& format) {
    change(format.schema);
    change(format.name);
}
void change(ToolChoice& choice) {
    change(choice.kind);
    change(choice.name);
}
template <class T>
void change(std::optional<T>& value) {
    if (!value) {
        value.emplace();
    } else {
        change(*value);
    }
}
template <class T>
void change(std::vector<T>& list) {
    list.emplace_back();
}

/// Calls `with` for each field of what a chat is made of, the nested ones too. A struct that gets a field fails to
/// compile here.
template <class With>
void each_field(ChatRequest& request, With const& with) {
    auto& [model, messages, max_tokens, max_tokens_name, temperature, top_p, presence_penalty, frequency_penalty, seed,
           n, stop, logprobs, top_logprobs, reasoning_effort, tools, tool_choice, parallel_tool_calls, response_format,
           service_tier, verbatim, extra] = request;
    auto const all = [&with](auto&... fields) { (with(fields), ...); };
    all(model, messages, max_tokens, max_tokens_name, temperature, top_p, presence_penalty, frequency_penalty, seed, n,
        stop, logprobs, top_logprobs, reasoning_effort, tools, tool_choice, parallel_tool_calls, response_format,
        service_tier, verbatim, extra);
    for (ToolSpec& tool : tools) {
        auto& [name, description, parameters, strict, raw] = tool;
        all(name, description, parameters, strict, raw);
    }
    if (tool_choice) {
        auto& [kind, name, raw] = *tool_choice;
        all(kind, name, raw);
    }
    if (response_format) {
        auto& [kind, name, description, schema, strict] = *response_format;
        all(kind, name, description, schema, strict);
    }
    auto const media = [&all](MediaPart& part) {
        auto& [kind, bytes, url, file_id, media_type, name, detail, more] = part;
        all(kind, bytes, url, file_id, media_type, name, detail, more);
    };
    for (Message& message : messages) {
        auto& [role, parts, name, more] = message;
        all(role, parts, name, more);
        for (Part& part : parts) {
            if (auto* const text = std::get_if<TextPart>(&part)) all(text->text, text->extra);
            if (auto* const refusal = std::get_if<RefusalPart>(&part)) all(refusal->text, refusal->extra);
            if (auto* const one = std::get_if<MediaPart>(&part)) media(*one);
            if (auto* const thought = std::get_if<ReasoningPart>(&part)) {
                auto& [text, signature, redacted, source] = *thought;
                all(text, signature, redacted, source);
            }
            if (auto* const call = std::get_if<ToolCall>(&part)) {
                auto& [id, name_of, arguments, custom, extra_of] = *call;
                all(id, name_of, arguments, custom, extra_of);
            }
            if (auto* const result = std::get_if<ToolResult>(&part)) {
                auto& [call_id, content, failed] = *result;
                all(call_id, content, failed);
                for (auto& piece : content) {
                    if (auto* const text = std::get_if<TextPart>(&piece)) all(text->text, text->extra);
                    if (auto* const one = std::get_if<MediaPart>(&piece)) media(*one);
                }
            }
        }
    }
}

/// One of everything.
ChatRequest full_request() {
    ChatRequest request("m", "Hello");
    request.messages.emplace(request.messages.begin(), Role::system, "Be brief.");
    Message& turn = request.messages.emplace_back(Role::assistant);
    MediaPart image;
    image.bytes = std::make_shared<std::string const>("PNG");
    ToolResult result;
    result.content = {TextPart("r"), image};
    turn.parts = {TextPart("t"), image, ToolCall(), result, ReasoningPart(), RefusalPart()};
    request.tools.resize(2);
    request.tool_choice.emplace();
    request.response_format.emplace();
    return request;
}

CacheKey key(ChatRequest const& request, CallOptions const& options = CallOptions(), char const* provider = "p") {
    return cache_key(provider, request, options, CacheShare::user);
}

}  // namespace

TEST_CASE("a chat of which any field is another has another key") {
    std::size_t count = 0;
    ChatRequest counted = full_request();
    each_field(counted, [&count](auto&) { ++count; });
    CHECK(count > 80);
    std::set<CacheKey> seen{key(full_request())};
    for (std::size_t which = 0; which < count; ++which) {
        ChatRequest request = full_request();
        // A list that grows moves what it holds: what is changed is copied back at the end.
        ChatRequest changed = request;
        std::size_t at = 0;
        bool done = false;
        each_field(request, [&](auto& field) {
            if (done || at++ != which) return;
            done = true;
            auto kept = field;
            change(field);
            changed = request;
            field = std::move(kept);
        });
        CAPTURE(which);
        CHECK(seen.insert(key(changed)).second);
    }
}

TEST_CASE("who asks, of whom, where and what for is in the key, and how it is carried is not") {
    ChatRequest const request("m", "Hello");
    CallOptions base;
    base.caller.tenant = "t";
    base.caller.user = "u";
    std::set<CacheKey> seen{key(request, base)};
    auto const differs = [&](auto const& spoil) {
        CallOptions options = base;
        spoil(options);
        return seen.insert(key(request, options)).second;
    };
    CHECK(differs([](CallOptions& options) { options.caller.tenant = "t2"; }));
    CHECK(differs([](CallOptions& options) { options.caller.user = "u2"; }));
    CHECK(differs([](CallOptions& options) { options.caller.key = "k"; }));
    CHECK(differs([](CallOptions& options) { options.region = "eu"; }));
    CHECK(differs([](CallOptions& options) { options.privacy = Privacy::sensitive; }));
    CHECK(differs([](CallOptions& options) { options.repairs = 0; }));
    // Where one ends and the next begins is told.
    CHECK(differs([](CallOptions& options) {
        options.caller.tenant = "tu";
        options.caller.user = "";
    }));
    CHECK(seen.insert(key(request, base, "p2")).second);
    CHECK(!differs([](CallOptions& options) {
        options.limits.total = std::chrono::seconds(1);
        options.priority = 5;
        options.max_retries = 1;
        options.replay = Replay::never;
        options.request_id = "r";
        options.idempotency_key = "i";
        options.attempt = 2;
        options.caller.project = "p";
        options.caller.tags = {"a"};
        options.cache = CacheUse::refresh;
    }));
}

TEST_CASE("of a hundred thousand pairs of requests that differ in one thing none has one key") {
    std::mt19937 random(7);
    auto const pick = [&random](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
    auto const word = [&] {
        static char const* const words[] = {"a", "b", "ab", "", "Paris", "{}", "\"", "0", "1"};
        return std::string(words[pick(9)]);
    };
    struct Call {
        Call() = default;
        std::string provider = "p";
        ChatRequest request;
        CallOptions options;
    };
    auto const random_call = [&] {
        Call call;
        call.options.caller.tenant = word();
        call.options.caller.user = word();
        call.request = ChatRequest("m" + word(), word());
        call.request.messages.emplace(call.request.messages.begin(), Role::system, word());
        MediaPart image;
        image.bytes = std::make_shared<std::string const>(word());
        call.request.messages.back().parts.emplace_back(image);
        call.request.tools.resize(1);
        call.request.tools.front().name = "f" + word();
        call.request.response_format.emplace();
        call.request.response_format->schema = word();
        if (pick(2) == 0) call.request.temperature = pick(3) / 2.0;
        if (pick(2) == 0) call.request.seed = pick(3);
        return call;
    };
    using Flip = void (*)(Call&);
    Flip const flips[] = {
        [](Call& call) { call.provider += "x"; },
        [](Call& call) { call.options.caller.tenant += "x"; },
        [](Call& call) { call.options.caller.user += "x"; },
        [](Call& call) { std::swap(call.options.caller.tenant, call.options.caller.user += "y"); },
        [](Call& call) { call.request.model += "x"; },
        [](Call& call) { change(call.request.messages[0].parts); },
        [](Call& call) { change(std::get<TextPart>(call.request.messages[0].parts[0]).text); },
        [](Call& call) { change(std::get<TextPart>(call.request.messages[1].parts[0]).text); },
        [](Call& call) { change(std::get<MediaPart>(call.request.messages[1].parts[1]).bytes); },
        [](Call& call) { change(call.request.tools[0].name); },
        [](Call& call) { change(call.request.tools[0].parameters); },
        [](Call& call) { call.request.tools.clear(); },
        [](Call& call) { change(call.request.response_format->schema); },
        [](Call& call) { change(call.request.temperature); },
        [](Call& call) { change(call.request.seed); },
        [](Call& call) { change(call.request.max_tokens); },
    };
    int wrong = 0, unequal = 0;
    for (int i = 0; i < 100'000; ++i) {
        Call const call = random_call();
        Call other = call;
        unequal += key(call.request, call.options, call.provider.c_str()) ==
                           key(other.request, other.options, other.provider.c_str())
                       ? 0
                       : 1;
        flips[pick(static_cast<int>(std::size(flips)))](other);
        wrong += key(call.request, call.options, call.provider.c_str()) ==
                         key(other.request, other.options, other.provider.c_str())
                     ? 1
                     : 0;
    }
    CHECK(wrong == 0);
    CHECK(unequal == 0);
}

TEST_CASE("embeddings, chats and circumstances never share a key, and each field of an embedding counts") {
    EmbedRequest request;
    request.model = "m";
    request.inputs = {TextPart("a"), TextPart("b")};
    CallOptions const options;
    std::set<CacheKey> seen{cache_key("p", request, options, CacheShare::user)};
    auto const differs = [&](auto const& spoil) {
        EmbedRequest other = request;
        spoil(other);
        return seen.insert(cache_key("p", other, options, CacheShare::user)).second;
    };
    // One line for each field: with another field this does not compile.
    auto const& [model, inputs, dimensions, purpose, extra] = request;
    REQUIRE(std::tie(model, dimensions, purpose, extra) == std::tuple("m", std::nullopt, "", ""));
    REQUIRE(inputs.size() == 2);
    CHECK(differs([](EmbedRequest& other) { other.model = "n"; }));
    CHECK(differs([](EmbedRequest& other) { other.inputs = {TextPart("ab")}; }));
    CHECK(differs([](EmbedRequest& other) { std::swap(other.inputs[0], other.inputs[1]); }));
    CHECK(differs([](EmbedRequest& other) { other.dimensions = 3; }));
    CHECK(differs([](EmbedRequest& other) { other.purpose = "query"; }));
    CHECK(differs([](EmbedRequest& other) { other.extra = "{}"; }));
    ChatRequest chat("m", "a");
    CHECK(seen.insert(key(chat)).second);
    CHECK(seen.insert(circumstances("p", chat, options, CacheShare::user)).second);
    CHECK(cache_key("p", chat, options, CacheShare::tenant) != cache_key("p", chat, options, CacheShare::user));
    CHECK(cache_key("p", chat, options, CacheShare::tenant) != cache_key("p", chat, options, CacheShare::everyone));
}

TEST_CASE("a reply that is packed comes out as it was, and no piece of it comes out at all") {
    KeptReply kept;
    ChatReply reply;
    reply.id = "r";
    reply.created = 1'700'000'000;
    reply.model = "m";
    reply.complete = true;
    reply.service_tier = "flex";
    reply.extra = R"({"a":1})";
    reply.usage.input = 3;
    reply.usage.pieces[Piece::pages] = 2;
    reply.usage.raw = "{}";
    reply.info.warnings = {"w"};
    Choice& choice = reply.choices.emplace_back();
    choice.message = full_request().messages.back();
    choice.finish = FinishReason::tool_calls;
    choice.logprobs = "[]";
    kept.reply = reply;
    std::string const bytes = pack(kept);
    KeptReply read;
    REQUIRE(unpack(bytes, read));
    auto const& out = std::get<ChatReply>(read.reply);
    CHECK(out.id == "r");
    CHECK(out.created == 1'700'000'000);
    CHECK(out.complete);
    CHECK(out.service_tier == "flex");
    CHECK(out.extra == R"({"a":1})");
    CHECK(out.usage.input == 3);
    CHECK(out.usage.pieces[Piece::pages] == 2);
    CHECK(out.info.warnings == std::vector<std::string>{"w"});
    REQUIRE(out.choices.size() == 1);
    CHECK(out.choices[0].finish == FinishReason::tool_calls);
    CHECK(out.choices[0].message.parts.size() == 6);
    CHECK(*std::get<MediaPart>(out.choices[0].message.parts[1]).bytes == "PNG");
    CHECK(pack(read) == bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        KeptReply none;
        CHECK(!unpack(std::string_view(bytes).substr(0, size), none));
    }
    KeptReply none;
    CHECK(!unpack(bytes + "x", none));
}

}  // namespace aikit::policy
