// SPDX-License-Identifier: MIT
// cli/jobs.cpp - aikit batch, files and tune.

#include "cli/jobs.hpp"

#include "kit/jobs.hpp"
#include "model/base64.hpp"
#include "model/json_exact.hpp"

#include <fstream>

namespace aikit::cli {
namespace {

Result<json::value> parse(std::string_view text, std::string_view what) {
    return json_exact::parse(text, what, Errc::invalid_argument);
}

/// Requests as OpenAI's files of batches have them, a line each; or the whole request as one object.
Result<json::object> batch_of(std::string const& path) {
    Result<std::string> const text = read_argument_file(path);
    if (!text) return text.error();
    if (Result<json::value> whole = parse(*text, path); whole && whole->is_object()) {
        json::object& given = whole->get_object();
        if (given.if_contains("requests") != nullptr || given.if_contains("input_file_id") != nullptr) return given;
    }
    json::array requests;
    std::string_view rest = *text;
    while (!rest.empty()) {
        std::size_t const end = std::min(rest.find('\n'), rest.size());
        std::string_view const line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.find_first_not_of(" \t\r") == line.npos) continue;
        Result<json::value> one = parse(line, path + ", line " + std::to_string(requests.size() + 1));
        if (!one) return one.error();
        if (!one->is_object()) return fail(Errc::invalid_argument, path + " holds a line that is no JSON object");
        requests.push_back(std::move(*one));
    }
    json::object request;
    request["requests"] = std::move(requests);
    return request;
}

/// A handle as it was printed, or just an id.
Result<void> put_job(json::object& request, std::string const& job) {
    if (job.empty() || job.front() != '{') {
        request["id"] = job;
        return ok();
    }
    Result<json::value> handle = parse(job, "the handle");
    if (!handle) return handle.error();
    request["handle"] = std::move(*handle);
    return ok();
}

Result<void> put_object(json::object& request, char const* key, std::string const& text) {
    if (text.empty()) return ok();
    Result<json::value> value = parse(text, key);
    if (!value) return value.error();
    request[key] = std::move(*value);
    return ok();
}

void put_text(json::object& request, char const* key, std::string const& text) {
    if (!text.empty()) request[key] = text;
}

Result<json::object> request_of(JobSettings const& settings) {
    json::object request;
    if (settings.action == "batch.create" && !settings.subject.empty()) {
        Result<json::object> given = batch_of(settings.subject);
        if (!given) return given.error();
        request = std::move(*given);
    } else if (settings.action == "files.upload") {
        if (settings.subject == "-") {
            Result<std::string> const text = read_argument_file("-");
            if (!text) return text.error();
            request["data"] = to_base64(*text);
        } else {
            request["path"] = settings.subject;
        }
    } else if (!settings.subject.empty()) {
        if (Result<void> put = put_job(request, settings.subject); !put) return put.error();
    }
    put_text(request, "input_file_id", settings.input_file);
    put_text(request, "endpoint", settings.endpoint);
    put_text(request, "name", settings.name);
    put_text(request, "media_type", settings.media_type);
    put_text(request, "purpose", settings.purpose);
    put_text(request, "training_file", settings.training_file);
    put_text(request, "validation_file", settings.validation_file);
    put_text(request, "suffix", settings.suffix);
    put_text(request, "method", settings.method);
    put_text(request, "after", settings.after);
    put_text(request, "model", settings.call.model);
    if (settings.seed) request["seed"] = *settings.seed;
    if (settings.limit) request["limit"] = *settings.limit;
    if (settings.expires_after) request["expires_after"] = *settings.expires_after;
    if (Result<void> put = put_object(request, "metadata", settings.metadata); !put) return put.error();
    if (Result<void> put = put_object(request, "hyperparameters", settings.hyperparameters); !put) return put.error();
    if (Result<void> put = put_object(request, "extra", settings.extra); !put) return put.error();
    if (!settings.call.provider.empty()) request["provider"] = settings.call.provider;
    return request;
}

/// The flags that every call has, as they stand in a request.
json::object house_of(CallSettings const& call) {
    json::object house;
    if (call.timeout) house["timeouts"] = json::object{{"total", *call.timeout}};
    if (call.max_retries) house["max_retries"] = *call.max_retries;
    json::object caller;
    if (!call.user.empty()) caller["user"] = call.user;
    if (!call.project.empty()) caller["project"] = call.project;
    if (!call.tags.empty()) caller["tags"] = json::array(call.tags.begin(), call.tags.end());
    if (!caller.empty()) house["caller"] = std::move(caller);
    return house;
}

std::string word(json::value const& given, char const* key) {
    return std::string(json::text(given, key).value_or("-"));
}

/// One job or file as a line for people.
void print_one(Console& console, json::value const& one) {
    std::string line = word(one, "id") + "  " + word(one, "status");
    if (json::value const* counts = json::find(one, "counts"); counts != nullptr && counts->is_object()) {
        line += "  " + std::to_string(json::integer(*counts, "succeeded").value_or(0)) + " of " +
                std::to_string(json::integer(*counts, "total").value_or(0)) + " done";
        std::int64_t const failed = json::integer(*counts, "failed").value_or(0);
        if (failed > 0) line += ", " + std::to_string(failed) + " failed";
    }
    if (json::text(one, "filename")) {
        line +=
            "  " + word(one, "filename") + "  " + std::to_string(json::integer(one, "bytes").value_or(0)) + " bytes";
    }
    if (json::text(one, "fine_tuned_model")) line += "  " + word(one, "fine_tuned_model");
    if (json::text(one, "message")) line = word(one, "level") + "  " + word(one, "message");
    console.line(line);
}

void print(Console& console, std::string const& reply) {
    if (console.json()) return console.line(reply);
    Result<json::value> const document = json_exact::parse(reply, "reply");
    if (!document || !document->is_object()) return console.line(reply);
    if (json::array const* data = json::member_array(*document, "data")) {
        for (json::value const& one : *data) {
            if (one.is_object()) print_one(console, one);
        }
    } else if (json::text(*document, "id")) {
        print_one(console, *document);
    }
    json::value const* house = json::find(*document, "aikit");
    json::array const* warnings = house == nullptr ? nullptr : json::member_array(*house, "warnings");
    if (warnings == nullptr) return;
    for (json::value const& warning : *warnings) {
        if (warning.is_string()) console.warn(warning.get_string());
    }
}

/// A result for people: its id, and the answer or what went wrong.
void print_result(Console& console, std::string const& text) {
    if (console.json()) return console.line(text);
    Result<json::value> const result = json_exact::parse(text, "result");
    if (!result || !result->is_object()) return;
    boost::system::error_code none;
    json::value const* said = result->find_pointer("/reply/choices/0/message/content", none);
    if (said == nullptr) said = result->find_pointer("/error/message", none);
    std::string const words = said != nullptr && said->is_string() ? std::string(said->get_string()) : "-";
    console.line(word(result->get_object(), "custom_id") + ": " + words);
}

Task<void> take(Console* console, std::string text) {
    print_result(*console, text);
    // When nobody reads on there is nothing more to fetch.
    if (output_lost()) co_return fail(Errc::cancelled, "nobody reads the results any more");
    co_return ok();
}

/// The content of a file, to another or to standard output as it stands.
int write_content(Console& console, std::string const& reply, std::string const& output) {
    if (console.json() && output.empty()) {
        console.line(reply);
        return 0;
    }
    Result<json::value> const given = json_exact::parse(reply, "reply");
    if (!given) return console.fail(given.error());
    std::optional<std::string> const bytes = from_base64(json::text(*given, "data").value_or(""));
    if (!bytes) return console.fail(fail(Errc::internal, "the file's content could not be read"));
    if (output.empty()) {
        console.write(*bytes);
        return 0;
    }
    std::ofstream file(output, std::ios::binary);
    file.write(bytes->data(), static_cast<std::streamsize>(bytes->size()));
    file.close();
    if (!file) return console.fail(fail(Errc::invalid_argument, "the file " + output + " could not be written"));
    console.note(std::to_string(bytes->size()) + " bytes in " + output);
    return 0;
}

}  // namespace

int run_job(CommonOptions const& common, JobSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<json::object> request = request_of(settings);
    if (!request) return console.fail(request.error());
    if (Result<CallOptions> good = call_options(settings.call); !good) return console.fail(good.error());
    if (json::object house = house_of(settings.call); !house.empty() && request->if_contains("aikit") == nullptr) {
        (*request)["aikit"] = std::move(house);
    }
    Result<KitConfig> config = configure(common, settings.call);
    if (!config) return console.fail(config.error());
    Result<Session> kit = open_kit(std::move(*config));
    if (!kit) return console.fail(kit.error());
    jobs::TakeResult take_result;
    if (settings.action == "batch.results") {
        take_result = [&console](std::string text) { return take(&console, std::move(text)); };
    }
    Result<std::string> const reply =
        run(*kit, jobs::run(*kit, settings.action, json_exact::write(*request), std::move(take_result)));
    if (!reply) return fail_call(console, *kit, reply.error());
    settle(*kit, console);
    if (settings.action == "files.content") return write_content(console, *reply, settings.output);
    print(console, *reply);
    return 0;
}

}  // namespace aikit::cli
