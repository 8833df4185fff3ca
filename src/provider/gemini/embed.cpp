// SPDX-License-Identifier: MIT
// provider/gemini/embed.cpp - embeddings in the three forms that Google has for them.
#include "model/openai_form/form.hpp"
#include "provider/carrier/body.hpp"
#include "provider/gemini/wire.hpp"

#include <algorithm>
#include <array>

namespace aikit::inline v0::provider::gemini {

namespace {

using openai_form::Extra;
using openai_form::wrong;
using openai_form::wrong_reply;

// What OpenAI's clients send and this API has no need of.
constexpr std::array<std::string_view, 4> needless{"input", "model", "encoding_format", "user"};

std::string_view without_folders(std::string_view model) noexcept {
    std::size_t const slash = model.rfind('/');
    return slash == std::string_view::npos ? model : model.substr(slash + 1);
}

/// OpenAI-style purposes as Google's task types.
std::string_view task_of(std::string_view purpose) noexcept {
    if (purpose == "query") return "RETRIEVAL_QUERY";
    if (purpose == "document") return "RETRIEVAL_DOCUMENT";
    return purpose;
}

Result<std::string const*> text_of(EmbedRequest const& request, std::size_t i) {
    std::string const path = "inputs[" + std::to_string(i) + "]";
    auto const* text = std::get_if<TextPart>(&request.inputs[i]);
    if (text == nullptr) {
        return fail(Errc::unsupported,
                    "The request holds an input that is no text (" + path + "); this provider embeds texts.");
    }
    if (text->text.empty()) return wrong(path, "must not be empty");
    return &text->text;
}

void write_content(JsonWriter& out, std::string const& text) {
    out.key("content").begin_object();
    out.key("parts").begin_array();
    out.begin_object();
    out.key("text").text(text);
    out.end_object();
    out.end_array();
    out.end_object();
}

/// Writes a request's body; the members of its extra that were written are dropped from it.
class EmbedWriter {
public:
    EmbedWriter(EmbedRequest const& request, std::string& out)
        : request_(request), extra_(request.extra), out_(out), task_(task_of(request.purpose)) {
        json::value const* task = extra_.find("taskType");
        if (task != nullptr && task->is_string()) task_ = std::string(task->get_string());
        extra_.drop("taskType");
    }

    Result<void> write(std::size_t first, std::size_t count, EmbedForm form) {
        if (!extra_.valid()) return wrong("extra", "must be a JSON object");
        out_.begin_object();
        if (form != EmbedForm::single) out_.key(std::string_view(form == EmbedForm::batch ? "requests" : "instances"));
        if (form != EmbedForm::single) out_.begin_array();
        for (std::size_t i = first; i < first + count; ++i) {
            Result<std::string const*> const text = text_of(request_, i);
            if (!text) return text.error();
            switch (form) {
                case EmbedForm::batch: write_request(**text); break;
                case EmbedForm::predict: write_instance(**text); break;
                case EmbedForm::single: write_single(**text); break;
            }
            if (!out_.valid()) return wrong("inputs[" + std::to_string(i) + "]", "is not valid UTF-8");
        }
        if (form != EmbedForm::single) out_.end_array();
        if (form == EmbedForm::predict) write_parameters();
        out_.end_object();
        extra_.drop("title");
        extra_.drop("autoTruncate");
        return out_.valid() ? ok() : Result<void>(wrong("request", "holds text that is not valid UTF-8"));
    }

    void tell_rest(std::vector<std::string>& warnings) {
        for (std::string_view const name : needless) extra_.drop(name);
        for (auto const& member : extra_.members()) {
            carrier::left_out(warnings, member.key(), "this provider does not know it");
        }
    }

private:
    void write_request(std::string const& text) {
        out_.begin_object();
        out_.key("model").text("models/" + std::string(without_folders(request_.model)));
        write_content(out_, text);
        write_options();
        out_.end_object();
    }

    void write_single(std::string const& text) {
        write_content(out_, text);
        bool const plain = task_.empty() && !request_.dimensions && extra_.find("title") == nullptr &&
                           extra_.find("autoTruncate") == nullptr;
        if (plain) return;
        out_.key("embedContentConfig").begin_object();
        write_options();
        write_member("autoTruncate");
        out_.end_object();
    }

    void write_options() {
        if (!task_.empty()) out_.key("taskType").text(task_);
        write_member("title");
        if (request_.dimensions) out_.key("outputDimensionality").number(std::int64_t{*request_.dimensions});
    }

    void write_instance(std::string const& text) {
        out_.begin_object();
        out_.key("content").text(text);
        if (!task_.empty()) out_.key("task_type").text(task_);
        write_member("title");
        out_.end_object();
    }

    void write_parameters() {
        if (!request_.dimensions && extra_.find("autoTruncate") == nullptr) return;
        out_.key("parameters").begin_object();
        if (request_.dimensions) out_.key("outputDimensionality").number(std::int64_t{*request_.dimensions});
        write_member("autoTruncate");
        out_.end_object();
    }

    void write_member(std::string_view name) {
        if (json::value const* given = extra_.find(name)) out_.key(name).value(*given);
    }

    EmbedRequest const& request_;
    Extra extra_;
    JsonWriter out_;
    std::string task_;
};

/// Where the vectors stand, by the form.
std::vector<json::value const*> vectors_in(json::object const& given, EmbedForm form) {
    std::vector<json::value const*> all;
    if (form == EmbedForm::single) {
        json::value const* one = given.if_contains("embedding");
        if (one != nullptr) all.push_back(json::find(*one, "values"));
        return all;
    }
    json::value const* list = given.if_contains(form == EmbedForm::batch ? "embeddings" : "predictions");
    if (list == nullptr || !list->is_array()) return all;
    for (json::value const& item : list->get_array()) {
        json::value const* embedding = form == EmbedForm::batch ? &item : json::find(item, "embeddings");
        all.push_back(embedding == nullptr ? nullptr : json::find(*embedding, "values"));
    }
    return all;
}

/// Each prediction counts its own tokens; a number as text or with a fraction of zero is one too.
Usage usage_of_predictions(json::object const& given) {
    constexpr std::int64_t most = 1'000'000'000;
    Usage usage;
    json::value const* list = given.if_contains("predictions");
    for (json::value const& item : list != nullptr && list->is_array() ? list->get_array() : json::array()) {
        json::value const* embedding = json::find(item, "embeddings");
        json::value const* statistics = embedding == nullptr ? nullptr : json::find(*embedding, "statistics");
        std::optional<std::int64_t> const tokens =
            statistics == nullptr ? std::nullopt : json::integer(*statistics, "token_count");
        if (tokens && *tokens > 0 && *tokens < most) usage.input += *tokens;
    }
    return usage;
}

}  // namespace

EmbedForm embed_form(std::string_view model, bool vertex) noexcept {
    if (!vertex) return EmbedForm::batch;
    return without_folders(model).starts_with("gemini-embedding-2") ? EmbedForm::single : EmbedForm::predict;
}

std::string_view embed_method(EmbedForm form) noexcept {
    switch (form) {
        case EmbedForm::batch: return "batchEmbedContents";
        case EmbedForm::predict: return "predict";
        case EmbedForm::single: break;
    }
    return "embedContent";
}

std::size_t embed_batch(EmbedRequest const& request, std::size_t first, EmbedForm form, std::size_t most) {
    constexpr std::size_t most_bytes = 50'000;  // 20,000 tokens, of which few have less than two and a half
    bool const one = form == EmbedForm::single || without_folders(request.model).starts_with("gemini-embedding");
    if (form == EmbedForm::batch) return std::min(request.inputs.size() - first, most);
    if (one) return 1;
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (std::size_t i = first; i < request.inputs.size() && count < most; ++i) {
        auto const* text = std::get_if<TextPart>(&request.inputs[i]);
        bytes += text == nullptr ? 0 : text->text.size();
        if (count > 0 && bytes > most_bytes) break;
        ++count;
    }
    return count;
}

Result<carrier::Encoded> encode_embed(EmbedRequest const& request, std::size_t first, std::size_t count,
                                      EmbedForm form) {
    carrier::Encoded encoded;
    EmbedWriter writer(request, encoded.body);
    if (Result<void> written = writer.write(first, count, form); !written) return written.error();
    writer.tell_rest(encoded.warnings);
    return encoded;
}

Result<EmbedReply> decode_embeddings(carrier::Exchange const& exchange, std::string_view body, std::size_t expected,
                                     EmbedForm form) {
    json_exact::Arena arena;
    Result<json::object> object = carrier::read_object(exchange, body, arena);
    if (!object) return object.error();
    std::vector<json::value const*> const all = vectors_in(*object, form);
    if (all.empty()) return carrier::unreadable(wrong_reply("there are no embeddings"), exchange);
    Result<EmbedReply> reply = carrier::read_vectors(exchange, all, expected);
    if (!reply) return reply.error();
    if (form == EmbedForm::predict) reply->usage = usage_of_predictions(*object);
    if (json::value const* usage = object->if_contains("usageMetadata"); usage != nullptr && usage->is_object()) {
        reply->usage = read_usage(usage->get_object(), reply->info.warnings);
    }
    return reply;
}

}  // namespace aikit::inline v0::provider::gemini
