// SPDX-License-Identifier: MIT
// provider/openai_responses/count.cpp - tokens of a chat, counted by the Responses API.
#include "provider/openai_responses/count.hpp"

#include "core/async.hpp"
#include "model/json_exact.hpp"
#include "provider/carrier/count.hpp"
#include "provider/openai_responses/wire.hpp"

#include <algorithm>
#include <array>

namespace aikit::inline v0::provider::openai_responses {

namespace {

using Shared = std::shared_ptr<openai_wire::Endpoint const>;

Task<TokenCount> run_count(Shared endpoint, ChatRequest request, CallOptions options) {
    if (request.model.empty() && !has_input_elsewhere(request)) {
        co_return carrier::named(fail(Errc::invalid_argument, "The request is wrong: model is missing."), *endpoint);
    }
    Result<carrier::Encoded> encoded = encode_count(request);
    if (!encoded) co_return carrier::named(encoded.error(), *endpoint);
    carrier::Counting counting;
    counting.call.path = endpoint->path("/responses/input_tokens", "");
    counting.call.body = std::move(encoded->body);
    counting.call.options = std::move(options);
    counting.model = std::move(request.model);
    counting.member = "input_tokens";
    counting.warnings = std::move(encoded->warnings);
    Task<TokenCount> pending = carrier::count_tokens(endpoint, std::move(counting));
    co_return co_await std::move(pending);
}

class Counter final : public ForwardingProvider {
public:
    Counter(std::shared_ptr<AIProvider> next, Shared endpoint)
        : ForwardingProvider(std::move(next)), endpoint_(std::move(endpoint)) {}

    using AIProvider::count_tokens;

    Task<TokenCount> count_tokens(ChatRequest request, CallOptions options) override {
        return guard(run_count(endpoint_, std::move(request), std::move(options)));
    }

private:
    Shared endpoint_;
};

}  // namespace

Result<carrier::Encoded> encode_count(ChatRequest const& request) {
    // What the service of counting takes; anything else it refuses.
    constexpr std::array<std::string_view, 11> counted{
        "model",     "input",     "instructions",        "tools",        "tool_choice",
        "text",      "reasoning", "parallel_tool_calls", "conversation", "previous_response_id",
        "truncation"};
    Result<carrier::Encoded> encoded = encode_chat(request, openai_wire::left_out(request), false);
    if (!encoded) return encoded;
    Result<json::value> const whole = json_exact::parse(encoded->body, "request", Errc::internal);
    if (!whole) return whole.error();
    json::object body;
    for (auto const& member : whole->as_object()) {
        bool const read = std::find(counted.begin(), counted.end(), member.key()) != counted.end();
        if (read) body[member.key()] = member.value();
    }
    encoded->body = json_exact::write(body);
    return encoded;
}

std::shared_ptr<AIProvider> with_counts(std::shared_ptr<AIProvider> next, Shared endpoint) {
    return std::make_shared<Counter>(std::move(next), std::move(endpoint));
}

}  // namespace aikit::inline v0::provider::openai_responses
