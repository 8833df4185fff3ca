// SPDX-License-Identifier: MIT
// net/resolver.hpp - names to addresses, on the thread that may block for it.
#ifndef AIKIT_SRC_NET_RESOLVER_HPP
#define AIKIT_SRC_NET_RESOLVER_HPP

#include <aikit/core/runtime.hpp>

#include <boost/asio/ip/address.hpp>

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace aikit::inline v0 {
template <class T>
class Waiter;
}

namespace aikit::inline v0::net {

using Addresses = std::vector<boost::asio::ip::address>;

/// Looks a name up; may block. Must not throw.
using Lookup = std::function<Result<Addresses>(std::string const& host)>;

/// getaddrinfo. Errors: connection (no such name, no answer).
Result<Addresses> look_up(std::string const& host);

/// Asks once for a name that many are waiting for, and remembers nothing: a changed address takes effect with the next
/// connection.
class Resolver : public std::enable_shared_from_this<Resolver> {
public:
    Resolver(Runtime runtime, Lookup lookup) : runtime_(std::move(runtime)), lookup_(std::move(lookup)) {}

    /// Waits for the name's addresses, `until` at most; the look-up itself goes on for others.
    ///
    /// Cancellation: terminal. Errors: connection, timeout (without a sentence), cancelled.
    static Task<Addresses> resolve(std::shared_ptr<Resolver> self, std::string host, SteadyTime until);

private:
    void run(std::string const& host);

    Runtime const runtime_;
    Lookup const lookup_;
    std::mutex mutex_;
    std::map<std::string, std::vector<std::weak_ptr<Waiter<Addresses>>>> waiting_;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_RESOLVER_HPP
