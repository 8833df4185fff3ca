// SPDX-License-Identifier: MIT
// model/openai_form/moderation.cpp - moderation requests and verdicts.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

namespace aikit::inline v0::openai_form {

namespace {

bool is_plain_text(Part const& part) {
    auto const* text = std::get_if<TextPart>(&part);
    return text != nullptr && text->extra.empty();
}

Result<void> write_inputs(JsonWriter& out, ModerateRequest const& request, bool as_text, Style const& style) {
    if (as_text) {
        out.text(std::get<TextPart>(request.inputs.front()).text);
        return ok();
    }
    out.begin_array();
    for (std::size_t i = 0; i < request.inputs.size(); ++i) {
        std::string const path = "inputs[" + std::to_string(i) + "]";
        Part const& part = request.inputs[i];
        auto const* media = std::get_if<MediaPart>(&part);
        bool const image = media != nullptr && media->kind == MediaPart::Kind::image;
        if (!image && !std::holds_alternative<TextPart>(part)) {
            return fail(Errc::unsupported, "This endpoint moderates texts and images only (" + path + ").");
        }
        if (request.together) {
            Result<void> written = write_part(out, part, style, path);
            if (!written) return written;
        } else if (is_plain_text(part)) {
            out.text(std::get<TextPart>(part).text);
        } else {
            return fail(Errc::unsupported,
                        "This endpoint moderates images only as parts of one message (" + path + "); set together.");
        }
    }
    out.end_array();
    return ok();
}

/// One result as its fields make it.
json::object canonical_result(ModerationResult const& result) {
    json::object categories;
    json::object scores;
    json::object applied;
    bool any_applied = false;
    for (ModerationCategory const& category : result.categories) {
        categories[category.name] = category.flagged;
        scores[category.name] = category.score;
        json::array kinds;
        for (std::string const& kind : category.applied_to) kinds.emplace_back(kind);
        any_applied = any_applied || !kinds.empty();
        applied[category.name] = std::move(kinds);
    }
    json::object whole;
    whole["flagged"] = result.flagged;
    whole["categories"] = std::move(categories);
    whole["category_scores"] = std::move(scores);
    if (any_applied) whole["category_applied_input_types"] = std::move(applied);
    return whole;
}

Result<ModerationResult> read_result(json::value const& given) {
    json::value const* flagged = json::find(given, "flagged");
    if (flagged == nullptr || !flagged->is_bool()) return wrong_reply("results[].flagged is not true or false");
    json::object const* categories = json::member_object(given, "categories");
    json::object const* scores = json::member_object(given, "category_scores");
    if (categories == nullptr || scores == nullptr) return wrong_reply("results[] lacks its categories or scores");
    json::object const* applied = json::member_object(given, "category_applied_input_types");

    ModerationResult result;
    result.flagged = flagged->get_bool();
    for (auto const& member : *categories) {
        json::value const* score = scores->if_contains(member.key());
        bool const known = member.value().is_bool() && score != nullptr && score->is_number();
        if (!known) continue;  // stays in extra
        ModerationCategory category;
        category.name = std::string(member.key());
        category.flagged = member.value().get_bool();
        boost::system::error_code ignored;
        category.score = score->to_number<double>(ignored);
        json::value const* kinds = applied == nullptr ? nullptr : applied->if_contains(member.key());
        if (kinds != nullptr && kinds->is_array()) {
            for (json::value const& kind : kinds->get_array()) {
                if (kind.is_string()) category.applied_to.emplace_back(kind.get_string());
            }
        }
        result.categories.push_back(std::move(category));
    }
    result.extra = extra_text(difference(given.get_object(), canonical_result(result)));
    return result;
}

}  // namespace

Result<std::string> write_moderate_request(ModerateRequest const& request, Style const& style) {
    Extra extra(request.extra);
    if (!extra.valid()) return wrong("extra", "must be a JSON object");
    if (request.inputs.empty()) return wrong("inputs", "must not be empty");
    std::string text;
    JsonWriter out(text);
    json::value const* given = extra.find("input");
    bool const as_text =
        given != nullptr && given->is_string() && request.inputs.size() == 1 && is_plain_text(request.inputs.front());
    out.begin_object();
    out.key("input");
    if (Result<void> written = write_inputs(out, request, as_text, style); !written) return written.error();
    extra.drop("input");
    if (!request.model.empty()) {
        out.key("model").text(request.model);
        extra.drop("model");
    }
    extra.write(out);
    out.end_object();
    if (!out.valid()) return wrong("inputs", "hold text that is not valid UTF-8");
    return text;
}

Result<ModerateRequest> read_moderate_request(json::object given) {
    ModerateRequest request;
    request.model = take_text(given, "model");
    json::value const* input = given.if_contains("input");
    if (input == nullptr || input->is_null()) return wrong("input", "is missing");
    if (json::string const* one = input->if_string()) {
        request.inputs.emplace_back(TextPart(std::string(*one)));
        request.extra = extra_text(given);
        return request;
    }
    json::array const* list = input->if_array();
    if (list == nullptr || list->empty()) return wrong("input", "must be a string or a list that is not empty");
    request.together = list->front().is_object();
    for (std::size_t i = 0; i < list->size(); ++i) {
        std::string const path = "input[" + std::to_string(i) + "]";
        json::value const& item = (*list)[i];
        if (request.together) {
            Result<Part> part = read_part(item, path);
            if (!part) return part.error();
            request.inputs.push_back(std::move(*part));
        } else if (json::string const* text = item.if_string()) {
            request.inputs.emplace_back(TextPart(std::string(*text)));
        } else {
            return wrong(path, "must be a string, like the others");
        }
    }
    given.erase("input");
    request.extra = extra_text(given);
    return request;
}

Result<ModerateReply> read_moderation(json::object given) {
    json::value const* results = given.if_contains("results");
    json::array const* list = results == nullptr ? nullptr : results->if_array();
    if (list == nullptr || list->empty()) return wrong_reply("results is no list, or empty");
    ModerateReply reply;
    for (json::value const& item : *list) {
        Result<ModerationResult> result = read_result(item);
        if (!result) return result.error();
        reply.results.push_back(std::move(*result));
    }
    given.erase("results");
    reply.id = take_text(given, "id");
    reply.model = take_text(given, "model");
    reply.extra = extra_text(given);
    return reply;
}

}  // namespace aikit::inline v0::openai_form

namespace aikit::inline v0::json_form {

std::string write_moderation(ModerateReply const& reply) {
    std::string text;
    JsonWriter out(text);
    openai_form::Extra extra(reply.extra);
    for (std::string_view const name : {"id", "model", "results", "aikit"}) extra.drop(name);
    out.begin_object();
    out.key("id").text(reply.id);
    out.key("model").text(reply.model);
    out.key("results").begin_array();
    for (ModerationResult const& result : reply.results) {
        json::object whole = openai_form::canonical_result(result);
        openai_form::Extra const more(result.extra);
        openai_form::overlay(whole, more.members());
        out.object(whole);
    }
    out.end_array();
    extra.write(out);
    openai_form::write_info(out.key("aikit"), reply.info, true);
    out.end_object();
    return text;
}

}  // namespace aikit::inline v0::json_form
