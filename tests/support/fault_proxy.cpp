// SPDX-License-Identifier: MIT
// support/fault_proxy.cpp - two pumps per connection, and what goes wrong with them.
#include "support/fault_proxy.hpp"

#include <boost/asio.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

namespace aikit_test {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// A client, its server, and what is to happen between them.
struct Link {
    Link(tcp::socket client_, asio::io_context& loop, Faults faults_)
        : client(std::move(client_)), server(loop), faults(faults_) {}

    void end() {
        if (ended) return;
        ended = true;
        boost::system::error_code ignored;
        for (tcp::socket* const socket : {&client, &server}) {
            if (faults.ending == Faults::Ending::rst) socket->set_option(asio::socket_base::linger(true, 0), ignored);
            if (faults.ending == Faults::Ending::fin) socket->shutdown(tcp::socket::shutdown_both, ignored);
            if (faults.ending != Faults::Ending::hang) socket->close(ignored);
        }
    }

    tcp::socket client;
    tcp::socket server;
    Faults const faults;
    bool ended = false;
};

/// Sends `bytes` on, up to where the cut comes; false when it came.
asio::awaitable<bool> pass(std::shared_ptr<Link> link, bool to_client, std::string bytes, std::int64_t& passed) {
    Faults const& faults = link->faults;
    std::optional<std::int64_t> const cut = to_client ? faults.cut_after : faults.cut_request_after;
    std::size_t const size = to_client && faults.piece > 0 ? faults.piece : bytes.size();
    tcp::socket& sink = to_client ? link->client : link->server;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        std::string piece = bytes.substr(at, size);
        if (cut && passed + static_cast<std::int64_t>(piece.size()) > *cut) {
            piece.resize(static_cast<std::size_t>(std::max<std::int64_t>(0, *cut - passed)));
        }
        if (to_client && faults.delay.count() > 0) {
            asio::steady_timer timer(sink.get_executor(), faults.delay);
            co_await timer.async_wait(asio::use_awaitable);
        }
        if (link->ended) co_return false;
        co_await asio::async_write(sink, asio::buffer(piece), asio::use_awaitable);
        passed += static_cast<std::int64_t>(piece.size());
        if (cut && passed >= *cut) co_return false;
    }
    co_return true;
}

asio::awaitable<void> pump(std::shared_ptr<Link> link, bool to_client) {
    tcp::socket& source = to_client ? link->server : link->client;
    tcp::socket& sink = to_client ? link->client : link->server;
    std::optional<std::int64_t> const cut = to_client ? link->faults.cut_after : link->faults.cut_request_after;
    std::int64_t passed = 0;
    try {
        if (cut && *cut == 0) {
            link->end();
            co_return;
        }
        for (;;) {
            std::string bytes(16 * 1024, '\0');
            std::size_t const size = co_await source.async_read_some(asio::buffer(bytes), asio::use_awaitable);
            bytes.resize(size);
            if (link->ended) continue;  // hanging: swallowed
            bool const go_on = co_await pass(link, to_client, std::move(bytes), passed);
            if (!go_on) link->end();
        }
    } catch (boost::system::system_error const& error) {
        if (link->ended) co_return;
        boost::system::error_code ignored;
        if (error.code() == asio::error::eof) {
            sink.shutdown(tcp::socket::shutdown_send, ignored);
        } else {
            for (tcp::socket* const socket : {&link->client, &link->server}) {
                socket->set_option(asio::socket_base::linger(true, 0), ignored);
                socket->close(ignored);
            }
        }
    }
}

}  // namespace

struct FaultProxy::State {
    asio::awaitable<void> accept();
    asio::awaitable<void> join(std::shared_ptr<Link> link);

    asio::io_context loop{1};
    tcp::acceptor acceptor{loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
    tcp::endpoint server;
    std::thread thread;
    std::atomic<int> connections{0};
    std::mutex mutex;
    std::function<Faults(int)> faults = [](int) { return Faults(); };
};

asio::awaitable<void> FaultProxy::State::accept() {
    for (;;) {
        tcp::socket client = co_await acceptor.async_accept(asio::use_awaitable);
        int const number = connections++;
        std::unique_lock lock(mutex);
        auto link = std::make_shared<Link>(std::move(client), loop, faults(number));
        lock.unlock();
        asio::co_spawn(loop, join(std::move(link)), asio::detached);
    }
}

asio::awaitable<void> FaultProxy::State::join(std::shared_ptr<Link> link) {
    try {
        co_await link->server.async_connect(server, asio::use_awaitable);
        boost::system::error_code ignored;
        link->server.set_option(tcp::no_delay(true), ignored);
        link->client.set_option(tcp::no_delay(true), ignored);
        asio::co_spawn(loop, pump(link, true), asio::detached);
        asio::co_spawn(loop, pump(link, false), asio::detached);
    } catch (boost::system::system_error const&) {
        boost::system::error_code ignored;
        link->client.close(ignored);
    }
}

FaultProxy::FaultProxy(std::uint16_t server_port) : state_(std::make_shared<State>()) {
    state_->server = tcp::endpoint(asio::ip::address_v4::loopback(), server_port);
    asio::co_spawn(state_->loop, state_->accept(), asio::detached);
    state_->thread = std::thread([state = state_.get()] { state->loop.run(); });
}

FaultProxy::~FaultProxy() {
    state_->loop.stop();
    state_->thread.join();
}

std::uint16_t FaultProxy::port() const noexcept {
    return state_->acceptor.local_endpoint().port();
}

std::string FaultProxy::url(std::string_view path, std::string_view scheme) const {
    std::string const host = scheme == "https" ? "localhost" : "127.0.0.1";
    return std::string(scheme) + "://" + host + ":" + std::to_string(port()) + std::string(path);
}

void FaultProxy::set(Faults faults) {
    set([faults](int) { return faults; });
}

void FaultProxy::set(std::function<Faults(int)> faults) {
    std::lock_guard const lock(state_->mutex);
    state_->faults = std::move(faults);
}

int FaultProxy::connections() const noexcept {
    return state_->connections;
}

struct TunnelProxy::State {
    asio::awaitable<void> accept() {
        for (;;) {
            tcp::socket client = co_await acceptor.async_accept(asio::use_awaitable);
            auto link = std::make_shared<Link>(std::move(client), loop, Faults());
            asio::co_spawn(loop, open(std::move(link)), asio::detached);
        }
    }

    asio::awaitable<void> open(std::shared_ptr<Link> link) {
        try {
            std::string head;
            co_await asio::async_read_until(link->client, asio::dynamic_buffer(head), "\r\n\r\n", asio::use_awaitable);
            std::unique_lock lock(mutex);
            heads.push_back(head);
            lock.unlock();
            std::string const bytes = answer(head);
            if (bytes.empty()) {
                co_await link->client.async_wait(tcp::socket::wait_read, asio::use_awaitable);
                co_return;
            }
            bool const opened = bytes.starts_with("HTTP/1.1 2");
            if (opened) {
                std::size_t const end = head.find(" HTTP/1.1");
                std::size_t const colon = head.rfind(':', end);
                auto const port = static_cast<std::uint16_t>(std::stoi(head.substr(colon + 1, end - colon - 1)));
                tcp::endpoint const server(asio::ip::address_v4::loopback(), port);
                co_await link->server.async_connect(server, asio::use_awaitable);
            }
            co_await asio::async_write(link->client, asio::buffer(bytes), asio::use_awaitable);
            if (!opened) co_return;
            asio::co_spawn(loop, pump(link, true), asio::detached);
            asio::co_spawn(loop, pump(link, false), asio::detached);
        } catch (std::exception const&) {
            // The client left, or there is no such server: the link ends with its sockets.
        }
    }

    asio::io_context loop{1};
    tcp::acceptor acceptor{loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
    Answer answer;
    std::thread thread;
    std::mutex mutex;
    std::vector<std::string> heads;
};

TunnelProxy::TunnelProxy(Answer answer) : state_(std::make_shared<State>()) {
    state_->answer = std::move(answer);
    asio::co_spawn(state_->loop, state_->accept(), asio::detached);
    state_->thread = std::thread([state = state_.get()] { state->loop.run(); });
}

TunnelProxy::~TunnelProxy() {
    state_->loop.stop();
    state_->thread.join();
}

std::uint16_t TunnelProxy::port() const noexcept {
    return state_->acceptor.local_endpoint().port();
}

std::vector<std::string> TunnelProxy::heads() const {
    std::lock_guard const lock(state_->mutex);
    return state_->heads;
}

/// A listener whose queue is full: the system drops what else comes, without a word.
struct BlackHole::State {
    asio::io_context loop{1};
    tcp::acceptor acceptor{loop};
    std::deque<tcp::socket> queue;
};

BlackHole::BlackHole(std::uint16_t port, std::string const& address) : state_(std::make_unique<State>()) {
    tcp::endpoint const endpoint(asio::ip::make_address(address), port);
    state_->acceptor.open(endpoint.protocol());
    state_->acceptor.set_option(tcp::acceptor::reuse_address(true));
    state_->acceptor.bind(endpoint);
    state_->acceptor.listen(1);
    for (int i = 0; i < 8; ++i) {
        tcp::socket& socket = state_->queue.emplace_back(state_->loop);
        // The first step of connecting is taken at once; nobody waits for the second.
        socket.async_connect(state_->acceptor.local_endpoint(), [](boost::system::error_code const&) {});
    }
}

BlackHole::~BlackHole() = default;

std::uint16_t BlackHole::port() const noexcept {
    return state_->acceptor.local_endpoint().port();
}

}  // namespace aikit_test
