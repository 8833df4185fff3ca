// SPDX-License-Identifier: MIT
// provider/huggingface/embed.cpp - texts to vectors, by the inference API and by text-embeddings-inference.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "provider/carrier/body.hpp"
#include "provider/carrier/lists.hpp"
#include "provider/huggingface/wire.hpp"

#include <algorithm>
#include <array>

namespace aikit::inline v0::provider::huggingface {

namespace {

using openai_form::Extra;
using openai_form::wrong;
using openai_form::wrong_reply;

constexpr std::array<std::string_view, 6> own_members{"normalize",   "truncate", "truncation_direction",
                                                      "prompt_name", "options",  "parameters"};

// What OpenAI's clients send and these servers have no need of.
constexpr std::array<std::string_view, 4> needless{"input", "model", "encoding_format", "user"};

// Ways to choose a provider rather than the name of one, and the one whose API this is.
constexpr std::array<std::string_view, 4> any_provider{"fastest", "cheapest", "preferred", "hf-inference"};

bool is_in(std::string_view word, auto const& words) noexcept {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view path_of(std::string_view base_url) noexcept {
    std::size_t const host = base_url.find("://") + 3;
    std::size_t const slash = base_url.find('/', host);
    return slash == std::string_view::npos ? std::string_view() : base_url.substr(slash);
}

/// The model's name as a part of a path.
bool is_plain(std::string_view model) noexcept {
    bool const plain = std::all_of(model.begin(), model.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '_' || c == '/';
    });
    return plain && !model.empty() && model.front() != '/' && model.back() != '/' &&
           model.find("..") == std::string_view::npos && model.find("//") == std::string_view::npos;
}

}  // namespace

std::string chat_base(std::string base_url) {
    std::string_view const path = path_of(base_url);
    bool const of_a_model = path.find("/models/") != std::string_view::npos && !path.ends_with("/v1");
    if (path.empty() || of_a_model) base_url += "/v1";
    return base_url;
}

Result<std::string> embed_url(std::string_view base_url, std::string_view model, Embeddings form) {
    constexpr std::string_view version = "/v1";
    if (base_url.ends_with(version)) base_url.remove_suffix(version.size());
    std::string url(base_url);
    if (form == Embeddings::tei) return url + "/embed";
    constexpr std::string_view task = "/pipeline/feature-extraction";
    if (path_of(base_url).find("/models/") != std::string_view::npos) {
        return base_url.ends_with(task) ? url : url.append(task);
    }
    std::size_t const colon = model.find(':');
    if (colon != std::string_view::npos && !is_in(model.substr(colon + 1), any_provider)) {
        return fail(Errc::unsupported,
                    "The request names a provider of Hugging Face's router whose embeddings are not spoken (after the "
                    "':' of the model's name); only hf-inference is.");
    }
    model = model.substr(0, colon);
    if (!is_plain(model)) return wrong("model", "must be a model's name, \"ORG/NAME\"");
    if (!base_url.ends_with("/hf-inference")) url += "/hf-inference";
    return url.append("/models/").append(model).append(task);
}

Result<carrier::Encoded> encode_embed(EmbedRequest const& request, std::size_t first, std::size_t count,
                                      Embeddings form) {
    Extra extra(request.extra);
    if (!extra.valid()) return wrong("extra", "must be a JSON object");
    json::value const* given = extra.find("input");
    bool const as_text = given != nullptr && given->is_string() && request.inputs.size() == 1;
    carrier::Encoded encoded;
    JsonWriter out(encoded.body);
    out.begin_object();
    out.key("inputs");
    if (!as_text) out.begin_array();
    for (std::size_t i = first; i < first + count; ++i) {
        std::string const path = "inputs[" + std::to_string(i) + "]";
        auto const* part = std::get_if<TextPart>(&request.inputs[i]);
        if (part == nullptr) {
            return fail(Errc::unsupported,
                        "The request holds an input that is no text (" + path + "); this provider embeds texts.");
        }
        if (part->text.empty()) return wrong(path, "must not be empty");
        out.text(part->text);
        if (!out.valid()) return wrong(path, "is not valid UTF-8");
    }
    if (!as_text) out.end_array();
    if (request.dimensions && form == Embeddings::tei) out.key("dimensions").number(std::int64_t{*request.dimensions});
    if (request.dimensions && form != Embeddings::tei) {
        carrier::left_out(encoded.warnings, "dimensions", "the inference API gives a model's own");
    }
    for (std::string_view const name : needless) extra.drop(name);
    for (auto const& member : extra.members()) {
        if (is_in(member.key(), own_members)) {
            out.key(std::string_view(member.key())).value(member.value());
        } else {
            carrier::left_out(encoded.warnings, member.key(), "this provider does not know it");
        }
    }
    out.end_object();
    if (!out.valid()) return wrong("request", "holds text that is not valid UTF-8");
    return encoded;
}

Result<EmbedReply> decode_embeddings(carrier::Exchange const& exchange, std::string_view body, std::size_t expected) {
    json_exact::Arena arena;
    Result<json::value> const document = json_exact::parse(body, "reply", Errc::protocol, arena.storage());
    json::array const* list = document ? document->if_array() : nullptr;
    if (list == nullptr || list->empty()) {
        // An error told with a 2xx, or no JSON at all.
        Result<json::object> object = carrier::read_object(exchange, body, arena);
        if (!object) return object.error();
        return carrier::unreadable(wrong_reply("it is no list of vectors"), exchange);
    }
    std::vector<json::value const*> vectors;
    if (list->front().is_number()) {
        vectors.push_back(&*document);
    } else {
        for (json::value const& vector : *list) vectors.push_back(&vector);
    }
    json::array const* first = list->front().if_array();
    bool const tokens = first != nullptr && !first->empty() && first->front().is_array();
    // One text that comes back as many vectors is one whose tokens were not put together.
    if (tokens || (expected == 1 && vectors.size() > 1)) {
        return carrier::reply_error(exchange, Errc::unsupported,
                                    "The model at " + exchange.provider +
                                        " gives a vector for each token and not for each text; use one that is made "
                                        "for embeddings.");
    }
    return carrier::read_vectors(exchange, vectors, expected);
}

}  // namespace aikit::inline v0::provider::huggingface
