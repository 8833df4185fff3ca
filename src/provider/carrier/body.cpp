// SPDX-License-Identifier: MIT
// provider/carrier/body.cpp - the JSON of whole answers.
#include "provider/carrier/body.hpp"

namespace aikit::inline v0::provider::carrier {

Result<json::object> read_object(Exchange const& exchange, std::string_view body, json_exact::Arena& arena) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (body.starts_with(byte_order_mark)) body.remove_prefix(byte_order_mark.size());
    Result<json::value> document = json_exact::parse(body, "reply", Errc::protocol, arena.storage());
    if (!document) {
        Error error = complete(document.error(), exchange);
        error.message = "The provider " + exchange.provider + " did not answer in JSON; check the base URL. " +
                        document.error().message;
        error.remote_detail = fail(Errc::protocol, "", body).remote_detail;
        error.maybe_executed = true;
        return error;
    }
    if (std::optional<Error> told = in_band_error(exchange, *document, false)) return *told;
    if (!document->is_object()) {
        Error error = reply_error(exchange, Errc::protocol,
                                  "The provider " + exchange.provider + " answered with JSON that is no object.", body);
        error.maybe_executed = true;
        return error;
    }
    return std::move(document->get_object());
}

Error unreadable(Error error, Exchange const& exchange) {
    error.maybe_executed = true;
    return complete(std::move(error), exchange);
}

}  // namespace aikit::inline v0::provider::carrier
