// SPDX-License-Identifier: MIT
// net/dial.cpp - happy eyeballs.
#include "net/dial.hpp"

#include "core/waiter.hpp"

#include <boost/asio/bind_executor.hpp>

namespace aikit::inline v0::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using Winner = std::unique_ptr<tcp::socket>;

/// Several attempts to connect, of which one wins. Owned by its attempts; all of it happens on the executor of the one
/// who waits, while the sockets live on the runtime's loop.
class Race : public std::enable_shared_from_this<Race> {
public:
    Race(Dialer const& dialer, asio::any_io_executor here, std::vector<tcp::endpoint> endpoints,
         std::weak_ptr<Waiter<Winner>> waiter)
        : home_(dialer.home),
          here_(std::move(here)),
          clock_(dialer.runtime.clock()),
          stagger_(dialer.next_address_after),
          endpoints_(std::move(endpoints)),
          waiter_(std::move(waiter)),
          timer_(clock_->make_timer(here_)) {}

    void start() { start_next(); }

    /// Ends the attempts that are under way.
    void stop() noexcept {
        over_ = true;
        timer_.reset();
        boost::system::error_code ignored;
        for (auto const& attempt : attempts_) attempt->close(ignored);
    }

private:
    using Attempt = std::shared_ptr<tcp::socket>;

    void start_next() {
        while (!over_ && next_ < endpoints_.size()) {
            tcp::endpoint const endpoint = endpoints_[next_++];
            auto const attempt = std::make_shared<tcp::socket>(home_);
            attempt->open(endpoint.protocol(), failure_);
            if (failure_) continue;
            attempts_.push_back(attempt);
            ++running_;
            auto done = [self = shared_from_this(), attempt](boost::system::error_code code) {
                self->finish(attempt, code);
            };
            attempt->async_connect(endpoint, asio::bind_executor(here_, std::move(done)));
            if (next_ < endpoints_.size()) {
                timer_->arm(clock_->now() + stagger_, [weak = weak_from_this()] {
                    if (std::shared_ptr<Race> const self = weak.lock()) self->start_next();
                });
            }
            return;
        }
        if (!over_ && running_ == 0) lose();
    }

    void finish(Attempt const& attempt, boost::system::error_code code) {
        --running_;
        if (over_) return;
        if (code) {
            failure_ = code;
            start_next();
            return;
        }
        Result<Winner> winner(std::make_unique<tcp::socket>(std::move(*attempt)));
        stop();
        if (std::shared_ptr<Waiter<Winner>> const waiter = waiter_.lock()) waiter->give(winner);
    }

    void lose() {
        stop();
        Result<Winner> lost(fail(Errc::connection, failure_.message()));
        if (std::shared_ptr<Waiter<Winner>> const waiter = waiter_.lock()) waiter->give(lost);
    }

    asio::any_io_executor const home_;
    asio::any_io_executor const here_;
    std::shared_ptr<Clock> const clock_;
    std::chrono::milliseconds const stagger_;
    std::vector<tcp::endpoint> const endpoints_;
    std::weak_ptr<Waiter<Winner>> const waiter_;
    std::unique_ptr<Timer> timer_;
    std::vector<Attempt> attempts_;
    std::size_t next_ = 0;
    int running_ = 0;
    bool over_ = false;
    boost::system::error_code failure_;
};

/// Ends a race on every way out.
struct RaceEnd {
    explicit RaceEnd(std::shared_ptr<Race> race_) : race(std::move(race_)) {}
    ~RaceEnd() { race->stop(); }
    RaceEnd(RaceEnd const&) = delete;
    RaceEnd& operator=(RaceEnd const&) = delete;
    std::shared_ptr<Race> race;
};

std::string described(std::string const& host, std::uint16_t port) {
    std::string const number = std::to_string(port);
    return host.find(':') == std::string::npos ? host + ':' + number : '[' + host + "]:" + number;
}

}  // namespace

Addresses interleave(Addresses const& addresses) {
    Addresses same;
    Addresses other;
    for (asio::ip::address const& address : addresses) {
        (address.is_v6() == addresses.front().is_v6() ? same : other).push_back(address);
    }
    Addresses mixed;
    for (std::size_t i = 0; i < same.size() || i < other.size(); ++i) {
        if (i < same.size()) mixed.push_back(same[i]);
        if (i < other.size()) mixed.push_back(other[i]);
    }
    return mixed;
}

Task<std::unique_ptr<TcpStream>> Dialer::connect(std::shared_ptr<Dialer const> self, std::string host, bool is_address,
                                                 std::uint16_t port, SteadyTime until) {
    Addresses addresses;
    if (is_address) {
        addresses.push_back(asio::ip::make_address(host));
    } else {
        Result<Addresses> found = co_await Resolver::resolve(self->resolver, host, until);
        if (!found) co_return found.error();
        addresses = interleave(*found);
    }
    std::vector<tcp::endpoint> endpoints;
    for (asio::ip::address const& address : addresses) endpoints.emplace_back(address, port);

    asio::any_io_executor const here = co_await asio::this_coro::executor;
    auto waiter = std::make_shared<Waiter<Winner>>();
    RaceEnd const end(std::make_shared<Race>(*self, here, std::move(endpoints), waiter));
    end.race->start();
    Result<Winner> winner = co_await Waiter<Winner>::wait(std::move(waiter), self->runtime.clock(), until);
    if (!winner) {
        if (winner.error().code != Errc::connection) co_return winner.error();
        co_return fail(Errc::connection, "net: no connection to " + described(host, port) + ": " +
                                             winner.error().message + "; check the address and that the server runs");
    }
    auto stream = std::make_unique<TcpStream>(std::move(**winner), self->live);
    Result<void> const prepared = stream->prepare(self->user_timeout);
    if (!prepared) co_return prepared.error();
    co_return stream;
}

}  // namespace aikit::inline v0::net
