// SPDX-License-Identifier: MIT
// net/resolver.cpp - getaddrinfo by Asio's blocking resolver; the asynchronous one would start a thread that stays.
#include "net/resolver.hpp"

#include "core/async.hpp"
#include "core/waiter.hpp"
#include "net/ascii.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>

namespace aikit::inline v0::net {

namespace asio = boost::asio;

namespace {

bool is_localhost(std::string_view host) noexcept {
    constexpr std::string_view name = "localhost";
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host.size() < name.size() || !equals_ignoring_case(host.substr(host.size() - name.size()), name)) return false;
    return host.size() == name.size() || host[host.size() - name.size() - 1] == '.';
}

}  // namespace

Result<Addresses> look_up(std::string const& host) {
    // RFC 6761, 6.3: these are this machine, whatever its files and servers of names say, or do not say.
    if (is_localhost(host)) return Addresses{asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()};
    asio::io_context context;
    asio::ip::tcp::resolver resolver(context);
    boost::system::error_code failed;
    auto const results = resolver.resolve(host, "", asio::ip::resolver_base::flags(), failed);
    Addresses addresses;
    for (auto const& entry : results) {
        asio::ip::address const address = entry.endpoint().address();
        if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
    }
    if (failed || addresses.empty()) {
        return fail(Errc::connection,
                    "net: the host name " + host + " could not be looked up; check the base URL and the network");
    }
    return addresses;
}

Task<Addresses> Resolver::resolve(std::shared_ptr<Resolver> self, std::string host, SteadyTime until) {
    auto waiter = std::make_shared<Waiter<Addresses>>();
    bool first = false;
    {
        std::lock_guard const lock(self->mutex_);
        auto& waiters = self->waiting_[host];
        first = waiters.empty();
        waiters.push_back(waiter);
    }
    if (first) {
        auto job = [self, host] { self->run(host); };
        if (!self->runtime_.post(self->runtime_.resolver(), std::move(job))) {
            std::lock_guard const lock(self->mutex_);
            self->waiting_.erase(host);
            co_return fail(Errc::invalid_state, "net: the runtime is closed");
        }
    }
    std::shared_ptr<Clock> const clock = self->runtime_.clock();
    co_return co_await Waiter<Addresses>::wait(std::move(waiter), clock, until);
}

void Resolver::run(std::string const& host) {
    Result<Addresses> const found = guarded([&] { return lookup_(host); });
    std::vector<std::weak_ptr<Waiter<Addresses>>> waiters;
    {
        std::lock_guard const lock(mutex_);
        waiters.swap(waiting_[host]);
        waiting_.erase(host);
    }
    for (std::weak_ptr<Waiter<Addresses>> const& weak : waiters) {
        Result<Addresses> copy = found;
        if (std::shared_ptr<Waiter<Addresses>> const waiter = weak.lock()) waiter->give(copy);
    }
}

}  // namespace aikit::inline v0::net
