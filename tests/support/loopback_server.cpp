// SPDX-License-Identifier: MIT
// support/loopback_server.cpp - the server, one thread, one coroutine per connection.
#include "support/loopback_server.hpp"

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ssl.hpp>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <thread>

namespace aikit_test {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return result;
}

std::string head_of(int status, HeaderList const& headers, std::string const& framing) {
    std::string head = "HTTP/1.1 " + std::to_string(status) + " Status\r\n";
    for (auto const& [name, value] : headers) head += name + ": " + value + "\r\n";
    return head + framing + "\r\n";
}

ServerRequest parse(std::string_view head) {
    ServerRequest request;
    request.head = head;
    std::size_t end = head.find("\r\n");
    std::string_view const line = head.substr(0, end);
    std::size_t const first = line.find(' ');
    std::size_t const last = line.rfind(' ');
    request.method = line.substr(0, first);
    if (last > first) request.target = line.substr(first + 1, last - first - 1);
    while (end + 2 < head.size()) {
        head.remove_prefix(end + 2);
        end = head.find("\r\n");
        std::string_view const field = head.substr(0, end);
        std::size_t const colon = field.find(':');
        if (colon == std::string_view::npos) break;
        std::string_view value = field.substr(colon + 1);
        while (value.starts_with(' ')) value.remove_prefix(1);
        request.headers.emplace_back(field.substr(0, colon), value);
    }
    return request;
}

}  // namespace

std::optional<std::string> ServerRequest::header(std::string_view name) const {
    for (auto const& [key, value] : headers) {
        if (lower(key) == lower(name)) return value;
    }
    return std::nullopt;
}

std::string chunk(std::string_view bytes) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return size + std::string(bytes) + "\r\n";
}

std::string gzip(std::string_view bytes) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, bytes.size()), '\0');
    std::string in(bytes);
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string gzip_of_zeros(std::int64_t count) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    std::string zeros(1'000'000, '\0');
    std::string buffer(64 * 1024, '\0');
    std::string out;
    for (int state = Z_OK; state != Z_STREAM_END;) {
        if (stream.avail_in == 0 && count > 0) {
            stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
            stream.avail_in = static_cast<uInt>(std::min<std::int64_t>(count, static_cast<std::int64_t>(zeros.size())));
            count -= stream.avail_in;
        }
        stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream.avail_out = static_cast<uInt>(buffer.size());
        state = deflate(&stream, count > 0 ? Z_NO_FLUSH : Z_FINISH);
        out.append(buffer, 0, buffer.size() - stream.avail_out);
    }
    deflateEnd(&stream);
    return out;
}

Reply Reply::whole(int status, std::string body, HeaderList headers) {
    std::string const framing = "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return raw(head_of(status, headers, framing) + body);
}

Reply Reply::chunked(int status, std::vector<std::string> const& pieces, std::chrono::milliseconds apart,
                     HeaderList headers) {
    Reply reply = raw(head_of(status, headers, "Transfer-Encoding: chunked\r\n"));
    for (std::string const& piece : pieces) {
        if (apart.count() > 0) reply.then(Step::pause(apart));
        reply.then(Step::send(chunk(piece)));
    }
    return reply.then(Step::send(chunk("")));
}

Reply Reply::until_close(int status, std::string body) {
    Reply reply = raw(head_of(status, {}, "") + body);
    return reply.then(Step::fin());
}

Reply Reply::raw(std::string bytes) {
    Reply reply;
    return reply.then(Step::send(std::move(bytes)));
}

struct LoopbackServer::State {
    explicit State(Options options_);

    asio::awaitable<void> accept();
    template <class Stream>
    asio::awaitable<void> serve(std::shared_ptr<Stream> stream, int connection);
    template <class Stream>
    asio::awaitable<void> exchanges(Stream& stream, int connection);
    template <class Stream>
    asio::awaitable<bool> play(Stream& stream, Reply reply);
    template <class Stream>
    asio::awaitable<bool> step(Stream& stream, Step next);
    template <class Stream>
    asio::awaitable<void> until_client_leaves(Stream& stream);
    template <class Stream>
    asio::awaitable<void> read_more(Stream& stream, std::string& buffer);
    template <class Stream>
    asio::awaitable<std::string> read_body(Stream& stream, ServerRequest const& request, std::string& buffer);

    Options options;
    asio::io_context loop{1};
    tcp::acceptor acceptor{loop};
    asio::ssl::context tls{asio::ssl::context::tls_server};
    std::uint16_t port = 0;
    std::thread thread;
    std::set<tcp::socket*> idle;  // connections that wait for another request
    bool reset_idle = false;

    std::atomic<int> connections{0}, open{0}, requests{0}, aborts{0}, handshakes{0}, failed_handshakes{0};
    std::atomic<std::int64_t> bytes{0};
    mutable std::mutex mutex;
    std::vector<ServerRequest> received;
};

namespace {

tcp::socket& socket_of(tcp::socket& stream) {
    return stream;
}
tcp::socket& socket_of(asio::ssl::stream<tcp::socket>& stream) {
    return stream.next_layer();
}

void reset(tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
}

asio::awaitable<void> say_goodbye(tcp::socket&) {
    co_return;
}
asio::awaitable<void> say_goodbye(asio::ssl::stream<tcp::socket>& stream) {
    // One way: whether the client answers is its own affair.
    asio::steady_timer limit(stream.get_executor(), std::chrono::milliseconds(200));
    using namespace asio::experimental::awaitable_operators;
    auto shutdown = stream.async_shutdown(asio::use_awaitable);
    auto wait = limit.async_wait(asio::use_awaitable);
    co_await (std::move(shutdown) || std::move(wait));
}

asio::awaitable<void> greet(tcp::socket&) {
    co_return;
}
asio::awaitable<void> greet(asio::ssl::stream<tcp::socket>& stream) {
    co_await stream.async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
}

}  // namespace

LoopbackServer::State::State(Options options_) : options(std::move(options_)) {
    tcp::endpoint const endpoint(asio::ip::make_address(options.address), options.port);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    if (options.receive_buffer > 0) acceptor.set_option(asio::socket_base::receive_buffer_size(options.receive_buffer));
    acceptor.bind(endpoint);
    acceptor.listen(4096);
    port = acceptor.local_endpoint().port();
    if (options.tls) {
        // Weak keys and old versions are served here, so that it is the client who refuses them.
        SSL_CTX_set_security_level(tls.native_handle(), 0);
        SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_VERSION);
        if (options.newest_tls != 0) SSL_CTX_set_max_proto_version(tls.native_handle(), options.newest_tls);
        tls.use_certificate_chain(asio::buffer(options.tls->chain));
        tls.use_private_key(asio::buffer(options.tls->key), asio::ssl::context::pem);
    }
}

asio::awaitable<void> LoopbackServer::State::accept() {
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
        int const connection = connections++;
        ++open;
        boost::system::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        if (options.tls) {
            auto stream = std::make_shared<asio::ssl::stream<tcp::socket>>(std::move(socket), tls);
            asio::co_spawn(loop, serve(std::move(stream), connection), asio::detached);
        } else {
            auto stream = std::make_shared<tcp::socket>(std::move(socket));
            asio::co_spawn(loop, serve(std::move(stream), connection), asio::detached);
        }
    }
}

template <class Stream>
asio::awaitable<void> LoopbackServer::State::serve(std::shared_ptr<Stream> stream, int connection) {
    bool greeted = false;
    try {
        co_await greet(*stream);
        greeted = true;
        ++handshakes;
        if (options.read_requests) {
            co_await exchanges(*stream, connection);
        } else {
            co_await until_client_leaves(*stream);
        }
    } catch (std::exception const&) {
        if (!greeted) ++failed_handshakes;
    }
    idle.erase(&socket_of(*stream));
    boost::system::error_code ignored;
    socket_of(*stream).close(ignored);
    --open;
}

template <class Stream>
asio::awaitable<void> LoopbackServer::State::exchanges(Stream& stream, int connection) {
    std::string buffer;
    for (int index = 0;; ++index) {
        std::size_t end = std::string::npos;
        if (index > 0) idle.insert(&socket_of(stream));
        while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
            co_await read_more(stream, buffer);
            idle.erase(&socket_of(stream));
            if (buffer.front() >= 'A' && buffer.front() <= 'Z') continue;
            Reply refusal = Reply::whole(400, "this is no HTTP");
            refusal.then(Step::fin());
            co_await play(stream, std::move(refusal));
            co_return;
        }
        ServerRequest request = parse(std::string_view(buffer).substr(0, end + 2));
        buffer.erase(0, end + 4);
        request.body = co_await read_body(stream, request, buffer);
        request.connection = connection;
        request.index = index;
        ++requests;
        if (options.keep_requests) {
            std::lock_guard const lock(mutex);
            received.push_back(request);
        }
        Reply reply = options.handler(request);
        bool go_on = false;
        try {
            go_on = co_await play(stream, std::move(reply));
        } catch (boost::system::system_error const&) {
            ++aborts;
            throw;
        }
        if (!go_on) co_return;
    }
}

template <class Stream>
asio::awaitable<void> LoopbackServer::State::read_more(Stream& stream, std::string& buffer) {
    char piece[4 * 1024];
    std::size_t const size = co_await stream.async_read_some(asio::buffer(piece), asio::use_awaitable);
    bytes += static_cast<std::int64_t>(size);
    buffer.append(piece, size);
}

template <class Stream>
asio::awaitable<std::string> LoopbackServer::State::read_body(Stream& stream, ServerRequest const& request,
                                                              std::string& buffer) {
    std::optional<std::string> const length = request.header("content-length");
    std::size_t const size = length ? std::stoull(*length) : 0;
    while (buffer.size() < size) co_await read_more(stream, buffer);
    std::string body = buffer.substr(0, size);
    buffer.erase(0, size);
    co_return body;
}

/// True when another request may come.
template <class Stream>
asio::awaitable<bool> LoopbackServer::State::play(Stream& stream, Reply reply) {
    for (Step& next : reply.steps) {
        bool const go_on = co_await step(stream, std::move(next));
        if (!go_on) co_return false;
    }
    co_return true;
}

template <class Stream>
asio::awaitable<bool> LoopbackServer::State::step(Stream& stream, Step next) {
    using namespace asio::experimental::awaitable_operators;
    switch (next.kind) {
        case Step::Kind::send:
            co_await asio::async_write(stream, asio::buffer(next.bytes), asio::use_awaitable);
            co_return true;
        case Step::Kind::drip:
            for (char const& byte : next.bytes) {
                co_await asio::async_write(stream, asio::buffer(&byte, 1), asio::use_awaitable);
                Step pause = Step::pause(next.time);
                co_await step(stream, std::move(pause));
            }
            co_return true;
        case Step::Kind::repeat:
            for (std::int64_t i = 0; i != next.count; ++i) {
                co_await asio::async_write(stream, asio::buffer(next.bytes), asio::use_awaitable);
            }
            co_return true;
        case Step::Kind::pause: {
            asio::steady_timer timer(stream.get_executor(), next.time);
            auto wait = timer.async_wait(asio::use_awaitable);
            auto left = until_client_leaves(stream);
            auto const first = co_await (std::move(wait) || std::move(left));
            if (first.index() == 1) throw boost::system::system_error(asio::error::eof);
            co_return true;
        }
        case Step::Kind::hang:
            co_await until_client_leaves(stream);
            throw boost::system::system_error(asio::error::eof);
        case Step::Kind::fin: co_await say_goodbye(stream); break;
        case Step::Kind::cut: break;
        case Step::Kind::rst: reset(socket_of(stream)); break;
    }
    boost::system::error_code ignored;
    socket_of(stream).shutdown(tcp::socket::shutdown_send, ignored);
    if (next.kind == Step::Kind::fin || next.kind == Step::Kind::cut) {
        // Closing with unread bytes would turn the FIN into a RST.
        asio::steady_timer timer(stream.get_executor(), std::chrono::milliseconds(500));
        auto wait = timer.async_wait(asio::use_awaitable);
        auto left = until_client_leaves(stream);
        co_await (std::move(wait) || std::move(left));
    }
    co_return false;
}

/// Returns when the client has ended its side, reset, or (not reading at all would hide that) sent something.
template <class Stream>
asio::awaitable<void> LoopbackServer::State::until_client_leaves(Stream& stream) {
    tcp::socket& socket = socket_of(stream);
    for (;;) {
        co_await socket.async_wait(tcp::socket::wait_read, asio::use_awaitable);
        char byte = 0;
        boost::system::error_code code;
        socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, code);
        if (code) co_return;
        if (socket.available() > 0) {
            // Bytes nobody waits for: look again later instead of spinning.
            asio::steady_timer timer(stream.get_executor(), std::chrono::milliseconds(5));
            co_await timer.async_wait(asio::use_awaitable);
        }
    }
}

LoopbackServer::LoopbackServer(Handler handler)
    : LoopbackServer([&] {
          Options options;
          options.handler = std::move(handler);
          return options;
      }()) {}

LoopbackServer::LoopbackServer(Handler handler, Identity tls)
    : LoopbackServer([&] {
          Options options;
          options.handler = std::move(handler);
          options.tls = std::move(tls);
          return options;
      }()) {}

LoopbackServer::LoopbackServer(Options options) : state_(std::make_shared<State>(std::move(options))) {
    asio::co_spawn(state_->loop, state_->accept(), asio::detached);
    state_->thread = std::thread([state = state_.get()] { state->loop.run(); });
}

LoopbackServer::~LoopbackServer() {
    state_->loop.stop();
    state_->thread.join();
}

std::uint16_t LoopbackServer::port() const noexcept {
    return state_->port;
}

std::string LoopbackServer::url(std::string_view path) const {
    std::string host = state_->options.address;
    if (host.find(':') != std::string::npos) host = '[' + host + ']';
    std::string const origin = state_->options.tls ? "https://localhost:" : "http://" + host + ":";
    return origin + std::to_string(port()) + std::string(path);
}

int LoopbackServer::connections() const noexcept {
    return state_->connections;
}
int LoopbackServer::open_connections() const noexcept {
    return state_->open;
}
int LoopbackServer::requests() const noexcept {
    return state_->requests;
}
int LoopbackServer::aborts() const noexcept {
    return state_->aborts;
}
int LoopbackServer::handshakes() const noexcept {
    return state_->handshakes;
}
int LoopbackServer::failed_handshakes() const noexcept {
    return state_->failed_handshakes;
}
std::int64_t LoopbackServer::bytes_received() const noexcept {
    return state_->bytes;
}

std::vector<ServerRequest> LoopbackServer::received() const {
    std::lock_guard const lock(state_->mutex);
    return state_->received;
}

void LoopbackServer::close_idle(bool with_reset) {
    std::promise<void> done;
    asio::post(state_->loop, [&] {
        std::set<tcp::socket*> const idle = state_->idle;
        for (tcp::socket* const socket : idle) {
            boost::system::error_code ignored;
            if (with_reset) {
                reset(*socket);
            } else {
                socket->shutdown(tcp::socket::shutdown_both, ignored);
                socket->close(ignored);
            }
        }
        done.set_value();
    });
    done.get_future().wait();
}

bool LoopbackServer::eventually(std::function<bool()> const& condition, std::chrono::milliseconds most) {
    auto const until = std::chrono::steady_clock::now() + most;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) return condition();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

}  // namespace aikit_test
