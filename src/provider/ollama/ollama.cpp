// SPDX-License-Identifier: MIT
// provider/ollama/ollama.cpp - the Ollama adapter: carries requests and replies of its own dialect.
#include "core/async.hpp"
#include "core/os/os.hpp"
#include "provider/carrier/lists.hpp"
#include "provider/carrier/stream.hpp"
#include "provider/ollama/wire.hpp"

#include <aikit/provider/ollama.hpp>

namespace aikit::inline v0::provider {

namespace {

using carrier::Answer;
using carrier::Call;
using carrier::Encoded;
using carrier::named;
using carrier::Whole;

using Shared = std::shared_ptr<carrier::Endpoint const>;

Error missing_model(carrier::Endpoint const& endpoint) {
    return named(fail(Errc::invalid_argument, "The request is wrong: model is missing."), endpoint);
}

Call call_of(char const* path, Encoded& encoded, CallOptions options, bool streaming) {
    Call call;
    call.path = path;
    call.body = std::move(encoded.body);
    call.options = std::move(options);
    call.streaming = streaming;
    call.reasoning = true;
    return call;
}

template <class Reply>
void tell(Reply& reply, carrier::Endpoint const& endpoint, Whole const& whole, std::string const& asked,
          Encoded& encoded) {
    std::string const model = reply.model.empty() ? asked : reply.model;
    carrier::tell(reply, endpoint, whole.head, model, reply.usage, std::move(encoded.warnings));
}

Task<ChatReply> run_chat(Shared endpoint, ChatRequest request, CallOptions options) {
    if (request.model.empty()) co_return missing_model(*endpoint);
    Result<Encoded> encoded = ollama::encode_chat(request, false);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    Call call = call_of("/api/chat", *encoded, std::move(options), false);
    Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<ChatReply> reply = ollama::decode_chat(whole->head.exchange, whole->body);
    if (!reply) co_return carrier::without_key(reply.error(), *endpoint, whole->head);
    tell(*reply, *endpoint, *whole, request.model, *encoded);
    co_return reply;
}

Task<ChatStream> run_stream(Shared endpoint, ChatRequest request, CallOptions options) {
    if (request.model.empty()) co_return missing_model(*endpoint);
    Result<Encoded> encoded = ollama::encode_chat(request, true);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    Call call = call_of("/api/chat", *encoded, std::move(options), true);
    Result<Answer> answer = co_await carrier::send(endpoint, std::move(call));
    if (!answer) co_return answer.error();
    auto decoder = std::make_unique<ollama::StreamDecoder>(answer->head.exchange);
    co_return carrier::make_stream(endpoint, std::move(*answer), std::move(decoder), std::move(request.model),
                                   std::move(encoded->warnings));
}

Task<EmbedReply> run_embed(Shared endpoint, EmbedRequest request, CallOptions options) {
    if (request.model.empty()) co_return missing_model(*endpoint);
    if (request.inputs.empty()) {
        co_return named(fail(Errc::invalid_argument, "The request is wrong: inputs must not be empty."), *endpoint);
    }
    Result<Encoded> encoded = ollama::encode_embed(request);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    Call call = call_of("/api/embed", *encoded, std::move(options), false);
    Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<EmbedReply> reply = ollama::decode_embeddings(whole->head.exchange, whole->body, request.inputs.size());
    if (!reply) co_return carrier::without_key(reply.error(), *endpoint, whole->head);
    tell(*reply, *endpoint, *whole, request.model, *encoded);
    co_return reply;
}

Task<ModelList> run_models(Shared endpoint, CallOptions options) {
    carrier::Pages pages;
    pages.path = [](std::string const&) { return std::string("/api/tags"); };
    pages.decode = ollama::decode_models;
    return carrier::list_models(endpoint, std::move(options), std::move(pages));
}

class Ollama final : public AIProvider {
public:
    explicit Ollama(Shared endpoint) : endpoint_(std::move(endpoint)) {}

    using AIProvider::chat;
    using AIProvider::embed;
    using AIProvider::stream_chat;

    std::string const& name() const noexcept override { return endpoint_->name; }
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        return guard(run_chat(endpoint_, std::move(request), std::move(options)));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        return guard(run_stream(endpoint_, std::move(request), std::move(options)));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        return guard(run_embed(endpoint_, std::move(request), std::move(options)));
    }
    Task<ModelList> models(CallOptions options) override { return guard(run_models(endpoint_, std::move(options))); }

private:
    Shared endpoint_;
};

}  // namespace

Result<std::shared_ptr<AIProvider>> make_ollama(OllamaConfig config, Runtime runtime,
                                                std::shared_ptr<net::HttpTransport> transport) {
    while (config.base_url.ends_with('/')) config.base_url.pop_back();
    auto endpoint = std::make_shared<carrier::Endpoint>();
    endpoint->name = std::move(config.name);
    endpoint->base_url = std::move(config.base_url);
    endpoint->headers = std::move(config.headers);
    endpoint->key = std::move(config.api_key);
    endpoint->limits = config.limits;
    endpoint->max_reply_bytes = config.max_reply_bytes;
    endpoint->runtime = std::move(runtime);
    endpoint->transport = std::move(transport);
    if (Result<void> good = carrier::check(*endpoint, "The Ollama configuration"); !good) return good.error();
    return std::shared_ptr<AIProvider>(std::make_shared<Ollama>(std::move(endpoint)));
}

std::string ollama_base_url(std::string const& host) {
    std::size_t const scheme = host.find("://");
    std::string const before = scheme == std::string::npos ? "http://" : host.substr(0, scheme + 3);
    std::string rest = scheme == std::string::npos ? host : host.substr(scheme + 3);
    while (rest.ends_with('/')) rest.pop_back();
    std::size_t const slash = std::min(rest.find('/'), rest.size());
    std::string place = rest.substr(0, slash);
    bool const address = place.starts_with('[');
    std::size_t const colon = address ? place.find("]:") : place.rfind(':');
    bool const bare = !address && place.find(':') != place.rfind(':');  // an IPv6 address without its brackets
    std::string port = colon == std::string::npos || bare ? "" : place.substr(colon + (address ? 1 : 0));
    std::string name = place.substr(0, place.size() - port.size());
    if (bare) name = "[" + name + "]";
    if (name.empty() || name == "0.0.0.0" || name == "[::]") name = "localhost";
    // Where a scheme stands, its own port is meant.
    if (port.empty() && scheme == std::string::npos) port = ":11434";
    return before + name + port + rest.substr(slash);
}

OllamaConfig ollama_config_from_env() {
    OllamaConfig config;
    config.api_key = Secret(os::environment("OLLAMA_API_KEY").value_or(""));
    if (std::optional<std::string> const host = os::environment("OLLAMA_HOST"); host && !host->empty()) {
        config.base_url = ollama_base_url(*host);
    }
    return config;
}

}  // namespace aikit::inline v0::provider
