// SPDX-License-Identifier: MIT
// provider/carrier/count.cpp - how many tokens a provider counts in a request.
#include "provider/carrier/count.hpp"

#include "model/openai_form/form.hpp"
#include "provider/carrier/body.hpp"

namespace aikit::inline v0::provider::carrier {

Result<TokenCount> decode_count(Exchange const& exchange, std::string_view body, Counting const& counting) {
    json_exact::Arena arena;
    Result<json::object> given = read_object(exchange, body, arena);
    if (!given) return given.error();
    TokenCount count;
    if (json::value const* told = given->if_contains(counting.member); told != nullptr || !counting.zero_is_left_out) {
        std::optional<std::int64_t> const tokens = told == nullptr ? std::nullopt : json::as_integer(*told);
        if (!tokens || *tokens < 0) {
            return unreadable(reply_error(exchange, Errc::protocol,
                                          "The provider " + exchange.provider + " gave no count of tokens (" +
                                              std::string(counting.member) + ").",
                                          body),
                              exchange);
        }
        count.tokens = *tokens;
        given->erase(counting.member);
    }
    count.extra = openai_form::extra_text(*given);
    return count;
}

Task<TokenCount> count_tokens(std::shared_ptr<Endpoint const> endpoint, Counting counting) {
    Result<Whole> const whole = co_await fetch(endpoint, std::move(counting.call));
    if (!whole) co_return whole.error();
    Result<TokenCount> count = decode_count(whole->head.exchange, whole->body, counting);
    if (!count) co_return without_key(count.error(), *endpoint, whole->head);
    Usage const none;
    tell(*count, *endpoint, whole->head, counting.model, none, std::move(counting.warnings));
    co_return count;
}

}  // namespace aikit::inline v0::provider::carrier
