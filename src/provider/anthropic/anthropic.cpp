// SPDX-License-Identifier: MIT
// provider/anthropic/anthropic.cpp - the Anthropic adapter: carries requests and replies of the Messages dialect.
#include "core/async.hpp"
#include "core/os/os.hpp"
#include "provider/anthropic/jobs.hpp"
#include "provider/anthropic/stream.hpp"
#include "provider/carrier/count.hpp"
#include "provider/carrier/lists.hpp"
#include "provider/carrier/stream.hpp"

#include <aikit/provider/anthropic.hpp>

namespace aikit::inline v0::provider {

namespace {

using carrier::Answer;
using carrier::Call;
using carrier::named;
using carrier::Whole;

constexpr std::int64_t usual_max_tokens = 4'096;
constexpr char const* messages_path = "/v1/messages";

struct Endpoint : carrier::Endpoint {
    std::function<std::optional<std::int64_t>(std::string_view model)> max_tokens;

    std::int64_t limit_of(std::string_view model) const {
        std::optional<std::int64_t> const known = max_tokens ? max_tokens(model) : std::nullopt;
        return known.value_or(usual_max_tokens);
    }
};

using Shared = std::shared_ptr<Endpoint const>;

Result<carrier::Encoded> encode(ChatRequest const& request, Endpoint const& endpoint, bool streaming) {
    Result<carrier::Encoded> encoded =
        request.model.empty() ? fail(Errc::invalid_argument, "The request is wrong: model is missing.")
                              : anthropic::encode_chat(request, endpoint.limit_of(request.model), streaming);
    if (!encoded) return named(encoded.error(), endpoint);
    return encoded;
}

Call call_of(carrier::Encoded& encoded, CallOptions options, bool streaming) {
    Call call;
    call.path = messages_path;
    call.body = std::move(encoded.body);
    call.options = std::move(options);
    call.streaming = streaming;
    call.reasoning = true;
    return call;
}

Task<ChatReply> run_chat(Shared endpoint, ChatRequest request, CallOptions options) {
    Result<carrier::Encoded> encoded = encode(request, *endpoint, false);
    if (!encoded) co_return encoded.error();
    Call call = call_of(*encoded, std::move(options), false);
    Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<ChatReply> reply = anthropic::decode_chat(whole->head.exchange, whole->body);
    if (!reply) co_return carrier::without_key(reply.error(), *endpoint, whole->head);
    std::string const model = reply->model.empty() ? request.model : reply->model;
    carrier::tell(*reply, *endpoint, whole->head, model, reply->usage, std::move(encoded->warnings));
    co_return reply;
}

Task<ChatStream> run_stream(Shared endpoint, ChatRequest request, CallOptions options) {
    Result<carrier::Encoded> encoded = encode(request, *endpoint, true);
    if (!encoded) co_return encoded.error();
    Call call = call_of(*encoded, std::move(options), true);
    Result<Answer> answer = co_await carrier::send(endpoint, std::move(call));
    if (!answer) co_return answer.error();
    auto decoder = std::make_unique<anthropic::StreamDecoder>(answer->head.exchange);
    co_return carrier::make_stream(endpoint, std::move(*answer), std::move(decoder), std::move(request.model),
                                   std::move(encoded->warnings));
}

Task<ModelList> run_models(Shared endpoint, CallOptions options) {
    carrier::Pages pages;
    pages.path = [](std::string const& next) {
        return "/v1/models?limit=1000" + (next.empty() ? std::string() : "&after_id=" + next);
    };
    pages.decode = anthropic::decode_models;
    return carrier::list_models(endpoint, std::move(options), std::move(pages));
}

Task<TokenCount> run_count(Shared endpoint, ChatRequest request, CallOptions options) {
    if (request.model.empty()) {
        co_return named(fail(Errc::invalid_argument, "The request is wrong: model is missing."), *endpoint);
    }
    Result<carrier::Encoded> encoded = anthropic::encode_count(request);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    carrier::Counting counting;
    counting.call.path = "/v1/messages/count_tokens";
    counting.call.body = std::move(encoded->body);
    counting.call.options = std::move(options);
    counting.model = std::move(request.model);
    counting.member = "input_tokens";
    counting.warnings = std::move(encoded->warnings);
    Task<TokenCount> pending = carrier::count_tokens(endpoint, std::move(counting));
    co_return co_await std::move(pending);
}

class Anthropic final : public AIProvider {
public:
    explicit Anthropic(Shared endpoint) : endpoint_(std::move(endpoint)) {
        batch_ =
            anthropic::make_batch(endpoint_, [of = endpoint_](std::string_view model) { return of->limit_of(model); });
        files_ = anthropic::make_files(endpoint_);
    }

    using AIProvider::chat;
    using AIProvider::count_tokens;
    using AIProvider::stream_chat;

    std::string const& name() const noexcept override { return endpoint_->name; }
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        return guard(run_chat(endpoint_, std::move(request), std::move(options)));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        return guard(run_stream(endpoint_, std::move(request), std::move(options)));
    }
    Task<ModelList> models(CallOptions options) override { return guard(run_models(endpoint_, std::move(options))); }
    Task<TokenCount> count_tokens(ChatRequest request, CallOptions options) override {
        return guard(run_count(endpoint_, std::move(request), std::move(options)));
    }
    BatchApi* batch() noexcept override { return batch_.get(); }
    FilesApi* files() noexcept override { return files_.get(); }

private:
    Shared endpoint_;
    std::unique_ptr<BatchApi> batch_;
    std::unique_ptr<FilesApi> files_;
};

bool is_anthropic_host(std::string_view base_url) noexcept {
    return base_url == "https://api.anthropic.com" || base_url.starts_with("https://api.anthropic.com/");
}

}  // namespace

Result<std::shared_ptr<AIProvider>> make_anthropic(AnthropicConfig config, Runtime runtime,
                                                   std::shared_ptr<net::HttpTransport> transport) {
    while (config.base_url.ends_with('/')) config.base_url.pop_back();
    auto endpoint = std::make_shared<Endpoint>();
    if (is_anthropic_host(config.base_url)) {
        endpoint->key_missing =
            "The provider " + config.name + " has no API key; set ANTHROPIC_API_KEY or its configuration.";
    }
    endpoint->name = std::move(config.name);
    endpoint->base_url = std::move(config.base_url);
    endpoint->headers = std::move(config.headers);
    carrier::put_header(*endpoint, "anthropic-version", config.version);
    std::string betas;
    for (std::string const& beta : config.betas) betas += (betas.empty() ? "" : ",") + beta;
    if (!betas.empty()) carrier::put_header(*endpoint, "anthropic-beta", betas);
    bool const has_key = !config.api_key.empty();
    endpoint->key = has_key ? std::move(config.api_key) : std::move(config.auth_token);
    if (has_key) {
        endpoint->key_header = "x-api-key";
        endpoint->key_prefix = "";
    }
    endpoint->limits = config.limits;
    endpoint->max_reply_bytes = config.max_reply_bytes;
    endpoint->max_tokens = std::move(config.max_tokens);
    endpoint->runtime = std::move(runtime);
    endpoint->transport = std::move(transport);
    if (Result<void> good = carrier::check(*endpoint, "The Anthropic configuration"); !good) return good.error();
    return std::shared_ptr<AIProvider>(std::make_shared<Anthropic>(std::move(endpoint)));
}

AnthropicConfig anthropic_config_from_env() {
    AnthropicConfig config;
    config.api_key = Secret(os::environment("ANTHROPIC_API_KEY").value_or(""));
    config.auth_token = Secret(os::environment("ANTHROPIC_AUTH_TOKEN").value_or(""));
    if (std::optional<std::string> url = os::environment("ANTHROPIC_BASE_URL"); url && !url->empty()) {
        config.base_url = std::move(*url);
    }
    return config;
}

}  // namespace aikit::inline v0::provider
