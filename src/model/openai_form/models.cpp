// SPDX-License-Identifier: MIT
// model/openai_form/models.cpp - lists of models, counts of tokens.
#include "model/openai_form/form.hpp"

namespace aikit::inline v0::openai_form {

namespace {

Result<ModelInfo> read_model(json::object given) {
    ModelInfo model;
    model.id = take_text(given, "id");
    if (model.id.empty()) return wrong_reply("a model has no id");
    model.owner = take_text(given, "owned_by");
    if (json::value const* created = given.if_contains("created")) {
        if (std::optional<std::int64_t> const seconds = json::as_integer(*created)) {
            model.created = *seconds;
            given.erase("created");
        }
    }
    if (json::value const* kind = given.if_contains("object"); kind != nullptr && *kind == "model") {
        given.erase("object");
    }
    model.extra = extra_text(given);
    return model;
}

}  // namespace

Result<ModelList> read_models(json::object given) {
    ModelList list;
    json::value* data = given.if_contains("data");
    if (data == nullptr) {
        Result<ModelInfo> one = read_model(std::move(given));
        if (!one) return one.error();
        list.models.push_back(std::move(*one));
        return list;
    }
    if (!data->is_array()) return wrong_reply("data is no list");
    for (json::value& item : data->get_array()) {
        if (!item.is_object()) return wrong_reply("data holds what is no model");
        Result<ModelInfo> model = read_model(std::move(item.get_object()));
        if (!model) return model.error();
        list.models.push_back(std::move(*model));
    }
    return list;
}

}  // namespace aikit::inline v0::openai_form

namespace aikit::inline v0::json_form {

std::string write_models(ModelList const& list) {
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    out.key("object").text("list");
    out.key("data").begin_array();
    for (ModelInfo const& model : list.models) {
        openai_form::Extra extra(model.extra);
        out.begin_object();
        out.key("id").text(model.id);
        if (extra.find("object") == nullptr) out.key("object").text("model");
        if (extra.find("created") == nullptr) out.key("created").number(model.created);
        if (extra.find("owned_by") == nullptr) out.key("owned_by").text(model.owner);
        extra.drop("id");
        extra.write(out);
        out.end_object();
    }
    out.end_array();
    openai_form::write_info(out.key("aikit"), list.info, true);
    out.end_object();
    return text;
}

std::string write_token_count(TokenCount const& count) {
    std::string text;
    JsonWriter out(text);
    openai_form::Extra extra(count.extra);
    out.begin_object();
    if (extra.find("object") == nullptr) out.key("object").text("response.input_tokens");
    out.key("input_tokens").number(count.tokens);
    extra.drop("input_tokens");
    extra.drop("aikit");
    extra.write(out);
    openai_form::write_info(out.key("aikit"), count.info, true);
    out.end_object();
    return text;
}

}  // namespace aikit::inline v0::json_form
