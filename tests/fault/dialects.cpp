// SPDX-License-Identifier: MIT
// fault/dialects.cpp - the wire forms of OpenAI, Anthropic, Gemini and Ollama, as their documentation gives them.
#include "dialects.hpp"

#include "script.hpp"

namespace lab {
namespace {

namespace json = boost::json;

std::string event(json::value const& value) {
    return "data: " + json::serialize(value) + "\n\n";
}

std::string named_event(json::object const& value) {
    return "event: " + std::string(value.at("type").as_string()) + "\ndata: " + json::serialize(value) + "\n\n";
}

std::string all_words(std::int64_t count) {
    std::string text;
    for (std::int64_t i = 0; i < count; ++i) text += answer_word(i);
    return text;
}

/// OpenAI counts cached tokens inside its prompt.
json::object openai_usage(Billed const& told) {
    return {{"prompt_tokens", told.input + told.cached},
            {"completion_tokens", told.output},
            {"total_tokens", told.input + told.cached + told.output},
            {"prompt_tokens_details", {{"cached_tokens", told.cached}}}};
}

/// Anthropic counts them beside its input.
json::object anthropic_usage(Billed const& told) {
    return {{"input_tokens", told.input},
            {"cache_read_input_tokens", told.cached},
            {"cache_creation_input_tokens", told.written},
            {"output_tokens", told.output}};
}

/// Gemini counts them inside its prompt.
json::object gemini_usage(Billed const& told) {
    return {{"promptTokenCount", told.input + told.cached},
            {"candidatesTokenCount", told.output},
            {"cachedContentTokenCount", told.cached},
            {"totalTokenCount", told.input + told.cached + told.output}};
}

json::object openai_chunk(Asked const& asked, std::string const& id, json::object delta, json::value finish) {
    json::object choice{{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", std::move(finish)}};
    return {{"id", id},
            {"object", "chat.completion.chunk"},
            {"created", 1760000000},
            {"model", asked.model},
            {"choices", json::array{std::move(choice)}}};
}

StreamParts openai_stream(Asked const& asked, std::string const& id, std::int64_t words, std::optional<Billed> told) {
    StreamParts parts;
    parts.first = event(openai_chunk(asked, id, {{"role", "assistant"}, {"content", ""}}, nullptr));
    for (std::int64_t i = 0; i < words; ++i) {
        parts.words.push_back(event(openai_chunk(asked, id, {{"content", answer_word(i)}}, nullptr)));
    }
    parts.last = event(openai_chunk(asked, id, {}, "stop"));
    if (told && asked.tell_usage) {
        json::object chunk = openai_chunk(asked, id, {}, nullptr);
        chunk["choices"] = json::array();
        chunk["usage"] = openai_usage(*told);
        parts.last += event(chunk);
    }
    parts.last += "data: [DONE]\n\n";
    return parts;
}

StreamParts anthropic_stream(Asked const& asked, std::string const& id, std::int64_t words,
                             std::optional<Billed> told) {
    Billed const used = told.value_or(Billed());
    Billed begun = used;
    begun.output = 1;
    json::object message{{"id", id},
                         {"type", "message"},
                         {"role", "assistant"},
                         {"model", asked.model},
                         {"content", json::array()},
                         {"stop_reason", nullptr},
                         {"stop_sequence", nullptr},
                         {"usage", anthropic_usage(begun)}};
    StreamParts parts;
    parts.first = named_event({{"type", "message_start"}, {"message", std::move(message)}});
    parts.first += named_event(
        {{"type", "content_block_start"}, {"index", 0}, {"content_block", {{"type", "text"}, {"text", ""}}}});
    for (std::int64_t i = 0; i < words; ++i) {
        parts.words.push_back(named_event({{"type", "content_block_delta"},
                                           {"index", 0},
                                           {"delta", {{"type", "text_delta"}, {"text", answer_word(i)}}}}));
    }
    parts.last = named_event({{"type", "content_block_stop"}, {"index", 0}});
    parts.last += named_event({{"type", "message_delta"},
                               {"delta", {{"stop_reason", "end_turn"}, {"stop_sequence", nullptr}}},
                               {"usage", {{"output_tokens", used.output}}}});
    parts.last += named_event({{"type", "message_stop"}});
    return parts;
}

json::object gemini_answer(Asked const& asked, std::string const& id, std::string_view text, bool last,
                           std::optional<Billed> told) {
    json::object candidate{{"content", {{"role", "model"}, {"parts", {{{"text", text}}}}}}, {"index", 0}};
    if (last) candidate["finishReason"] = "STOP";
    json::object answer{
        {"candidates", json::array{std::move(candidate)}}, {"modelVersion", asked.model}, {"responseId", id}};
    if (told) answer["usageMetadata"] = gemini_usage(*told);
    return answer;
}

StreamParts gemini_stream(Asked const& asked, std::string const& id, std::int64_t words, std::optional<Billed> told) {
    StreamParts parts;
    std::optional<Billed> so_far = told;
    for (std::int64_t i = 0; i < words; ++i) {
        if (so_far) so_far->output = i + 1;
        parts.words.push_back(event(gemini_answer(asked, id, answer_word(i), false, so_far)));
    }
    parts.last = event(gemini_answer(asked, id, "", true, told));
    return parts;
}

json::object ollama_answer(Asked const& asked, std::string_view text, std::optional<Billed> told, bool done) {
    json::object answer{{"model", asked.model},
                        {"created_at", "2026-01-01T00:00:00Z"},
                        {"message", {{"role", "assistant"}, {"content", text}}},
                        {"done", done}};
    if (done) answer["done_reason"] = "stop";
    if (done && told) {
        answer["prompt_eval_count"] = told->input + told->cached;
        answer["eval_count"] = told->output;
    }
    return answer;
}

StreamParts ollama_stream(Asked const& asked, std::int64_t words, std::optional<Billed> told) {
    StreamParts parts;
    for (std::int64_t i = 0; i < words; ++i) {
        parts.words.push_back(json::serialize(ollama_answer(asked, answer_word(i), {}, false)) + "\n");
    }
    parts.last = json::serialize(ollama_answer(asked, "", told, true)) + "\n";
    return parts;
}

json::object openai_answer(Asked const& asked, std::string const& id, std::string const& text,
                           std::optional<Billed> told) {
    json::object choice{
        {"index", 0}, {"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", "stop"}};
    json::object answer{{"id", id},
                        {"object", "chat.completion"},
                        {"created", 1760000000},
                        {"model", asked.model},
                        {"choices", json::array{std::move(choice)}}};
    if (told) answer["usage"] = openai_usage(*told);
    return answer;
}

json::object anthropic_answer(Asked const& asked, std::string const& id, std::string const& text,
                              std::optional<Billed> told) {
    json::object answer{{"id", id},
                        {"type", "message"},
                        {"role", "assistant"},
                        {"model", asked.model},
                        {"content", json::array{json::object{{"type", "text"}, {"text", text}}}},
                        {"stop_reason", "end_turn"},
                        {"stop_sequence", nullptr}};
    answer["usage"] = anthropic_usage(told.value_or(Billed()));
    return answer;
}

}  // namespace

std::optional<Asked> read_request(std::string_view target, std::string const& body) {
    boost::system::error_code bad;
    json::value const parsed = json::parse(body, bad);
    json::object const* request = bad ? nullptr : parsed.if_object();
    if (request == nullptr) return std::nullopt;
    auto const flag = [](json::object const& object, char const* key, bool otherwise) {
        json::value const* value = object.if_contains(key);
        return value != nullptr && value->is_bool() ? value->as_bool() : otherwise;
    };
    Asked asked;
    if (json::value const* model = request->if_contains("model"); model != nullptr && model->is_string()) {
        asked.model = model->as_string();
    }
    if (target.find("/chat/completions") != std::string_view::npos) {
        asked.stream = flag(*request, "stream", false);
        json::value const* options = request->if_contains("stream_options");
        asked.tell_usage = !asked.stream || (options != nullptr && flag(options->as_object(), "include_usage", false));
    } else if (target.find("/v1/messages") != std::string_view::npos) {
        asked.dialect = Dialect::anthropic;
        asked.stream = flag(*request, "stream", false);
    } else if (std::size_t const models = target.find("/models/"); models != std::string_view::npos) {
        asked.dialect = Dialect::gemini;
        std::string_view const rest = target.substr(models + 8);
        asked.model = rest.substr(0, rest.find(':'));
        asked.stream = rest.find(":streamGenerateContent") != std::string_view::npos;
    } else if (target.find("/api/chat") != std::string_view::npos) {
        asked.dialect = Dialect::ollama;
        asked.stream = flag(*request, "stream", true);
    } else {
        return std::nullopt;
    }
    return asked;
}

std::string_view content_type(Asked const& asked) {
    if (!asked.stream) return "application/json";
    return asked.dialect == Dialect::ollama ? "application/x-ndjson" : "text/event-stream";
}

std::string whole_answer(Asked const& asked, std::string const& id, std::int64_t words, std::optional<Billed> told) {
    std::string const text = all_words(words);
    switch (asked.dialect) {
        case Dialect::openai: return json::serialize(openai_answer(asked, id, text, told));
        case Dialect::anthropic: return json::serialize(anthropic_answer(asked, id, text, told));
        case Dialect::gemini: return json::serialize(gemini_answer(asked, id, text, true, told));
        case Dialect::ollama: break;
    }
    return json::serialize(ollama_answer(asked, text, told, true));
}

StreamParts stream_answer(Asked const& asked, std::string const& id, std::int64_t words, std::optional<Billed> told) {
    switch (asked.dialect) {
        case Dialect::openai: return openai_stream(asked, id, words, told);
        case Dialect::anthropic: return anthropic_stream(asked, id, words, told);
        case Dialect::gemini: return gemini_stream(asked, id, words, told);
        case Dialect::ollama: break;
    }
    return ollama_stream(asked, words, told);
}

std::string stream_error(Asked const& asked) {
    switch (asked.dialect) {
        case Dialect::openai: return "data: " + error_answer(asked, 500) + "\n\n";
        case Dialect::anthropic: return "event: error\ndata: " + error_answer(asked, 500) + "\n\n";
        case Dialect::gemini: return "data: " + error_answer(asked, 500) + "\n\n";
        case Dialect::ollama: break;
    }
    return error_answer(asked, 500) + "\n";
}

std::string error_answer(Asked const& asked, int status) {
    std::string const type = status == 429 ? "rate_limit_error" : "api_error";
    json::object error{{"type", type}, {"message", "The laboratory refuses."}};
    switch (asked.dialect) {
        case Dialect::openai: error["code"] = nullptr; break;
        case Dialect::anthropic: return json::serialize(json::object{{"type", "error"}, {"error", error}});
        case Dialect::gemini:
            error = {{"code", status},
                     {"message", "The laboratory refuses."},
                     {"status", status == 429 ? "RESOURCE_EXHAUSTED" : "INTERNAL"}};
            break;
        case Dialect::ollama: return R"({"error":"The laboratory refuses."})";
    }
    return json::serialize(json::object{{"error", error}});
}

}  // namespace lab
