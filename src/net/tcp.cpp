// SPDX-License-Identifier: MIT
// net/tcp.cpp - TCP connections by Asio, whose sends never raise SIGPIPE (MSG_NOSIGNAL).
#include "net/tcp.hpp"

#include "core/os/sockets.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstring>

namespace aikit::inline v0::net {

namespace asio = boost::asio;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

}  // namespace

bool LiveSockets::add(int socket) {
    std::lock_guard const lock(mutex_);
    if (ended_) return false;
    sockets_.insert(socket);
    return true;
}

void LiveSockets::remove(int socket) noexcept {
    std::lock_guard const lock(mutex_);
    sockets_.erase(socket);
}

void LiveSockets::end_all() noexcept {
    std::lock_guard const lock(mutex_);
    ended_ = true;
    for (int const socket : sockets_) ::shutdown(socket, SHUT_RDWR);
}

Error connection_error(boost::system::error_code const& code) {
    if (code == asio::error::operation_aborted || code == asio::error::bad_descriptor) {
        return fail(Errc::cancelled, "net: the caller asked to stop");
    }
    if (code == asio::error::connection_reset || code == asio::error::broken_pipe ||
        code == asio::error::connection_aborted) {
        return fail(Errc::connection, "net: the connection was reset by the peer");
    }
    if (code == asio::error::timed_out) {
        return fail(Errc::connection, "net: the peer stopped acknowledging; the network or the peer is gone");
    }
    return fail(Errc::connection, "net: the connection failed: " + code.message());
}

TcpStream::TcpStream(asio::ip::tcp::socket socket, std::shared_ptr<LiveSockets> live)
    : socket_(std::move(socket)), live_(std::move(live)) {}

Result<void> TcpStream::prepare(std::chrono::milliseconds user_timeout) {
    int const socket = socket_.native_handle();
    if (!live_->add(socket)) return fail(Errc::invalid_state, "net: the HTTP client is closed");
    registered_ = socket;
    boost::system::error_code failed;
    socket_.non_blocking(true, failed);
    if (failed) return connection_error(failed);
    os::tune_tcp(socket, user_timeout);
    return ok();
}

Task<std::size_t> TcpStream::write_some(std::string_view first, std::string_view second) {
    std::array<asio::const_buffer, 2> const buffers{asio::const_buffer(first.data(), first.size()),
                                                    asio::const_buffer(second.data(), second.size())};
    auto const [code, size] = co_await socket_.async_write_some(buffers, as_result);
    sent_ += size;
    if (code) co_return connection_error(code);
    co_return size;
}

Result<std::size_t> TcpStream::write_ready(std::string_view first, std::string_view second) {
    std::array<asio::const_buffer, 2> const buffers{asio::const_buffer(first.data(), first.size()),
                                                    asio::const_buffer(second.data(), second.size())};
    boost::system::error_code failed;
    std::size_t const size = socket_.write_some(buffers, failed);
    sent_ += size;
    if (failed && failed != asio::error::would_block) return connection_error(failed);
    return size;
}

void TcpStream::write_now(std::string_view bytes) noexcept {
    boost::system::error_code ignored;
    if (socket_.is_open()) socket_.write_some(asio::const_buffer(bytes.data(), bytes.size()), ignored);
}

Task<void> TcpStream::wait() {
    if (begin_ != end_ || more_ || ended_ || failure_) co_return ok();
    asio::mutable_buffer const buffer(first_.data(), first_.size());
    auto const [code, size] = co_await socket_.async_read_some(buffer, as_result);
    begin_ = 0;
    end_ = size;
    more_ = size == first_.size();
    if (code == asio::error::eof) {
        ended_ = true;
    } else if (code) {
        co_return connection_error(code);
    }
    co_return ok();
}

Result<std::size_t> TcpStream::take(char* into, std::size_t size) {
    std::size_t taken = std::min(size, end_ - begin_);
    if (taken > 0) std::memcpy(into, first_.data() + begin_, taken);
    begin_ += taken;
    if (taken == size || (!more_ && !failure_)) return taken;
    if (!failure_) {
        std::size_t const rest = size - taken;
        std::size_t const got = socket_.read_some(asio::mutable_buffer(into + taken, rest), failure_);
        taken += got;
        more_ = got == rest;
        if (failure_ == asio::error::would_block) failure_ = {};
        if (failure_ == asio::error::eof) {
            failure_ = {};
            ended_ = true;
        }
    }
    if (failure_ && taken == 0) return connection_error(failure_);
    return taken;
}

bool TcpStream::quiet() noexcept {
    if (!socket_.is_open() || ended_ || failure_ || begin_ != end_) return false;
    char byte = 0;
    boost::system::error_code code;
    socket_.receive(asio::mutable_buffer(&byte, 1), asio::ip::tcp::socket::message_peek, code);
    return code == asio::error::would_block;
}

void TcpStream::close() noexcept {
    if (registered_ != -1) live_->remove(registered_);
    registered_ = -1;
    boost::system::error_code ignored;
    socket_.close(ignored);
}

}  // namespace aikit::inline v0::net
