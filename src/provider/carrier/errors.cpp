// SPDX-License-Identifier: MIT
// provider/carrier/errors.cpp - the table of error kinds, and where servers hide their words.
#include "model/json_exact.hpp"
#include "provider/carrier/exchange.hpp"

#include <algorithm>
#include <array>

namespace aikit::inline v0::provider::carrier {

namespace {

/// A server's own account of a failure.
struct Told {
    std::string message;
    std::string code;
    std::string type;
    std::string request_id;
    std::string wait;  // how long, in the words of a duration
    int status = 0;    // where the JSON names one
};

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool contains(std::string_view text, std::string_view lower_word) {
    return std::search(text.begin(), text.end(), lower_word.begin(), lower_word.end(),
                       [](char a, char b) { return lower(a) == b; }) != text.end();
}

// ---- reading ----

/// A text, or a number as text; empty for anything else.
std::string word(json::value const& object, std::string_view key) {
    json::value const* value = json::find(object, key);
    if (value == nullptr) return {};
    if (json::string const* text = value->if_string()) return std::string(*text);
    if (std::optional<std::int64_t> const number = json::as_integer(*value)) return std::to_string(*number);
    return {};
}

void first_of(std::string& into, json::value const& object, std::initializer_list<std::string_view> keys) {
    for (std::string_view const key : keys) {
        if (into.empty()) into = word(object, key);
    }
}

int status_in(json::value const& object) {
    for (std::string_view const key : {"status_code", "status", "code"}) {
        std::string const text = word(object, key);
        bool const status = text.size() == 3 && (text[0] == '4' || text[0] == '5') && text[1] >= '0' &&
                            text[1] <= '9' && text[2] >= '0' && text[2] <= '9';
        if (status) return std::stoi(text);
    }
    return 0;
}

/// Google says by "status" what others say by "code", and the rest in a list of details.
void read_google(Told& told, json::value const& given) {
    std::string const status = word(given, "status");
    bool const named = !status.empty() && status.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == status.npos;
    json::array const* details = json::member_array(given, "details");
    if (named) told.code = status;  // the number there is the status again
    if (details == nullptr) return;
    for (json::value const& detail : *details) {
        // What the reason says is nearer than "INVALID_ARGUMENT".
        if (word(detail, "reason") == "API_KEY_INVALID") told.code = "API_KEY_INVALID";
        if (told.wait.empty()) told.wait = word(detail, "retryDelay");
    }
}

/// Adds what an object says to what is known already.
void read_into(Told& told, json::value const& given) {
    first_of(told.message, given, {"message", "msg", "detail", "error_description", "error_message", "title"});
    first_of(told.code, given, {"code"});
    first_of(told.type, given, {"type", "error_type"});
    first_of(told.request_id, given, {"request_id", "requestId"});
    if (told.status == 0) told.status = status_in(given);
    // A model that is being loaded, and how many seconds that takes.
    std::optional<double> const loading = json::number(given, "estimated_time");
    if (told.wait.empty() && loading && *loading > 0) told.wait = std::to_string(*loading) + "s";
    read_google(told, given);
    // {"detail": [{"msg": ...}]} and {"errors": [...]} hold lists.
    for (std::string_view const key : {"detail", "errors"}) {
        json::array const* list = json::member_array(given, key);
        if (list == nullptr || list->empty() || !told.message.empty()) continue;
        if (list->front().is_object()) read_into(told, list->front());
        if (json::string const* text = list->front().if_string()) told.message = std::string(*text);
    }
}

Told read_told(json::value const& document) {
    Told told;
    if (json::string const* text = document.if_string()) told.message = std::string(*text);
    if (json::array const* list = document.if_array(); list != nullptr && !list->empty()) {
        return read_told(list->front());
    }
    if (!document.is_object()) return told;
    if (json::value const* error = json::find(document, "error")) {
        if (json::string const* text = error->if_string()) told.message = std::string(*text);
        if (json::array const* list = error->if_array(); list != nullptr && !list->empty()) told = read_told(*error);
        if (error->is_object()) read_into(told, *error);
    }
    read_into(told, document);
    return told;
}

// ---- kinds ----

struct Rule {
    std::string_view word;
    Errc code;
};

// Codes and types, whatever the status says (wire facts of OpenAI, and of servers that speak its dialect).
constexpr std::array<Rule, 59> by_word{{
    {"api_key_invalid", Errc::authentication},
    {"unauthenticated", Errc::authentication},
    {"insufficient_quota", Errc::quota_exceeded},
    {"billing_hard_limit_reached", Errc::quota_exceeded},
    {"billing_not_active", Errc::quota_exceeded},
    {"insufficient_balance", Errc::quota_exceeded},
    {"insufficient_credits", Errc::quota_exceeded},
    {"context_length_exceeded", Errc::context_length},
    {"context_window_exceeded", Errc::context_length},
    {"content_filter", Errc::content_filtered},
    {"content_filtered", Errc::content_filtered},
    {"content_policy_violation", Errc::content_filtered},
    {"responsibleaipolicyviolation", Errc::content_filtered},
    {"data_inspection_failed", Errc::content_filtered},
    {"invalid_api_key", Errc::authentication},
    {"authentication_error", Errc::authentication},
    {"invalid_authentication", Errc::authentication},
    {"account_deactivated", Errc::authentication},
    {"permission_error", Errc::permission},
    {"permission_denied", Errc::permission},
    {"unsupported_country_region_territory", Errc::permission},
    {"model_not_found", Errc::not_found},
    {"not_found_error", Errc::not_found},
    {"deploymentnotfound", Errc::not_found},
    {"rate_limit_exceeded", Errc::rate_limited},
    {"rate_limit_error", Errc::rate_limited},
    {"too_many_requests", Errc::rate_limited},
    {"requests", Errc::rate_limited},
    {"tokens", Errc::rate_limited},
    {"overloaded", Errc::overloaded},
    {"overloaded_error", Errc::overloaded},
    {"engine_overloaded_error", Errc::overloaded},
    {"service_unavailable", Errc::overloaded},
    {"server_error", Errc::server_error},
    {"internal_error", Errc::server_error},
    {"api_error", Errc::server_error},
    // text-generation-inference and text-embeddings-inference
    {"validation", Errc::invalid_request},
    {"tokenizer", Errc::invalid_request},
    {"template_error", Errc::invalid_request},
    {"unhealthy", Errc::overloaded},
    {"generation", Errc::server_error},
    {"incomplete_generation", Errc::server_error},
    {"backend", Errc::server_error},
    // Of the Responses API, which has no status for them: they come with HTTP 200.
    {"vector_store_timeout", Errc::server_error},
    {"invalid_prompt", Errc::invalid_request},
    {"invalid_image", Errc::invalid_request},
    {"invalid_image_format", Errc::invalid_request},
    {"invalid_base64_image", Errc::invalid_request},
    {"invalid_image_url", Errc::invalid_request},
    {"invalid_image_mode", Errc::invalid_request},
    {"image_too_large", Errc::invalid_request},
    {"image_too_small", Errc::invalid_request},
    {"image_parse_error", Errc::invalid_request},
    {"image_file_too_large", Errc::invalid_request},
    {"image_file_not_found", Errc::invalid_request},
    {"image_content_policy_violation", Errc::content_filtered},
    {"unsupported_image_media_type", Errc::invalid_request},
    {"empty_image_file", Errc::invalid_request},
    {"failed_to_download_image", Errc::invalid_request},
}};

std::optional<Errc> kind_of_word(std::string_view text) {
    for (Rule const& rule : by_word) {
        if (text.size() == rule.word.size() && contains(text, rule.word)) return rule.code;
    }
    return std::nullopt;
}

std::optional<Errc> kind_of_status(int status) {
    switch (status) {
        case 401: return Errc::authentication;
        case 402: return Errc::quota_exceeded;
        case 403: return Errc::permission;
        case 404: return Errc::not_found;
        case 408: return Errc::server_error;
        case 429: return Errc::rate_limited;
        case 498:
        case 503:
        case 529: return Errc::overloaded;
        default: break;
    }
    if (status >= 400 && status < 500) return Errc::invalid_request;
    if (status >= 500 && status < 600) return Errc::server_error;
    return std::nullopt;
}

/// Servers without codes say it in words only.
bool speaks_of_context(std::string_view message) {
    return contains(message, "maximum context length") || contains(message, "context length exceeded") ||
           contains(message, "context window") || contains(message, "prompt is too long") ||
           contains(message, "maximum prompt length") || contains(message, "`inputs` must have less than") ||
           contains(message, "`inputs` tokens + `max_new_tokens` must be");
}

Errc kind_of(Told const& told, int status) {
    std::optional<Errc> kind = kind_of_word(told.code);
    if (!kind) kind = kind_of_word(told.type);
    bool const refused = status == 0 || status == 400 || status == 413 || status == 422;
    bool const plain = !kind || *kind == Errc::server_error || *kind == Errc::invalid_request;
    if (refused && plain && speaks_of_context(told.message)) {
        return Errc::context_length;
    }
    // "api_error" with a 4xx says less than the 4xx does.
    constexpr int failed_dependency = 424;  // text-generation-inference: its backend failed
    bool const vague = kind == Errc::server_error && status >= 400 && status < 500 && status != failed_dependency;
    if (kind && !vague) return *kind;
    if (status == 429 && contains(told.message, "overloaded")) return Errc::overloaded;
    if (status == 403 && contains(told.message, "flagged")) return Errc::content_filtered;
    if (told.type == "invalid_request_error" && status == 0) return Errc::invalid_request;
    if (std::optional<Errc> const by_status = kind_of_status(status)) return *by_status;
    return Errc::server_error;
}

char const* advice(Errc code) {
    switch (code) {
        case Errc::authentication: return "refused the credentials; check the provider's API key";
        case Errc::permission: return "does not allow this with these credentials; check what the key may do";
        case Errc::not_found: return "knows no such model or path; check the model's name and the base URL";
        case Errc::context_length: return "says the request exceeds the model's context window; send less";
        case Errc::content_filtered: return "withheld the answer for its content; change the request";
        case Errc::rate_limited: return "limits the rate of requests; wait and try again";
        case Errc::quota_exceeded: return "says the account's credit or quota is used up; check its plan";
        case Errc::overloaded: return "is overloaded; try again later";
        case Errc::server_error: return "failed; try again";
        case Errc::protocol: return "did not answer in the form of this API; check the base URL";
        default: return "refused the request as it stands; its own words say why";
    }
}

std::string sentence(Exchange const& exchange, Errc code, bool in_band) {
    std::string text = "The provider " + exchange.provider + " " + advice(code);
    text += in_band ? " (told within a reply of HTTP " : " (HTTP ";
    return text + std::to_string(exchange.status) + ").";
}

/// A request that can never fit its limit is not worth waiting for.
bool can_never_fit(Errc code, std::string_view message) {
    return code == Errc::rate_limited && contains(message, "request too large");
}

std::optional<std::chrono::milliseconds> wait_in_words(std::string_view message) {
    constexpr std::string_view lead = "try again in ";
    auto const at = std::search(message.begin(), message.end(), lead.begin(), lead.end(),
                                [](char a, char b) { return lower(a) == b; });
    if (at == message.end()) return std::nullopt;
    std::string_view rest = message.substr(static_cast<std::size_t>(at - message.begin()) + lead.size());
    rest = rest.substr(0, rest.find_first_not_of("0123456789.hmsu"));
    while (rest.ends_with('.')) rest.remove_suffix(1);
    return parse_go_duration(rest);
}

Error make(Exchange const& exchange, Told const& told, int status, std::string_view body, bool in_band) {
    Errc const code = kind_of(told, status);
    Error error = fail(code, sentence(exchange, code, in_band), told.message.empty() ? body : told.message);
    error.provider_code = told.code.empty() ? told.type : told.code;
    error.request_id = told.request_id;
    bool const waits = (code == Errc::rate_limited || code == Errc::overloaded) && !exchange.retry_after;
    if (waits) error.retry_after = told.wait.empty() ? wait_in_words(told.message) : parse_go_duration(told.wait);
    if (can_never_fit(code, told.message)) error.provider_retry = false;
    if (status == 409 && code == Errc::invalid_request) error.provider_retry = true;  // a lock that passes
    return complete(std::move(error), exchange);
}

bool says_error(json::value const& error) {
    if (json::string const* text = error.if_string()) return !text->empty();
    if (json::object const* object = error.if_object()) return !object->empty();
    if (json::array const* list = error.if_array()) return !list->empty();
    return error.is_bool() && error.get_bool();
}

bool is_error_document(json::value const& document) {
    if (json::array const* list = document.if_array()) {
        return !list->empty() && is_error_document(list->front());
    }
    if (!document.is_object()) return false;
    json::value const* error = json::find(document, "error");
    if (error != nullptr && says_error(*error)) return true;
    if (json::text(document, "object") == "error" || json::text(document, "type") == "error") return true;
    bool const reply = json::find(document, "choices") != nullptr || json::find(document, "data") != nullptr ||
                       json::find(document, "results") != nullptr || json::find(document, "id") != nullptr ||
                       json::find(document, "usage") != nullptr;
    if (reply) return false;
    for (std::string_view const key : {"message", "detail", "errors", "msg", "error_message"}) {
        json::value const* found = json::find(document, key);
        if (found != nullptr && !found->is_object()) return true;
    }
    return false;
}

}  // namespace

void left_out(std::vector<std::string>& warnings, std::string_view name, std::string_view why) {
    std::string sentence("The parameter ");
    sentence.append(name).append(" was left out: ").append(why).append(".");
    warnings.push_back(std::move(sentence));
}

Error complete(Error error, Exchange const& exchange) {
    error.provider = exchange.provider;
    if (error.http_status == 0) error.http_status = exchange.status;
    if (error.request_id.empty()) error.request_id = exchange.request_id;
    if (!error.retry_after && exchange.status >= 400) error.retry_after = exchange.retry_after;
    if (!error.rate_limits) error.rate_limits = exchange.rate_limits;
    if (exchange.should_retry && exchange.status >= 400) error.provider_retry = exchange.should_retry;
    return error;
}

Error reply_error(Exchange const& exchange, Errc code, std::string text, std::string_view detail) {
    return complete(fail(code, std::move(text), detail), exchange);
}

Error http_error(Exchange const& exchange, std::string_view body) {
    if (exchange.status < 400) {
        return reply_error(exchange, Errc::protocol,
                           "The provider " + exchange.provider + " answered HTTP " + std::to_string(exchange.status) +
                               ", which is no answer of this API; check the base URL.",
                           body);
    }
    Result<json::value> const document = json_exact::parse(body, "error");
    Told const told = document ? read_told(*document) : Told();
    return make(exchange, told, exchange.status, body, false);
}

std::optional<Error> in_band_error(Exchange const& exchange, json::value const& document, bool marked) {
    if (!marked && !is_error_document(document)) return std::nullopt;
    Told const told = read_told(document);
    std::string const text = told.message.empty() ? json_exact::write(document) : std::string();
    return make(exchange, told, told.status, text, true);
}

}  // namespace aikit::inline v0::provider::carrier
