// SPDX-License-Identifier: MIT
// provider/carrier/jobs.cpp - what batches, files and trainings of all dialects share.
#include "provider/carrier/jobs.hpp"

#include "model/openai_form/form.hpp"
#include "net/ascii.hpp"
#include "provider/carrier/body.hpp"

#include <aikit/core/id.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace aikit::inline v0::provider::carrier {

Task<Told> ask(std::shared_ptr<Endpoint const> endpoint, Call call) {
    Result<Whole> whole = co_await fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    json_exact::Arena arena;
    Result<json::object> const object = read_object(whole->head.exchange, whole->body, arena);
    if (!object) co_return without_key(object.error(), *endpoint, whole->head);
    Told told;
    told.head = std::move(whole->head);
    told.object = json::object(*object, boost::json::storage_ptr());  // not in the arena
    co_return told;
}

Task<Told> ask_about(std::shared_ptr<Endpoint const> endpoint, Call call) {
    Result<Whole> whole = co_await fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<json::value> document = json_exact::parse(whole->body, "reply");
    bool const named_job = document && document->is_object() &&
                           (json::text(*document, "id").has_value() || json::text(*document, "name").has_value());
    Told told;
    if (named_job) {
        told.object = std::move(document->get_object());
    } else {
        json_exact::Arena arena;
        Result<json::object> const object = read_object(whole->head.exchange, whole->body, arena);
        if (!object) co_return without_key(object.error(), *endpoint, whole->head);
        told.object = json::object(*object, boost::json::storage_ptr());
    }
    told.head = std::move(whole->head);
    co_return told;
}

Task<FileContent> ask_content(std::shared_ptr<Endpoint const> endpoint, Call call) {
    call.accept = "*/*";
    Result<Whole> whole = co_await fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    FileContent content;
    content.data = std::move(whole->body);
    content.media_type = whole->head.headers.find("content-type").value_or("");
    content.info = describe(*endpoint, whole->head, "", Usage());
    co_return content;
}

Call plain_call(std::string method, std::string path, CallOptions options) {
    Call call;
    call.method = std::move(method);
    call.path = std::move(path);
    call.options = std::move(options);
    return call;
}

std::string text_of(json::object const& given, std::string_view key) {
    json::value const* found = given.if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::int64_t number_of(json::object const& given, std::string_view key) {
    json::value const* found = given.if_contains(key);
    if (found == nullptr) return 0;
    if (!found->is_string()) return json::as_integer(*found).value_or(0);
    std::string_view const text = found->get_string();
    std::int64_t value = 0;
    auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
    return wrong == std::errc() && end == text.data() + text.size() ? value : 0;
}

std::int64_t seconds_of(json::object const& given, std::string_view key) {
    json::value const* found = given.if_contains(key);
    if (found == nullptr) return 0;
    if (!found->is_string()) return std::max<std::int64_t>(json::as_integer(*found).value_or(0), 0);
    Result<SystemTime> const time = from_rfc3339(found->get_string());
    if (!time) return 0;
    return std::chrono::floor<std::chrono::seconds>(*time).time_since_epoch().count();
}

json::object object_of(json::object const& given, std::string_view key) {
    json::value const* found = given.if_contains(key);
    return found != nullptr && found->is_object() ? found->get_object() : json::object();
}

Error lacking(Head const& head, std::string_view what) {
    std::string const& provider = head.exchange.provider;
    return unreadable(reply_error(head.exchange, Errc::protocol,
                                  "The provider " + provider + " answered without " + std::string(what) + "."),
                      head.exchange);
}

Result<std::vector<json::object>> list_of(Told const& told, std::string_view key) {
    std::vector<json::object> out;
    json::value const* list = told.object.if_contains(key);
    if (list == nullptr || list->is_null()) return out;
    if (!list->is_array()) return lacking(told.head, "a list");
    for (json::value const& item : list->get_array()) {
        if (!item.is_object()) return lacking(told.head, "objects in its list");
        out.push_back(item.get_object());
    }
    return out;
}

std::string escaped(std::string_view text) {
    constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    for (char const c : text) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        auto const byte = static_cast<unsigned char>(c);
        if (plain) {
            out += c;
        } else {
            out += {'%', hex[byte >> 4], hex[byte & 15]};
        }
    }
    return out;
}

void add_query(std::string& path, std::string_view name, std::string_view value) {
    path += path.find('?') == std::string::npos ? '?' : '&';
    path.append(name).append("=").append(escaped(value));
}

Result<void> check_id(Endpoint const& endpoint, std::string_view id, std::string_view what) {
    constexpr std::size_t longest = 512;
    bool const plain = !id.empty() && id.size() <= longest && id != "." && id != ".." && !has_control(id);
    if (plain) return ok();
    return named(fail(Errc::invalid_argument, "The id of the " + std::string(what) + " is empty or none."), endpoint);
}

std::string media_type_of(std::string_view name) {
    struct Known {
        std::string_view end;
        std::string_view type;
    };
    constexpr std::array<Known, 17> known{{{".pdf", "application/pdf"},
                                           {".json", "application/json"},
                                           {".jsonl", "application/jsonl"},
                                           {".txt", "text/plain"},
                                           {".md", "text/markdown"},
                                           {".csv", "text/csv"},
                                           {".html", "text/html"},
                                           {".png", "image/png"},
                                           {".jpg", "image/jpeg"},
                                           {".jpeg", "image/jpeg"},
                                           {".gif", "image/gif"},
                                           {".webp", "image/webp"},
                                           {".mp3", "audio/mpeg"},
                                           {".wav", "audio/wav"},
                                           {".mp4", "video/mp4"},
                                           {".xml", "application/xml"},
                                           {".zip", "application/zip"}}};
    std::size_t const dot = name.rfind('.');
    for (Known const& one : known) {
        if (dot != name.npos && net::equals_ignoring_case(name.substr(dot), one.end)) return std::string(one.type);
    }
    return "application/octet-stream";
}

// ---- multipart ----

namespace {

/// RFC 7578, 4.2, as browsers write it: quotes and line ends escaped.
std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (char const c : text) {
        if (c == '"') {
            out += "%22";
        } else if (c == '\r') {
            out += "%0D";
        } else if (c == '\n') {
            out += "%0A";
        } else {
            out += c;
        }
    }
    return out + "\"";
}

}  // namespace

Multipart::Multipart(Clock const& clock) : boundary_("aikit-" + new_id(clock)) {}

void Multipart::begin(std::string_view name) {
    body_ += "--" + boundary_ + "\r\nContent-Disposition: form-data; name=" + in_quotes(name);
}

void Multipart::field(std::string_view name, std::string_view value) {
    begin(name);
    body_.append("\r\n\r\n").append(value).append("\r\n");
}

void Multipart::file(std::string_view name, FileUpload const& file) {
    begin(name);
    std::string const type = file.media_type.empty() ? media_type_of(file.name) : file.media_type;
    body_.append("; filename=").append(in_quotes(file.name.empty() ? "file" : file.name));
    body_.append("\r\nContent-Type: ").append(type).append("\r\n\r\n").append(file.data).append("\r\n");
}

void Multipart::put_into(Call& call) {
    call.body = std::move(body_) + "--" + boundary_ + "--\r\n";
    call.content_type = "multipart/form-data; boundary=" + boundary_;
}

Result<void> put_extra(json::object& body, std::string const& extra, std::string_view field) {
    openai_form::Extra const given(extra);
    if (!given.valid()) return openai_form::wrong(std::string(field), "must be a JSON object");
    for (auto const& member : given.members()) {
        if (body.if_contains(member.key()) == nullptr) body[member.key()] = member.value();
    }
    return ok();
}

// ---- batches ----

Result<std::vector<std::string>> ids_of(BatchRequest const& request, std::size_t most, Endpoint const& endpoint) {
    auto const wrong = [&](std::string const& path, std::string_view why) {
        return named(openai_form::wrong(path, why), endpoint);
    };
    if (request.items.empty()) return wrong("requests", "must not be empty");
    if (request.items.size() > most) return wrong("requests", "must be at most " + std::to_string(most));
    std::vector<std::string> ids;
    std::set<std::string_view> known;
    ids.reserve(request.items.size());  // the views hold
    for (std::size_t i = 0; i < request.items.size(); ++i) {
        std::string const& given = request.items[i].custom_id;
        ids.push_back(given.empty() ? std::to_string(i) : given);
        if (!known.insert(ids.back()).second) {
            return wrong("requests[" + std::to_string(i) + "].custom_id", "must not come twice");
        }
    }
    return ids;
}

Error of_item(Error error, std::size_t position, Endpoint const& endpoint) {
    error.message = "In requests[" + std::to_string(position) + "]: " + error.message;
    return named(std::move(error), endpoint);
}

Error without_results(BatchJob const& job, Endpoint const& endpoint) {
    return named(fail(Errc::invalid_state,
                      "The batch has no results: its status is " + std::string(name(job.status)) + "; poll it."),
                 endpoint);
}

void tell_result(BatchResult& result, Endpoint const& endpoint, Head const& head) {
    if (!result.reply) {
        result.reply = without_key(named(result.reply.error(), endpoint), endpoint, head);
        return;
    }
    ChatReply& reply = *result.reply;
    std::vector<std::string> warnings = std::move(reply.info.warnings);
    reply.service_tier = "batch";
    reply.info = describe(endpoint, head, reply.model, reply.usage);
    reply.info.warnings = std::move(warnings);
}

}  // namespace aikit::inline v0::provider::carrier
