// SPDX-License-Identifier: MIT
// provider/openai/openai.cpp - the OpenAI adapter: carries requests and replies; what they look like is openai_wire's.
#include "core/async.hpp"
#include "core/os/os.hpp"
#include "provider/carrier/stream.hpp"
#include "provider/openai_wire/stream.hpp"
#include "provider/openai_wire/wire.hpp"

#include <aikit/provider/openai.hpp>

#include <algorithm>

namespace aikit::inline v0::provider {

namespace {

using carrier::Answer;
using carrier::Call;
using carrier::named;
using carrier::Whole;

/// OpenAI's, or one that speaks its dialect.
struct Endpoint : carrier::Endpoint {
    openai_wire::Quirks quirks;
};

using Shared = std::shared_ptr<Endpoint const>;

Error missing_model(Endpoint const& endpoint) {
    return named(fail(Errc::invalid_argument, "The request is wrong: model is missing."), endpoint);
}

Call call_of(char const* path, carrier::Encoded& encoded, std::string const& model, CallOptions options) {
    Call call;
    call.path = path;
    call.body = std::move(encoded.body);
    call.reasoning = openai_wire::is_reasoning_model(model);
    call.options = std::move(options);
    return call;
}

template <class Reply>
void tell_named(Reply& reply, Endpoint const& endpoint, Whole const& whole, std::string const& asked_model,
                Usage const& usage, std::vector<std::string> request_warnings) {
    std::string const& model = reply.model.empty() ? asked_model : reply.model;
    carrier::tell(reply, endpoint, whole.head, model, usage, std::move(request_warnings));
}

Task<ChatReply> run_chat(Shared endpoint, ChatRequest request, CallOptions options) {
    try {
        if (request.model.empty()) co_return missing_model(*endpoint);
        Result<carrier::Encoded> encoded = openai_wire::encode_chat(request, endpoint->quirks, false);
        if (!encoded) co_return named(encoded.error(), *endpoint);
        Call call = call_of("/chat/completions", *encoded, request.model, std::move(options));
        Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
        if (!whole) co_return whole.error();

        Result<ChatReply> reply = openai_wire::decode_chat(whole->head.exchange, whole->body);
        if (!reply) co_return carrier::without_key(reply.error(), *endpoint);
        tell_named(*reply, *endpoint, *whole, request.model, reply->usage, std::move(encoded->warnings));
        co_return reply;
    } catch (...) {
        co_return current_exception_error();
    }
}

Task<ChatStream> run_stream(Shared endpoint, ChatRequest request, CallOptions options) {
    try {
        if (request.model.empty()) co_return missing_model(*endpoint);
        Result<carrier::Encoded> encoded = openai_wire::encode_chat(request, endpoint->quirks, true);
        if (!encoded) co_return named(encoded.error(), *endpoint);
        Call call = call_of("/chat/completions", *encoded, request.model, std::move(options));
        call.streaming = true;
        Result<Answer> answer = co_await carrier::send(endpoint, std::move(call));
        if (!answer) co_return answer.error();
        auto decoder = std::make_unique<openai_wire::StreamDecoder>(answer->head.exchange, endpoint->quirks,
                                                                    request.n.value_or(1));
        co_return carrier::make_stream(endpoint, std::move(*answer), std::move(decoder), std::move(request.model),
                                       std::move(encoded->warnings));
    } catch (...) {
        co_return current_exception_error();
    }
}

/// One request's worth of embeddings.
Task<EmbedReply> run_embed_batch(Shared endpoint, std::shared_ptr<EmbedRequest const> request, std::size_t first,
                                 std::size_t count, CallOptions options) {
    Result<carrier::Encoded> encoded = openai_wire::encode_embed(*request, first, count, endpoint->quirks);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    Call call = call_of("/embeddings", *encoded, request->model, std::move(options));
    Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<EmbedReply> reply = openai_wire::decode_embeddings(whole->head.exchange, whole->body, count);
    if (!reply) co_return carrier::without_key(reply.error(), *endpoint);
    tell_named(*reply, *endpoint, *whole, request->model, reply->usage, std::move(encoded->warnings));
    co_return reply;
}

/// Adds a later batch to the reply of the earlier ones.
Result<void> append(EmbedReply& into, EmbedReply&& batch, std::string const& provider) {
    if (batch.vectors.front().size() != into.vectors.front().size()) {
        Error error = fail(Errc::protocol, "The provider " + provider + " gave embeddings that differ in length.");
        error.provider = provider;
        return error;
    }
    for (std::vector<float>& vector : batch.vectors) into.vectors.push_back(std::move(vector));
    into.usage.add(batch.usage);
    into.info.usage = into.usage;
    into.info.attempts.push_back(std::move(batch.info.attempts.front()));
    for (std::string& warning : batch.info.warnings) into.info.warnings.push_back(std::move(warning));
    return ok();
}

Task<EmbedReply> run_embed(Shared endpoint, EmbedRequest asked, CallOptions options) {
    if (asked.model.empty()) co_return missing_model(*endpoint);
    if (asked.inputs.empty()) {
        co_return named(fail(Errc::invalid_argument, "The request is wrong: inputs must not be empty."), *endpoint);
    }
    // The time for all batches is one call's.
    std::optional<std::chrono::milliseconds> const total =
        options.limits.total ? options.limits.total : endpoint->limits.total;
    Clock const& clock = *endpoint->runtime.clock();
    if (total) options.deadline = options.deadline.sooner(Deadline::after(clock, *total));

    auto const request = std::make_shared<EmbedRequest const>(std::move(asked));
    std::optional<EmbedReply> all;
    for (std::size_t first = 0; first < request->inputs.size();) {
        std::size_t const count = openai_wire::embed_batch(*request, first, endpoint->quirks);
        CallOptions own = options;
        if (first > 0 && !own.idempotency_key.empty()) own.idempotency_key += "-" + std::to_string(first);
        Result<EmbedReply> batch = co_await run_embed_batch(endpoint, request, first, count, std::move(own));
        if (!batch) co_return batch.error();
        first += count;
        if (!all) {
            all = std::move(*batch);
        } else if (Result<void> appended = append(*all, std::move(*batch), endpoint->name); !appended) {
            co_return appended.error();
        }
    }
    co_return std::move(*all);
}

Task<ModerateReply> run_moderate(Shared endpoint, ModerateRequest request, CallOptions options) {
    Result<carrier::Encoded> encoded = openai_wire::encode_moderation(request);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    Call call = call_of("/moderations", *encoded, request.model, std::move(options));
    Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<ModerateReply> reply = openai_wire::decode_moderation(whole->head.exchange, whole->body);
    if (!reply) co_return carrier::without_key(reply.error(), *endpoint);
    tell_named(*reply, *endpoint, *whole, request.model, Usage(), std::move(encoded->warnings));
    co_return reply;
}

Task<ModelList> run_models(Shared endpoint, CallOptions options) {
    Call call;
    call.method = "GET";
    call.path = "/models";
    call.options = std::move(options);
    Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<ModelList> list = openai_wire::decode_models(whole->head.exchange, whole->body);
    if (!list) co_return carrier::without_key(list.error(), *endpoint);
    std::vector<std::string> none;
    carrier::tell(*list, *endpoint, whole->head, "", Usage(), std::move(none));
    co_return list;
}

class OpenAi final : public AIProvider {
public:
    explicit OpenAi(Shared endpoint) : endpoint_(std::move(endpoint)) {}

    using AIProvider::chat;
    using AIProvider::embed;
    using AIProvider::moderate;
    using AIProvider::stream_chat;

    std::string const& name() const noexcept override { return endpoint_->name; }
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        return run_chat(endpoint_, std::move(request), std::move(options));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        return run_stream(endpoint_, std::move(request), std::move(options));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        return guard(run_embed(endpoint_, std::move(request), std::move(options)));
    }
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions options) override {
        return guard(run_moderate(endpoint_, std::move(request), std::move(options)));
    }
    Task<ModelList> models(CallOptions options) override { return guard(run_models(endpoint_, std::move(options))); }

private:
    Shared endpoint_;
};

// ---- configuration ----

constexpr std::string_view configuration = "The OpenAI configuration";

/// OpenAI's own host?
bool is_openai_host(std::string_view base_url) noexcept {
    std::size_t const scheme = base_url.find("://");
    if (scheme == std::string_view::npos) return false;
    std::string_view host = base_url.substr(scheme + 3);
    host = host.substr(0, host.find_first_of("/?#"));
    host = host.substr(0, host.find(':'));
    constexpr std::string_view domain = "openai.com";
    return host == domain || (host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

openai_wire::Quirks quirks_of(OpenAiConfig const& config) {
    openai_wire::Quirks quirks;
    bool const automatic = config.dialect == OpenAiConfig::Dialect::automatic;
    quirks.only_openai_parts =
        automatic ? is_openai_host(config.base_url) : config.dialect == OpenAiConfig::Dialect::openai;
    quirks.include_usage = config.stream_usage;
    quirks.done_marker_required = config.done_marker_required;
    quirks.embed_base64 = config.embed_base64;
    quirks.max_embed_inputs = static_cast<std::size_t>(config.max_embed_inputs);
    quirks.max_embed_bytes = static_cast<std::size_t>(config.max_embed_bytes);
    return quirks;
}

}  // namespace

Result<std::shared_ptr<AIProvider>> make_openai(OpenAiConfig config, Runtime runtime,
                                                std::shared_ptr<net::HttpTransport> transport) {
    while (config.base_url.ends_with('/')) config.base_url.pop_back();
    auto const wrong = [](char const* field, char const* why) {
        return carrier::wrong_field(configuration, field, why);
    };
    if (carrier::has_control(config.organization)) return wrong("organization", "holds a control character");
    if (carrier::has_control(config.project)) return wrong("project", "holds a control character");
    if (config.max_embed_inputs < 1) return wrong("max_embed_inputs", "must be 1 or more");
    if (config.max_embed_bytes < 1) return wrong("max_embed_bytes", "must be 1 or more");

    auto endpoint = std::make_shared<Endpoint>();
    endpoint->quirks = quirks_of(config);
    if (is_openai_host(config.base_url)) {
        endpoint->key_missing =
            "The provider " + config.name + " has no API key; set OPENAI_API_KEY or its configuration.";
    }
    endpoint->name = std::move(config.name);
    endpoint->base_url = std::move(config.base_url);
    endpoint->headers = std::move(config.headers);
    if (!config.organization.empty()) carrier::put_header(*endpoint, "OpenAI-Organization", config.organization);
    if (!config.project.empty()) carrier::put_header(*endpoint, "OpenAI-Project", config.project);
    endpoint->key = std::move(config.api_key);
    endpoint->id_header = "X-Client-Request-Id";
    endpoint->idempotency_header = "Idempotency-Key";
    endpoint->limits = config.limits;
    endpoint->max_reply_bytes = config.max_reply_bytes;
    endpoint->runtime = std::move(runtime);
    endpoint->transport = std::move(transport);
    if (Result<void> good = carrier::check(*endpoint, configuration); !good) return good.error();
    return std::shared_ptr<AIProvider>(std::make_shared<OpenAi>(std::move(endpoint)));
}

OpenAiConfig openai_config_from_env() {
    OpenAiConfig config;
    config.api_key = Secret(os::environment("OPENAI_API_KEY").value_or(""));
    if (std::optional<std::string> url = os::environment("OPENAI_BASE_URL"); url && !url->empty()) {
        config.base_url = std::move(*url);
    }
    config.organization = os::environment("OPENAI_ORG_ID").value_or("");
    config.project = os::environment("OPENAI_PROJECT_ID").value_or("");
    return config;
}

}  // namespace aikit::inline v0::provider
