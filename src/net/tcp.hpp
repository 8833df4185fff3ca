// SPDX-License-Identifier: MIT
// net/tcp.hpp - TCP connections.
#ifndef AIKIT_SRC_NET_TCP_HPP
#define AIKIT_SRC_NET_TCP_HPP

#include "net/stream.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <unordered_set>

namespace aikit::inline v0::net {

/// The sockets of one client, so that it can end them from any thread: shutting a socket down is safe beside its
/// owner's reads, closing it is not.
class LiveSockets {
public:
    /// False once ended: the socket is not wanted any more.
    bool add(int socket);
    void remove(int socket) noexcept;
    void end_all() noexcept;

private:
    std::mutex mutex_;
    std::unordered_set<int> sockets_;
    bool ended_ = false;
};

/// An Error for a system call on a connection that failed.
Error connection_error(boost::system::error_code const& code);

class TcpStream final : public Stream {
public:
    TcpStream(boost::asio::ip::tcp::socket socket, std::shared_ptr<LiveSockets> live);
    ~TcpStream() override { close(); }

    /// Sets the options of a fresh connection. Errors: connection, invalid_state (the client is closed).
    Result<void> prepare(std::chrono::milliseconds user_timeout);

    Task<std::size_t> write_some(std::string_view first, std::string_view second) override;
    Result<std::size_t> write_ready(std::string_view first, std::string_view second) override;
    Task<void> wait() override;
    Result<std::size_t> take(char* into, std::size_t size) override;
    bool ended() const noexcept override { return ended_ && begin_ == end_; }
    bool quiet() noexcept override;
    std::uint64_t sent() const noexcept override { return sent_; }
    void close() noexcept override;

    /// Sends what the system takes without waiting; for last words.
    void write_now(std::string_view bytes) noexcept;

private:
    boost::asio::ip::tcp::socket socket_;
    std::shared_ptr<LiveSockets> live_;
    int registered_ = -1;
    std::uint64_t sent_ = 0;
    bool more_ = false;  // the last read was full: there may be more without waiting
    bool ended_ = false;
    boost::system::error_code failure_;  // to be told by the next take()
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::array<char, 1024> first_;  // what a wait brings; the rest is read straight to where it goes
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_TCP_HPP
