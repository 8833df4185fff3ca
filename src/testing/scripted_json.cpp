// SPDX-License-Identifier: MIT
// testing/scripted_json.cpp - scripts as JSON.
#include "core/json.hpp"
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "model/usage_form/pieces.hpp"

#include <aikit/testing/scripted_provider.hpp>

#include <cmath>

namespace aikit::inline v0::testing {
namespace {

void read_seconds(json::Fields& fields, std::string_view key, std::chrono::milliseconds& out) {
    std::optional<double> seconds;
    fields.read(key, seconds);
    if (!seconds) return;
    if (!(*seconds >= 0 && *seconds <= 1e6)) return fields.refuse(key, "must be 0 to 1000000 seconds");
    out = std::chrono::milliseconds(std::llround(*seconds * 1000));
}

Result<void> read_usage(json::object const& source, std::string const& path, Usage& usage) {
    json::Fields fields(source, path);
    fields.read("input", usage.input);
    fields.read("cache_read", usage.cache_read);
    fields.read("cache_write_5m", usage.cache_write_5m);
    fields.read("cache_write_1h", usage.cache_write_1h);
    fields.read("output", usage.output);
    fields.read("reasoning", usage.reasoning);
    if (json::object const* pieces = fields.take_object("pieces")) {
        Result<Pieces> read = usage_form::read_pieces(*pieces, path + ".pieces");
        if (!read) return read.error();
        usage.pieces = *read;
    }
    if (Result<void> done = fields.finish(); !done) return done;
    if (!check(usage)) return fail(Errc::invalid_argument, path + " contradicts itself: a part exceeds its whole");
    return ok();
}

Result<void> read_error(json::object const& source, std::string const& path, std::string const& provider,
                        Error& error) {
    json::Fields fields(source, path);
    std::string code;
    std::chrono::milliseconds retry_after{-1};
    fields.read("code", code);
    fields.read("message", error.message);
    fields.read("http_status", error.http_status);
    fields.read("provider_code", error.provider_code);
    fields.read("maybe_executed", error.maybe_executed);
    read_seconds(fields, "retry_after", retry_after);
    std::optional<Errc> const known = errc_from_name(code);
    if (!known) fields.refuse("code", "must be the name of an error, such as \"rate_limited\"");
    if (Result<void> done = fields.finish(); !done) return done;
    error.code = *known;
    error.provider = provider;
    if (error.message.empty()) error.message = provider + ": the script says so";
    if (retry_after.count() >= 0) error.retry_after = retry_after;
    return ok();
}

Result<void> read_calls(json::array const& source, std::string const& path, std::vector<ToolCall>& out) {
    for (std::size_t i = 0; i < source.size(); ++i) {
        std::string const where = path + "[" + std::to_string(i) + "]";
        if (!source[i].is_object()) return fail(Errc::invalid_argument, where + " must be an object");
        json::Fields fields(source[i].get_object(), where);
        ToolCall call;
        call.arguments = "{}";
        fields.read("id", call.id);
        fields.read("name", call.name);
        fields.read("arguments", call.arguments);
        if (Result<void> done = fields.finish(); !done) return done;
        out.push_back(std::move(call));
    }
    return ok();
}

Result<void> read_vectors(json::array const& source, std::string const& path, std::vector<std::vector<float>>& out) {
    for (json::value const& row : source) {
        if (!row.is_array()) return fail(Errc::invalid_argument, path + " must be an array of arrays of numbers");
        std::vector<float>& vector = out.emplace_back();
        for (json::value const& number : row.get_array()) {
            if (!number.is_number())
                return fail(Errc::invalid_argument, path + " must be an array of arrays of numbers");
            vector.push_back(number.to_number<float>());
        }
    }
    return ok();
}

Result<void> read_moderation(json::array const& source, std::string const& path, std::vector<ModerationResult>& out) {
    for (json::value const& entry : source) {
        if (!entry.is_object()) return fail(Errc::invalid_argument, path + " must be an array of objects");
        json::Fields fields(entry.get_object(), path);
        ModerationResult result;
        fields.read("flagged", result.flagged);
        if (json::object const* categories = fields.take_object("categories")) {
            for (auto const& [name, score] : *categories) {
                if (!score.is_number()) return fail(Errc::invalid_argument, path + ".categories must hold numbers");
                ModerationCategory category;
                category.name = std::string(name);
                category.score = score.to_number<double>();
                category.flagged = category.score >= 0.5;
                result.categories.push_back(std::move(category));
            }
        }
        if (Result<void> done = fields.finish(); !done) return done;
        out.push_back(std::move(result));
    }
    return ok();
}

bool read_finish(std::string const& word, FinishReason& out) {
    for (FinishReason const reason :
         {FinishReason::stop, FinishReason::length, FinishReason::tool_calls, FinishReason::content_filter}) {
        if (word != aikit::name(reason)) continue;
        out = reason;
        return true;
    }
    return false;
}

Result<void> read_recording(json::Fields& fields, std::optional<Recording>& out) {
    std::optional<std::int64_t> deliver;
    std::string ending;
    fields.read("deliver", deliver);
    fields.read("ending", ending);
    json::object const* source = fields.take_object("recording");
    if (source == nullptr) {
        if (deliver || !ending.empty()) fields.refuse("recording", "is missing beside deliver or ending");
        return ok();
    }
    Result<Recording> recording = parse_recording(json_exact::write(*source));
    if (!recording) return recording.error();
    if (deliver && *deliver < 0) fields.refuse("deliver", "must be 0 or more");
    if (deliver) recording->reply.deliver = static_cast<std::size_t>(*deliver);
    if (ending == "cut") recording->reply.ending = Ending::cut;
    if (ending == "reset") recording->reply.ending = Ending::reset;
    if (ending == "stall") recording->reply.ending = Ending::stall;
    if (!ending.empty() && ending != "whole" && recording->reply.ending == Ending::whole) {
        fields.refuse("ending", "must be \"whole\", \"cut\", \"reset\" or \"stall\"");
    }
    out = std::move(*recording);
    return ok();
}

/// A whole chat.completion object, and a list of model names.
Result<void> read_wholes(json::Fields& fields, ScriptedReply& reply) {
    if (json::object const* given = fields.take_object("reply")) {
        std::vector<std::string> warnings;
        Result<ChatReply> whole = openai_form::read_reply(*given, warnings);
        if (!whole) fields.refuse("reply", "must be a chat.completion object");
        if (whole) reply.whole = std::move(*whole);
    }
    if (json::array const* names = fields.take_array("models")) {
        ModelList& list = reply.models.emplace();
        for (json::value const& name : *names) {
            if (!name.is_string()) {
                fields.refuse("models", "must be a list of names");
                break;
            }
            list.models.emplace_back().id = std::string(name.get_string());
        }
    }
    fields.read("tokens", reply.tokens);
    if (reply.tokens < 0) fields.refuse("tokens", "must be 0 or more");
    std::optional<std::int64_t> piece;
    fields.read("piece", piece);
    if (piece && *piece < 0) fields.refuse("piece", "must be 0 or more");
    if (piece && *piece > 0) reply.piece = static_cast<std::size_t>(*piece);
    fields.read("dimensions", reply.dimensions);
    if (reply.dimensions < 0) fields.refuse("dimensions", "must be 0 or more");
    return ok();
}

/// The members that are objects and arrays of their own.
Result<void> read_parts(json::Fields& fields, std::string const& provider, ScriptedReply& reply) {
    std::string const& path = fields.path();
    if (json::array const* pieces = fields.take_array("pieces")) {
        for (json::value const& piece : *pieces) {
            if (!piece.is_string()) return fail(Errc::invalid_argument, path + ".pieces must hold texts");
            reply.pieces.emplace_back(piece.get_string());
        }
    }
    if (json::object const* usage = fields.take_object("usage")) {
        if (Result<void> read = read_usage(*usage, path + ".usage", reply.usage); !read) return read;
    }
    if (json::array const* calls = fields.take_array("tool_calls")) {
        if (Result<void> read = read_calls(*calls, path + ".tool_calls", reply.tool_calls); !read) return read;
        reply.finish = FinishReason::tool_calls;
    }
    if (json::array const* vectors = fields.take_array("vectors")) {
        if (Result<void> read = read_vectors(*vectors, path + ".vectors", reply.vectors); !read) return read;
    }
    if (json::array const* results = fields.take_array("moderation")) {
        if (Result<void> read = read_moderation(*results, path + ".moderation", reply.moderation); !read) return read;
    }
    if (json::object const* error = fields.take_object("error")) {
        if (Result<void> read = read_error(*error, path + ".error", provider, reply.error.emplace()); !read)
            return read;
    }
    return ok();
}

Result<ScriptedReply> read_reply(json::value const& source, std::string const& path, std::string const& provider) {
    if (!source.is_object()) return fail(Errc::invalid_argument, path + " must be an object");
    json::Fields fields(source.get_object(), path);
    ScriptedReply reply;
    std::string text;
    std::string finish;
    fields.read("text", text);
    fields.read("reasoning", reply.reasoning);
    fields.read("refusal", reply.refusal);
    fields.read("model", reply.model);
    fields.read("finish", finish);
    fields.read("fail_after", reply.fail_after);
    fields.read("match", reply.match);
    read_seconds(fields, "delay", reply.delay);
    read_seconds(fields, "piece_delay", reply.piece_delay);
    if (!text.empty()) reply.pieces.push_back(std::move(text));
    if (Result<void> parts = read_parts(fields, provider, reply); !parts) return parts.error();
    if (Result<void> wholes = read_wholes(fields, reply); !wholes) return wholes.error();
    if (Result<void> read = read_recording(fields, reply.recording); !read) return read.error();
    if (!finish.empty() && !read_finish(finish, reply.finish)) {
        fields.refuse("finish", "must be \"stop\", \"length\", \"tool_calls\" or \"content_filter\"");
    }
    if (Result<void> done = fields.finish(); !done) return done.error();
    return reply;
}

}  // namespace

Result<std::shared_ptr<AIProvider>> scripted_from_json(std::string_view script, std::string name, Runtime runtime) {
    Result<json::value> parsed = json_exact::parse(script, "script", Errc::invalid_argument);
    if (!parsed) return parsed.error();
    if (!parsed->is_object()) return fail(Errc::invalid_argument, "the script must be a JSON object");
    if (json::find(*parsed, "response") != nullptr) {  // a recording alone
        Result<Recording> recording = parse_recording(script);
        if (!recording) return recording.error();
        ScriptedReply reply;
        reply.recording = std::move(*recording);
        std::shared_ptr<ScriptedProvider> provider = ScriptedProvider::create(std::move(name), std::move(runtime));
        provider->repeat(true);
        provider->add(std::move(reply));
        return std::shared_ptr<AIProvider>(std::move(provider));
    }
    json::Fields fields(parsed->get_object(), "script");
    bool repeat = false;
    fields.read("repeat", repeat);
    json::array const* replies = fields.take_array("replies");
    if (Result<void> done = fields.finish(); !done) return done.error();

    std::shared_ptr<ScriptedProvider> provider = ScriptedProvider::create(name, std::move(runtime));
    provider->repeat(repeat);
    for (std::size_t i = 0; replies && i < replies->size(); ++i) {
        Result<ScriptedReply> reply = read_reply((*replies)[i], "script.replies[" + std::to_string(i) + "]", name);
        if (!reply) return reply.error();
        provider->add(std::move(*reply));
    }
    return std::shared_ptr<AIProvider>(std::move(provider));
}

}  // namespace aikit::inline v0::testing
