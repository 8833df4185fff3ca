// SPDX-License-Identifier: MIT
// cli/calls.cpp - aikit embed, moderate, models, cost, version.
#include "cli/commands.hpp"
#include "core/json.hpp"
#include "kit/json_views.hpp"

namespace aikit::cli {
namespace {

/// Texts given as arguments; a lone "-" is standard input.
Result<std::vector<Part>> text_parts(std::vector<std::string> const& texts) {
    std::vector<Part> parts;
    for (std::string const& text : texts) {
        if (text != "-") {
            parts.emplace_back(TextPart(text));
            continue;
        }
        Result<std::string> read = read_argument_file("-");
        if (!read) return read.error();
        parts.emplace_back(TextPart(std::move(*read)));
    }
    return parts;
}

/// The request of a file, or one made from the texts.
template <class Request>
Result<Request> make_request(std::string const& file, std::vector<std::string> const& texts, std::string const& model,
                             Result<Request> (*read)(std::string_view)) {
    Request request;
    if (!file.empty()) {
        Result<std::string> text = read_argument_file(file);
        if (!text) return text.error();
        Result<Request> parsed = read(*text);
        if (!parsed) return parsed.error();
        request = std::move(*parsed);
    } else {
        Result<std::vector<Part>> parts = text_parts(texts);
        if (!parts) return parts.error();
        request.inputs = std::move(*parts);
    }
    if (!model.empty()) request.model = model;
    return request;
}

Result<Session> open_for(CommonOptions const& common, CallSettings const& call) {
    Result<KitConfig> config = configure(common, call);
    if (!config) return config.error();
    return open_kit(std::move(*config));
}

std::string short_number(float value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", static_cast<double>(value));
    return text;
}

void print_vectors(Console& console, EmbedReply const& reply) {
    for (std::vector<float> const& vector : reply.vectors) {
        std::string line = "[";
        for (std::size_t i = 0; i < vector.size(); ++i) line += (i ? "," : "") + short_number(vector[i]);
        console.line(line + "]");
    }
    note_cost(console, reply.info);
}

void print_moderation(Console& console, ModerateReply const& reply) {
    for (ModerationResult const& result : reply.results) {
        std::string line = result.flagged ? "flagged:" : "not flagged";
        for (ModerationCategory const& category : result.categories) {
            if (category.flagged)
                line += " " + category.name + " (" + short_number(static_cast<float>(category.score)) + ")";
        }
        console.line(line);
    }
    for (std::string const& warning : reply.info.warnings) console.warn(warning);
}

}  // namespace

int run_embed(CommonOptions const& common, EmbedSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<EmbedRequest> request =
        make_request<EmbedRequest>(settings.request, settings.texts, settings.call.model, json_form::read_embed);
    if (!request) return console.fail(request.error());
    if (settings.dimensions) request->dimensions = settings.dimensions;
    Result<CallOptions> options = call_options(settings.call);
    if (!options) return console.fail(options.error());
    Result<Session> kit = open_for(common, settings.call);
    if (!kit) return console.fail(kit.error());
    Result<EmbedReply> reply = run(*kit, kit->embed(std::move(*request), std::move(*options)));
    if (!reply) return fail_call(console, *kit, reply.error());
    settle(*kit, reply->info.warnings);
    if (console.json()) {
        console.line(json_form::write_embeddings(*reply));
    } else {
        print_vectors(console, *reply);
    }
    return 0;
}

int run_moderate(CommonOptions const& common, ModerateSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<ModerateRequest> request =
        make_request<ModerateRequest>(settings.request, settings.texts, settings.call.model, json_form::read_moderate);
    if (!request) return console.fail(request.error());
    Result<CallOptions> options = call_options(settings.call);
    if (!options) return console.fail(options.error());
    Result<Session> kit = open_for(common, settings.call);
    if (!kit) return console.fail(kit.error());
    Result<ModerateReply> reply = run(*kit, kit->moderate(std::move(*request), std::move(*options)));
    if (!reply) return fail_call(console, *kit, reply.error());
    settle(*kit, reply->info.warnings);
    if (console.json()) {
        console.line(json_form::write_moderation(*reply));
    } else {
        print_moderation(console, *reply);
    }
    return 0;
}

int run_models(CommonOptions const& common, CallSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<CallOptions> options = call_options(settings);
    if (!options) return console.fail(options.error());
    Result<Session> kit = open_for(common, settings);
    if (!kit) return console.fail(kit.error());
    Result<ModelList> list = run(*kit, kit->models(settings.provider, std::move(*options)));
    if (!list) return console.fail(list.error());
    if (console.json()) {
        console.line(json_form::write_models(*list));
    } else {
        for (ModelInfo const& model : list->models) console.line(model.id);
    }
    return 0;
}

int run_version(CommonOptions const& common) {
    Console console(common.json, common.quiet);
    if (console.json()) {
        json::object out;
        out["version"] = version();
        console.line(json::serialize(out));
    } else {
        console.line(std::string("aikit ") + version());
    }
    return 0;
}

}  // namespace aikit::cli
