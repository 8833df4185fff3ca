// SPDX-License-Identifier: MIT
// model/openai_form/info.cpp - the "aikit" object of replies, and errors.
#include "model/openai_form/form.hpp"
#include "model/usage_form/pieces.hpp"

namespace aikit::inline v0::openai_form {

void write_counts(JsonWriter& out, Usage const& usage) {
    out.begin_object();
    out.counts({{"input", usage.input},
                {"cache_read", usage.cache_read},
                {"cache_write_5m", usage.cache_write_5m},
                {"cache_write_1h", usage.cache_write_1h},
                {"output", usage.output},
                {"reasoning", usage.reasoning},
                {"audio_input", usage.audio_input},
                {"audio_cache_read", usage.audio_cache_read},
                {"audio_output", usage.audio_output},
                {"image_input", usage.image_input},
                {"image_output", usage.image_output}});
    usage_form::write_pieces(out, usage.pieces);
    out.key("estimated").boolean(usage.estimated);
    if (usage.has_interval()) {
        out.counts({{"output_at_least", usage.output_at_least}, {"output_at_most", usage.output_at_most}});
    }
    out.end_object();
}

namespace {

void write_cost(JsonWriter& out, std::optional<Money> const& cost, bool exact, std::string const& price_id) {
    if (!cost) return out.null();
    out.begin_object();
    out.member("usd", cost->usd());
    out.key("exact").boolean(exact);
    out.member("price_id", price_id);
    out.end_object();
}

void write_text_or_null(JsonWriter& out, std::string_view text) {
    text.empty() ? out.null() : out.text(text);
}

void write_seconds(JsonWriter& out, std::optional<std::chrono::microseconds> const& duration) {
    if (!duration) return out.null();
    out.number(static_cast<double>(duration->count()) / 1e6);
}

void write_count(JsonWriter& out, std::optional<std::int64_t> const& count) {
    count ? out.number(*count) : out.null();
}

/// What is known of the limits; nothing where nothing is.
void write_limits(JsonWriter& out, RateLimits const* limits) {
    if (limits == nullptr || limits->empty()) return;
    auto const write = [&](JsonName name, RateLimit const& limit) {
        if (limit.empty()) return;
        out.key(name).begin_object();
        write_count(out.key("limit"), limit.limit);
        write_count(out.key("remaining"), limit.remaining);
        write_seconds(out.key("reset"), limit.reset);
        out.end_object();
    };
    out.key("rate_limits").begin_object();
    write("requests", limits->requests);
    write("tokens", limits->tokens);
    write("input_tokens", limits->input_tokens);
    write("output_tokens", limits->output_tokens);
    out.end_object();
}

void write_attempt(JsonWriter& out, Attempt const& attempt) {
    out.begin_object();
    out.member("provider", attempt.provider);
    out.member("model", attempt.model);
    out.member("outcome", attempt.outcome);
    out.key("error");
    attempt.error ? out.text(name(*attempt.error)) : out.null();
    out.key("http_status");
    attempt.http_status == 0 ? out.null() : out.number(static_cast<std::int64_t>(attempt.http_status));
    out.key("provider_request_id");
    write_text_or_null(out, attempt.provider_request_id);
    out.member("started", to_rfc3339(attempt.started));
    out.key("latency");
    write_seconds(out, attempt.latency);
    out.key("first_token");
    write_seconds(out, attempt.first_token);
    out.key("usage");
    write_counts(out, attempt.usage);
    out.key("cost");
    write_cost(out, attempt.cost, !attempt.usage.estimated, attempt.price_id);
    write_limits(out, attempt.rate_limits.get());
    out.end_object();
}

}  // namespace

void write_info(JsonWriter& out, CallInfo const& info, bool complete) {
    out.begin_object();
    out.member("request_id", info.request_id);
    out.member("provider", info.provider);
    out.member("model", info.model);
    out.key("complete").boolean(complete);
    out.key("usage");
    write_counts(out, info.usage);
    out.key("cost");
    write_cost(out, info.cost, info.cost_exact, info.price_id);
    out.key("attempts").begin_array();
    for (Attempt const& attempt : info.attempts) write_attempt(out, attempt);
    out.end_array();
    out.key("warnings").begin_array();
    for (std::string const& warning : info.warnings) out.text(warning);
    out.end_array();
    out.key("repairs").number(std::int64_t{info.repairs});
    out.key("route");
    bool const routed = !info.route.empty() && json::parse(info.route, "route").has_value();
    routed ? out.raw(info.route) : out.null();
    out.key("cache");
    write_text_or_null(out, info.cache);
    out.end_object();
}

}  // namespace aikit::inline v0::openai_form

namespace aikit::inline v0::json_form {

std::string write_info(CallInfo const& info, bool complete) {
    std::string text;
    JsonWriter out(text);
    openai_form::write_info(out, info, complete);
    return text;
}

std::string write_error(Error const& error) {
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    out.member("code", name(error.code));
    out.member("message", error.message);
    out.key("provider");
    openai_form::write_text_or_null(out, error.provider);
    out.key("http_status");
    error.http_status == 0 ? out.null() : out.number(static_cast<std::int64_t>(error.http_status));
    out.key("provider_code");
    openai_form::write_text_or_null(out, error.provider_code);
    out.key("request_id");
    openai_form::write_text_or_null(out, error.request_id);
    out.key("retryable").boolean(retryable(error));
    out.key("retry_after_ms");
    error.retry_after ? out.number(std::int64_t{error.retry_after->count()}) : out.null();
    openai_form::write_limits(out, error.rate_limits.get());
    out.end_object();
    return text;
}

}  // namespace aikit::inline v0::json_form
