// SPDX-License-Identifier: MIT
// golden/recordings.hpp - recordings of real traffic, and what a reader of their streams has to make of them.
#ifndef AIKIT_TESTS_GOLDEN_RECORDINGS_HPP
#define AIKIT_TESTS_GOLDEN_RECORDINGS_HPP

#include "golden/plain_json.hpp"
#include "support/shared_data.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit_test {

struct Recorded {
    std::string name;  // folder/file
    std::string kind;
    std::string fidelity;
    std::string method;
    std::string path;
    Json request;  // null when it is not known
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    bool is_chat() const { return path.ends_with("/chat/completions"); }
    bool is_stream() const { return status == 200 && is_chat() && body.find("data:") < 200; }
};

inline std::filesystem::path recordings_folder() {
    return std::filesystem::path(AIKIT_SHARED_DIR) / "recordings";
}

/// The recordings of a folder; none where there is no such folder.
inline std::vector<Recorded> recordings(std::string const& folder) {
    std::vector<Recorded> all;
    for (std::filesystem::path const& path : files_of(recordings_folder() / folder)) {
        if (path.extension() != ".json") continue;
        Json const document = Json::parse(read_file(path));
        Recorded one;
        one.name = folder + "/" + path.filename().string();
        one.kind = document["kind"].text;
        one.fidelity = document["fidelity"].text;
        one.method = document["request"]["method"].text;
        one.path = document["request"]["path"].text;
        one.request = document["request"]["body"];
        one.status = static_cast<int>(document["response"]["status"].number());
        for (auto const& [name, value] : document["response"]["headers"].members) {
            one.headers.emplace_back(name, value.text);
        }
        one.body = document["response"]["body"].text;
        all.push_back(std::move(one));
    }
    return all;
}

/// Whose form a chat has.
enum class Form { openai, responses, anthropic, gemini, ollama };

inline std::optional<Form> form_of(Recorded const& recorded) {
    std::string_view const route = std::string_view(recorded.path).substr(0, recorded.path.find('?'));
    if (recorded.is_chat()) return Form::openai;
    if (route.ends_with("/responses") && recorded.method == "POST") return Form::responses;
    if (route.ends_with("/v1/messages")) return Form::anthropic;
    if (route.ends_with(":generateContent") || route.ends_with(":streamGenerateContent")) return Form::gemini;
    if (route.ends_with("/api/chat")) return Form::ollama;
    return std::nullopt;
}

/// Is its answer a stream?
inline bool is_streamed(Recorded const& recorded) {
    std::optional<Form> const form = form_of(recorded);
    if (!form || recorded.status != 200) return false;
    switch (*form) {
        case Form::openai: return recorded.is_stream();
        case Form::responses:
        case Form::anthropic: return recorded.body.starts_with("event:");
        case Form::gemini: return recorded.path.find(":streamGenerateContent") != std::string::npos;
        case Form::ollama: return recorded.body.find("\n{") != std::string::npos;
    }
    return false;
}

/// The first offset at which a stream of that form that ends there may be whole.
inline std::size_t may_be_whole(Form form, std::string const& body) {
    auto const behind = [&](std::string_view mark) {
        std::size_t const at = body.rfind(mark);
        return at == std::string::npos ? body.size() : at + mark.size();
    };
    switch (form) {
        case Form::openai:
            return body.find("[DONE]") == std::string::npos ? body.find("\"finish_reason\":\"") : behind("[DONE]");
        case Form::responses: {
            std::size_t end = std::string::npos;
            for (std::string_view const type : {"response.completed", "response.incomplete", "response.failed"}) {
                end = std::min(end, body.find("\"type\":\"" + std::string(type)));
            }
            return end;
        }
        case Form::anthropic: return behind("\"message_stop\"");
        case Form::gemini: return std::min(body.find("\"finishReason\""), body.find("\"blockReason\""));
        case Form::ollama: return behind("}");
    }
    return body.size();
}

inline std::vector<Recorded> chat_streams() {
    std::vector<Recorded> all;
    for (std::string const folder : {"openai", "openai-compat"}) {
        for (Recorded& one : recordings(folder)) {
            if (one.is_stream()) all.push_back(std::move(one));
        }
    }
    return all;
}

/// The data of each event, as any reader of Server-Sent Events with one data line an event sees them.
inline std::vector<std::string> event_data(std::string const& body) {
    std::vector<std::string> all;
    std::size_t at = 0;
    while (at < body.size()) {
        std::size_t end = body.find('\n', at);
        if (end == std::string::npos) end = body.size();
        std::string line = body.substr(at, end - at);
        at = end + 1;
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.rfind("data:", 0) != 0) continue;
        line.erase(0, line.size() > 5 && line[5] == ' ' ? 6 : 5);
        all.push_back(line);
    }
    return all;
}

/// What a stream says, put together by hand. Texts are joined, the last value of what is repeated stands.
struct Assembled {
    struct Call {
        std::string id, name, arguments;
    };
    struct Choice {
        bool has_content = false;
        std::string content, refusal, reasoning, finish;
        std::map<double, Call> calls;
        std::size_t logprobs = 0;
    };

    std::string id, model, service_tier, fingerprint;
    double created = 0;
    Json usage;
    std::map<double, Choice> choices;
    bool done = false;   // "[DONE]" came
    bool error = false;  // an error came
};

inline void take_delta(Assembled::Choice& choice, Json const& delta) {
    if (delta["content"].is_text()) {
        choice.has_content = true;
        choice.content += delta["content"].text;
    }
    if (delta["refusal"].is_text()) choice.refusal += delta["refusal"].text;
    for (char const* key : {"reasoning_content", "reasoning"}) {
        if (delta[key].is_text()) choice.reasoning += delta[key].text;
    }
    for (Json const& fragment : delta["tool_calls"].items) {
        Assembled::Call& call = choice.calls[fragment["index"].number()];
        if (fragment["id"].is_text() && call.id.empty()) call.id = fragment["id"].text;
        Json const& function = fragment["function"];
        if (function["name"].is_text() && call.name.empty()) call.name = function["name"].text;
        if (function["arguments"].is_text()) call.arguments += function["arguments"].text;
    }
}

inline Assembled assemble(std::string const& body) {
    Assembled all;
    for (std::string const& data : event_data(body)) {
        if (data == "[DONE]") {
            all.done = true;
            break;
        }
        Json const chunk = Json::parse(data);
        if (!chunk["error"].is_null()) {
            all.error = true;
            break;
        }
        if (all.id.empty() && chunk["id"].is_text()) {
            all.id = chunk["id"].text;
            all.model = chunk["model"].text;
            all.created = chunk["created"].number();
        }
        if (chunk["usage"].is_object()) all.usage = chunk["usage"];
        if (chunk["service_tier"].is_text()) all.service_tier = chunk["service_tier"].text;
        if (chunk["system_fingerprint"].is_text()) all.fingerprint = chunk["system_fingerprint"].text;
        for (Json const& choice : chunk["choices"].items) {
            Assembled::Choice& into = all.choices[choice["index"].number()];
            take_delta(into, choice["delta"]);
            if (choice["finish_reason"].is_text()) into.finish = choice["finish_reason"].text;
            into.logprobs += choice["logprobs"]["content"].items.size();
        }
    }
    return all;
}

/// Where a reply in the house form differs from it; empty when it does not.
inline std::string difference(Assembled const& all, Json const& reply) {
    if (reply["id"].text != all.id || reply["model"].text != all.model) return "id or model";
    if (reply["created"].number() != all.created) return "created";
    if (!all.usage.is_null() && !(reply["usage"] == all.usage)) return "usage " + difference(reply["usage"], all.usage);
    if (reply["service_tier"].text != all.service_tier) return "service_tier";
    if (reply["system_fingerprint"].text != all.fingerprint) return "system_fingerprint";
    if (reply["choices"].items.size() != all.choices.size()) return "number of choices";
    std::size_t place = 0;
    for (auto const& [index, choice] : all.choices) {
        Json const& got = reply["choices"].items[place++];
        Json const& message = got["message"];
        if (got["index"].number() != index) return "index";
        // A server that gives no reason although it calls a tool is understood.
        std::string const finish = choice.finish.empty() && !choice.calls.empty() ? "tool_calls" : choice.finish;
        if (got["finish_reason"].text != finish) return "finish_reason " + got["finish_reason"].text;
        if (message["content"].is_text() != choice.has_content || message["content"].text != choice.content) {
            return "content: " + message["content"].dump() + " / " + choice.content;
        }
        if (message["refusal"].text != choice.refusal) return "refusal";
        std::string const reasoning = message["reasoning_content"].text + message["reasoning"].text;
        if (reasoning != choice.reasoning) return "reasoning: " + reasoning + " / " + choice.reasoning;
        if (got["logprobs"]["content"].items.size() != choice.logprobs) return "logprobs";
        if (message["tool_calls"].items.size() != choice.calls.size()) return "number of tool calls";
        std::size_t number = 0;
        for (auto const& entry : choice.calls) {
            Assembled::Call const& call = entry.second;
            Json const& made = message["tool_calls"].items[number++];
            std::string const arguments = call.arguments.empty() ? "{}" : call.arguments;
            if (made["id"].text != call.id || made["function"]["name"].text != call.name ||
                made["function"]["arguments"].text != arguments) {
                return "tool call " + made.dump();
            }
        }
    }
    return {};
}

}  // namespace aikit_test

#endif  // AIKIT_TESTS_GOLDEN_RECORDINGS_HPP
