// SPDX-License-Identifier: MIT
// net/exchange.hpp - one request and its response over one connection.
#ifndef AIKIT_SRC_NET_EXCHANGE_HPP
#define AIKIT_SRC_NET_EXCHANGE_HPP

#include "net/client_core.hpp"
#include "net/response_decoder.hpp"
#include "net/watchdog.hpp"

namespace aikit::inline v0::net {

/// Carries a request out and its response in. One operation at a time; each may be awaited on another executor, as
/// long as that runs one thing at a time.
class Exchange {
public:
    /// `request` as check_request let it pass, and where its URL leads.
    Exchange(std::shared_ptr<ClientCore> core, HttpRequest request, std::shared_ptr<Target const> target);
    Exchange(Exchange const&) = delete;
    Exchange& operator=(Exchange const&) = delete;
    ~Exchange();

    /// Sends the request and reads the response's head. On an idle connection that turns out to be dead it starts over
    /// on a fresh one, where that cannot carry the request out twice.
    static Task<HttpResponse> run(std::shared_ptr<Exchange> self);

    /// The next piece of the body; empty at its end. An error closes the connection. Keeps alive what it uses, so that
    /// a cancelled reader may drop the body at once.
    static Task<std::string> read(std::shared_ptr<Exchange> self);

    /// What read() would give without waiting, if it can be had, and is no error.
    bool take_ready(std::string& piece);

    /// True while a timer of the home executor belongs to it: it must be destroyed there.
    bool bound_to_home() const noexcept { return watchdog_.keeps_timer(); }
    ClientCore const& core() const noexcept { return *core_; }

private:
    struct Unsent;

    void abandon() noexcept;
    Error complete(Error error) const;

    Result<std::shared_ptr<Waiter<Lease>>> ask_lease();
    Task<void> wait_for_lease(std::shared_ptr<Waiter<Lease>> waiter);
    bool needs_connection();
    Task<void> open();
    Task<void> tunnel(Stream& tcp);
    Result<void> begin_attempt(Stream& stream);
    Task<void> write_rest(Stream& stream);
    void guard_answer(Stream& stream);
    bool may_start_over(Error const& error) const;
    static Result<HttpResponse> take_head(std::shared_ptr<Exchange> self);
    Result<void> take_bytes(Stream& stream, ResponseDecoder& decoder);
    bool take_piece(Result<std::string>& piece);
    std::string request_head() const;
    Error in_time(Error error, Limit limit, std::chrono::milliseconds length) const;
    void settle_connection();

    std::shared_ptr<ClientCore> const core_;
    HttpRequest request_;
    std::shared_ptr<Target const> const target_;
    Url const& url_;  // of target_
    Proxy const* const proxy_;
    Watchdog watchdog_;
    boost::asio::any_io_executor executor_;
    std::optional<ResponseDecoder> decoder_;
    Lease lease_;
    std::unique_ptr<Unsent> unsent_;
    bool reused_ = false;        // the connection had carried an exchange before
    std::size_t unyielded_ = 0;  // bytes that were read since the loop had its turn
    bool sent_ = false;          // a byte of the request has left on this connection
    bool ever_sent_ = false;     // or on one before
    bool all_sent_ = false;
    bool reading_ = false;  // a read is under way, or has failed
    int status_ = 0;
};

/// What is left of a response once its head has come.
std::unique_ptr<HttpBody> body_of(std::shared_ptr<Exchange> exchange);

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_EXCHANGE_HPP
