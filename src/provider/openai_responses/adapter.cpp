// SPDX-License-Identifier: MIT
// provider/openai_responses/adapter.cpp - carries requests and replies of the Responses dialect.
#include "provider/openai_responses/adapter.hpp"

#include "core/async.hpp"
#include "provider/carrier/stream.hpp"
#include "provider/openai_responses/stream.hpp"

namespace aikit::inline v0::provider::openai_responses {

namespace {

using carrier::Answer;
using carrier::Call;
using carrier::named;
using carrier::Whole;

using Shared = std::shared_ptr<openai_wire::Endpoint const>;

Result<Encoded> encode(ChatRequest const& request, openai_wire::Endpoint const& endpoint, bool streaming) {
    // A stored prompt names its own model.
    bool const modelless = request.model.empty() && !has_input_elsewhere(request);
    Result<Encoded> encoded = modelless ? fail(Errc::invalid_argument, "The request is wrong: model is missing.")
                                        : encode_chat(request, openai_wire::left_out(request), streaming);
    if (!encoded) return named(encoded.error(), endpoint);
    return encoded;
}

Call call_of(openai_wire::Endpoint const& endpoint, Encoded& encoded, std::string const& model, CallOptions options) {
    Call call;
    call.path = endpoint.path("/responses", "");  // the model stands in the body wherever the endpoint is
    call.body = std::move(encoded.body);
    call.reasoning = openai_wire::is_reasoning_model(model);
    call.options = std::move(options);
    return call;
}

Task<ChatReply> run_chat(Shared endpoint, ChatRequest request, CallOptions options) {
    Result<Encoded> encoded = encode(request, *endpoint, false);
    if (!encoded) co_return encoded.error();
    Call call = call_of(*endpoint, *encoded, request.model, std::move(options));
    Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<ChatReply> reply = decode_chat(whole->head.exchange, whole->body);
    if (!reply) co_return carrier::without_key(reply.error(), *endpoint, whole->head);
    std::string const model = reply->model.empty() ? request.model : reply->model;
    carrier::tell(*reply, *endpoint, whole->head, model, reply->usage, std::move(encoded->warnings));
    co_return reply;
}

Task<ChatStream> run_stream(Shared endpoint, ChatRequest request, CallOptions options) {
    Result<Encoded> encoded = encode(request, *endpoint, true);
    if (!encoded) co_return encoded.error();
    Call call = call_of(*endpoint, *encoded, request.model, std::move(options));
    call.streaming = true;
    Result<Answer> answer = co_await carrier::send(endpoint, std::move(call));
    if (!answer) co_return answer.error();
    auto decoder = std::make_unique<StreamDecoder>(answer->head.exchange);
    co_return carrier::make_stream(endpoint, std::move(*answer), std::move(decoder), std::move(request.model),
                                   std::move(encoded->warnings));
}

class Adapter final : public ForwardingProvider {
public:
    explicit Adapter(Shared endpoint)
        : ForwardingProvider(openai_wire::make_adapter(endpoint)), endpoint_(std::move(endpoint)) {}

    using AIProvider::chat;
    using AIProvider::stream_chat;

    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        return guard(run_chat(endpoint_, std::move(request), std::move(options)));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        return guard(run_stream(endpoint_, std::move(request), std::move(options)));
    }

private:
    Shared endpoint_;
};

}  // namespace

std::shared_ptr<AIProvider> make_adapter(std::shared_ptr<openai_wire::Endpoint const> endpoint) {
    return std::make_shared<Adapter>(std::move(endpoint));
}

}  // namespace aikit::inline v0::provider::openai_responses
