// SPDX-License-Identifier: MIT
// net/framing.cpp - body framing by Beast's parser.
//
// Beast 1.81 takes heads that mean two things (boostorg/beast#3096, #3098), so it never sees the peer's: it is given
// one of ours that says nothing but how the body is framed, as HeadReader found it.
#include "net/framing.hpp"

#include <boost/beast/http/basic_parser.hpp>

namespace aikit::inline v0::net {

namespace beast = boost::beast;
namespace http = boost::beast::http;

class BodyFraming::Parser final : public http::basic_parser<false> {
public:
    explicit Parser(ResponseHead const& head) {
        body_limit(boost::none);
        eager(true);
        std::string ours = "HTTP/1.1 200 OK\r\n";
        if (head.framing == Framing::chunked) {
            ours += "Transfer-Encoding: chunked\r\n";
        } else if (head.framing == Framing::length) {
            ours += "Content-Length: " + std::to_string(head.length) + "\r\n";
        }
        ours += "\r\n";
        beast::error_code failed;
        put(boost::asio::const_buffer(ours.data(), ours.size()), failed);
        ready_ = !failed || failed == http::error::need_more;
    }

    bool ready() const noexcept { return ready_; }
    void append_to(std::string* body) noexcept { body_ = body; }

private:
    void on_request_impl(http::verb, beast::string_view, beast::string_view, int, beast::error_code&) override {}
    void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
    void on_field_impl(http::field, beast::string_view, beast::string_view, beast::error_code&) override {}
    void on_header_impl(beast::error_code&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, beast::error_code&) override {}
    void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
    void on_finish_impl(beast::error_code&) override {}

    std::size_t on_body_impl(beast::string_view bytes, beast::error_code&) override {
        body_->append(bytes.data(), bytes.size());
        return bytes.size();
    }
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, beast::error_code&) override {
        body_->append(bytes.data(), bytes.size());
        return bytes.size();
    }

    bool ready_ = false;
    std::string* body_ = nullptr;
};

BodyFraming::BodyFraming(ResponseHead const& head) {
    if (head.framing != Framing::none) parser_ = std::make_unique<Parser>(head);
}

BodyFraming::~BodyFraming() = default;
BodyFraming::BodyFraming(BodyFraming&&) noexcept = default;
BodyFraming& BodyFraming::operator=(BodyFraming&&) noexcept = default;

Result<std::size_t> BodyFraming::feed(std::string_view bytes, std::string& body) {
    std::size_t used = 0;
    if (done()) return used;
    if (!parser_->ready()) return fail(Errc::internal, "net: the body's framing could not be set up");
    parser_->append_to(&body);
    while (used < bytes.size() && !parser_->is_done()) {
        beast::error_code failed;
        used += parser_->put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), failed);
        if (failed == http::error::need_more) break;
        if (failed)
            return fail(Errc::protocol, "net: the response's body is not framed as HTTP/1.1 asks: a broken chunk");
    }
    return used;
}

Result<void> BodyFraming::end() {
    if (done()) return ok();
    beast::error_code failed;
    parser_->put_eof(failed);
    if (failed) return fail(Errc::incomplete, "net: the connection ended before the response did");
    return ok();
}

bool BodyFraming::done() const noexcept {
    return !parser_ || parser_->is_done();
}

}  // namespace aikit::inline v0::net
