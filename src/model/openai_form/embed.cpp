// SPDX-License-Identifier: MIT
// model/openai_form/embed.cpp - embedding requests and vectors.
#include "model/base64.hpp"
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace aikit::inline v0::openai_form {

namespace {

/// A little-endian float32 array in base64, which is how OpenAI's SDKs ask for vectors.
Result<std::vector<float>> read_packed(std::string_view text) {
    std::optional<std::string> const bytes = from_base64(text);
    if (!bytes || bytes->size() % sizeof(float) != 0) return wrong_reply("an embedding is no base64 of floats");
    std::vector<float> vector(bytes->size() / sizeof(float));
    for (std::size_t i = 0; i < vector.size(); ++i) {
        std::uint32_t bits = 0;
        for (std::size_t j = 0; j < sizeof(float); ++j) {
            bits |= std::uint32_t{static_cast<unsigned char>((*bytes)[i * sizeof(float) + j])} << (8 * j);
        }
        vector[i] = std::bit_cast<float>(bits);
        if (!std::isfinite(vector[i])) return wrong_reply("an embedding holds what is no number");
    }
    return vector;
}

Result<std::vector<float>> read_vector(json::value const& given) {
    if (json::string const* packed = given.if_string()) return read_packed(*packed);
    json::array const* list = given.if_array();
    if (list == nullptr) return wrong_reply("an embedding is neither a list nor base64");
    std::vector<float> vector;
    vector.reserve(list->size());
    for (json::value const& item : *list) {
        if (!item.is_number()) return wrong_reply("an embedding holds what is no number");
        boost::system::error_code ignored;
        auto const number = static_cast<float>(item.to_number<double>(ignored));
        if (!std::isfinite(number)) return wrong_reply("an embedding holds a number that is too large");
        vector.push_back(number);
    }
    return vector;
}

}  // namespace

Result<std::string> write_embed_request(EmbedRequest const& request, std::size_t first, std::size_t count,
                                        bool base64) {
    Extra extra(request.extra);
    if (!extra.valid()) return wrong("extra", "must be a JSON object");
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    json::value const* given = extra.find("input");
    bool const as_text = given != nullptr && given->is_string() && request.inputs.size() == 1;
    out.key("input");
    if (!as_text) out.begin_array();
    std::size_t const end = std::min(request.inputs.size(), first + count);
    for (std::size_t i = first; i < end; ++i) {
        std::string const path = "inputs[" + std::to_string(i) + "]";
        auto const* part = std::get_if<TextPart>(&request.inputs[i]);
        if (part == nullptr) return fail(Errc::unsupported, "This endpoint embeds text only (" + path + ").");
        if (part->text.empty()) return wrong(path, "must not be empty");
        out.text(part->text);
        if (!out.valid()) return wrong(path, "is not valid UTF-8");
    }
    if (!as_text) out.end_array();
    out.key("model").text(request.model);
    if (request.dimensions) out.key("dimensions").number(std::int64_t{*request.dimensions});
    if (base64 && extra.find("encoding_format") == nullptr) out.key("encoding_format").text("base64");
    for (std::string_view const name : {"input", "model"}) extra.drop(name);
    if (request.dimensions) extra.drop("dimensions");
    extra.write(out);
    out.end_object();
    if (!out.valid()) return wrong("request", "holds text that is not valid UTF-8");
    return text;
}

Result<EmbedRequest> read_embed_request(json::object given) {
    EmbedRequest request;
    request.model = take_text(given, "model");
    json::value const* input = given.if_contains("input");
    if (input == nullptr || input->is_null()) return wrong("input", "is missing");
    if (json::string const* one = input->if_string()) {
        request.inputs.emplace_back(TextPart(std::string(*one)));
    } else if (json::array const* list = input->if_array(); list != nullptr && !list->empty()) {
        for (std::size_t i = 0; i < list->size(); ++i) {
            if (!(*list)[i].is_string()) return wrong("input[" + std::to_string(i) + "]", "must be a string");
            request.inputs.emplace_back(TextPart(std::string((*list)[i].get_string())));
        }
        given.erase("input");
    } else {
        return wrong("input", "must be a string or a list of strings that is not empty");
    }
    if (json::value const* dimensions = given.if_contains("dimensions"); dimensions && !dimensions->is_null()) {
        std::optional<std::int64_t> const number = json::as_integer(*dimensions);
        if (!number || *number < 1 || *number > std::numeric_limits<int>::max()) {
            return wrong("dimensions", "must be a whole number above zero");
        }
        request.dimensions = static_cast<int>(*number);
        given.erase("dimensions");
    }
    request.extra = extra_text(given);
    return request;
}

Result<EmbedReply> read_embeddings(json::object given, std::size_t expected, std::vector<std::string>& warnings) {
    json::value const* data = given.if_contains("data");
    json::array const* list = data == nullptr ? nullptr : data->if_array();
    if (list == nullptr) return wrong_reply("data is no list");
    if (list->size() != expected) {
        return wrong_reply("there are " + std::to_string(list->size()) + " embeddings for " + std::to_string(expected) +
                           " inputs");
    }
    EmbedReply reply;
    reply.vectors.resize(expected);
    for (std::size_t i = 0; i < expected; ++i) {
        json::value const& item = (*list)[i];
        json::value const* embedding = json::find(item, "embedding");
        if (embedding == nullptr) return wrong_reply("data holds what is no embedding");
        json::value const* index = json::find(item, "index");
        std::optional<std::int64_t> place = static_cast<std::int64_t>(i);
        if (index != nullptr && !index->is_null()) place = json::as_integer(*index);
        if (!place || *place < 0 || static_cast<std::size_t>(*place) >= expected) {
            return wrong_reply("an embedding's index is none of an input");
        }
        std::vector<float>& slot = reply.vectors[static_cast<std::size_t>(*place)];
        if (!slot.empty()) return wrong_reply("two embeddings have the same index");
        Result<std::vector<float>> vector = read_vector(*embedding);
        if (!vector) return vector.error();
        if (vector->empty()) return wrong_reply("an embedding is empty");
        slot = std::move(*vector);
        if (slot.size() != reply.vectors.front().size() && !reply.vectors.front().empty()) {
            return wrong_reply("the embeddings differ in length");
        }
    }
    for (std::vector<float> const& vector : reply.vectors) {
        if (vector.size() != reply.vectors.front().size()) return wrong_reply("the embeddings differ in length");
    }
    given.erase("data");
    reply.model = take_text(given, "model");
    if (json::value const* usage = given.if_contains("usage"); usage != nullptr && usage->is_object()) {
        reply.usage = read_usage(*usage, warnings);
        given.erase("usage");
    }
    if (json::value const* kind = given.if_contains("object"); kind != nullptr && *kind == "list") {
        given.erase("object");
    }
    reply.extra = extra_text(given);
    return reply;
}

}  // namespace aikit::inline v0::openai_form

namespace aikit::inline v0::json_form {

std::string write_embeddings(EmbedReply const& reply) {
    std::string text;
    JsonWriter out(text);
    openai_form::Extra extra(reply.extra);
    for (std::string_view const name : {"data", "model", "aikit"}) extra.drop(name);
    out.begin_object();
    if (extra.find("object") == nullptr) out.key("object").text("list");
    out.key("data").begin_array();
    for (std::size_t i = 0; i < reply.vectors.size(); ++i) {
        out.begin_object();
        out.key("object").text("embedding");
        out.key("index").number(static_cast<std::int64_t>(i));
        out.key("embedding").begin_array();
        for (float const number : reply.vectors[i]) out.number(number);
        out.end_array();
        out.end_object();
    }
    out.end_array();
    out.key("model").text(reply.model);
    openai_form::write_usage(out, reply.usage);
    if (openai_form::known(reply.usage)) extra.drop("usage");
    extra.write(out);
    openai_form::write_info(out.key("aikit"), reply.info, true);
    out.end_object();
    return text;
}

}  // namespace aikit::inline v0::json_form
