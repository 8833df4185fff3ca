// SPDX-License-Identifier: MIT
// net/exchange.cpp - the way of a request: a lease, a connection, bytes out, bytes in, and the connection back.
#include "net/exchange.hpp"

#include "core/async.hpp"
#include "core/os/os.hpp"
#include "net/ascii.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>

namespace aikit::inline v0::net {

namespace asio = boost::asio;

namespace {

/// One read from the system. On the stack, and small enough for the stacks of small threads.
constexpr std::size_t read_size = 16 * 1024;

/// How much is read before what it holds is handed over.
constexpr std::size_t read_at_once = 64 * 1024;

/// How much one exchange reads before timers and others on its loop have their turn: well under a millisecond's work.
constexpr std::size_t read_in_a_row = 4 * read_at_once;

/// What an answer to CONNECT may hold; proxies say little.
constexpr std::size_t max_tunnel_head = 16 * 1024;

/// Text that may hold a credential.
struct WipedText {
    explicit WipedText(std::string text_) : text(std::move(text_)) {}
    ~WipedText() { os::overwrite(text.data(), text.size()); }
    WipedText(WipedText const&) = delete;
    WipedText& operator=(WipedText const&) = delete;
    std::string text;
};

/// In one piece where it is short, which most are.
void add_field(std::string& head, std::string_view name, std::string_view value) {
    std::array<char, 128> line;
    if (name.size() + value.size() + 4 > line.size()) {
        head.append(name).append(": ").append(value).append("\r\n");
        return;
    }
    char* at = std::copy_n(name.data(), name.size(), line.data());
    *at++ = ':';
    *at++ = ' ';
    at = std::copy_n(value.data(), value.size(), at);
    *at++ = '\r';
    *at++ = '\n';
    head.append(line.data(), static_cast<std::size_t>(at - line.data()));
}

/// As add_field; no copy of the value is left anywhere else.
void add_secret(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

/// An event stream is not asked for in gzip: whoever compresses it on the way holds back its pieces.
bool wants_events(Headers const& headers) {
    std::optional<std::string_view> const accept = headers.find("accept");
    return accept && accept->find("text/event-stream") != std::string_view::npos;
}

/// What went wrong before a head had come.
Error unanswered(Error error) {
    if (error.code != Errc::incomplete) return error;
    return fail(Errc::connection, "net: the server ended the connection before it answered");
}

}  // namespace

/// What of a request the system has not taken yet.
struct Exchange::Unsent {
    Unsent(std::string head_text, std::string_view body_) : text(std::move(head_text)), head(text.text), body(body_) {}

    void pass(std::size_t size) {
        std::size_t const of_head = std::min(size, head.size());
        head.remove_prefix(of_head);
        body.remove_prefix(size - of_head);
    }

    WipedText text;
    std::string_view head;  // of text
    std::string_view body;  // of the request
};

Exchange::~Exchange() = default;

Exchange::Exchange(std::shared_ptr<ClientCore> core, HttpRequest request, std::shared_ptr<Target const> target)
    : core_(std::move(core)),
      request_(std::move(request)),
      target_(std::move(target)),
      url_(target_->url),
      proxy_(target_->proxy),
      watchdog_(core_->home, request_.limits.total) {}

/// Adds to an error what only the exchange knows: whether it was a limit that passed, whether the request may have been
/// carried out, the status.
Error Exchange::complete(Error error) const {
    if (std::optional<Error> limit = watchdog_.expired()) {
        error = std::move(*limit);
    } else if (error.code == Errc::cancelled) {
        error.message = "net: the caller asked to stop";
    } else if (core_->pool->closed() && error.code != Errc::timeout) {
        error = fail(Errc::invalid_state, "net: the HTTP client was closed");
    }
    error.maybe_executed = ever_sent_;
    if (decoder_ && decoder_->has_head()) error.http_status = status_;
    return error;
}

/// Gives a bare timeout of a wait its sentence.
Error Exchange::in_time(Error error, Limit limit, std::chrono::milliseconds length) const {
    if (error.code != Errc::timeout) return error;
    bool const total = watchdog_.total().passed(core_->runtime.clock()->now());
    return limit_error(total ? Limit::total : limit, length);
}

Task<HttpResponse> Exchange::run(std::shared_ptr<Exchange> self) {
    try {
        Exchange& own = *self;
        own.executor_ = co_await asio::this_coro::executor;
        if (own.watchdog_.total().passed(own.core_->runtime.clock()->now())) {
            co_return own.complete(limit_error(Limit::total, std::chrono::milliseconds(0)));
        }
        Result<std::shared_ptr<Waiter<Lease>>> waiter = own.ask_lease();
        if (!waiter) co_return own.complete(waiter.error());
        if (*waiter) {
            Result<void> const leased = co_await own.wait_for_lease(std::move(*waiter));
            if (!leased) co_return own.complete(leased.error());
        }
        for (;;) {
            if (own.needs_connection()) {
                Result<void> const opened = co_await own.open();
                if (!opened) co_return own.complete(opened.error());
            }
            Stream& stream = *own.lease_.connection->stream;
            Guarded const guarded(own.watchdog_);
            Result<void> done = own.begin_attempt(stream);
            if (own.unsent_) done = co_await own.write_rest(stream);
            own.all_sent_ = done.has_value();
            // A server may answer, and end the connection, before it has read a request whole.
            bool const answerable = done || (own.sent_ && done.error().code == Errc::connection);
            while (answerable && !own.decoder_->has_head()) {
                own.guard_answer(stream);
                Result<void> received = co_await stream.wait();
                if (received) received = own.take_bytes(stream, *own.decoder_);
                if (received) continue;
                if (done) done = unanswered(std::move(received).error());
                break;
            }
            if (own.decoder_->has_head()) co_return take_head(self);
            if (!own.may_start_over(done.error())) co_return own.complete(done.error());
            own.lease_.connection.reset();  // a fresh connection takes the place of the dead one
        }
    } catch (...) {
        co_return self->complete(current_exception_error());
    }
}

/// A lease at once, or (not null) the waiter that will get one.
Result<std::shared_ptr<Waiter<Lease>>> Exchange::ask_lease() {
    Result<Pool::Turn> turn = core_->pool->ask(target_->key);
    if (!turn) return turn.error();
    if (turn->lease) lease_ = std::move(*turn->lease);
    return std::move(turn->waiter);
}

bool Exchange::needs_connection() {
    // The server may have ended an idle connection, or sent what nobody asked for.
    if (lease_.connection && !lease_.connection->stream->quiet()) lease_.connection.reset();
    reused_ = lease_.connection != nullptr;
    return !reused_;
}

bool Exchange::may_start_over(Error const& error) const {
    bool const unanswered = error.code == Errc::connection && !decoder_->started();
    bool const harmless = request_.repeatable || !sent_;
    return reused_ && unanswered && harmless && !watchdog_.expired() && !core_->pool->closed();
}

void Exchange::guard_answer(Stream& stream) {
    bool const begun = decoder_->started();
    watchdog_.guard(executor_, stream, begun ? Limit::idle : Limit::first_byte,
                    begun ? request_.limits.idle : request_.limits.first_byte);
}

Task<void> Exchange::wait_for_lease(std::shared_ptr<Waiter<Lease>> waiter) {
    std::shared_ptr<Clock> const clock = core_->runtime.clock();
    std::chrono::milliseconds const longest = request_.limits.first_byte;
    Deadline const until = Deadline::after(*clock, longest).sooner(watchdog_.total());
    Waiter<Lease> const* const address = waiter.get();
    Result<Lease> lease = co_await Waiter<Lease>::wait(std::move(waiter), clock, until.at());
    if (!lease) {
        core_->pool->leave(target_->key, address);
        co_return in_time(lease.error(), Limit::turn, longest);
    }
    lease_ = std::move(*lease);
    co_return ok();
}

Task<void> Exchange::open() {
    std::shared_ptr<Clock> const clock = core_->runtime.clock();
    std::chrono::milliseconds const longest = request_.limits.connect;
    SteadyTime const until = Deadline::after(*clock, longest).sooner(watchdog_.total()).at();
    std::string const host = proxy_ != nullptr ? proxy_->host : url_.host;
    bool const is_address = proxy_ != nullptr ? proxy_->is_address : url_.is_address;
    std::uint16_t const port = proxy_ != nullptr ? proxy_->port : url_.port;
    Result<std::unique_ptr<TcpStream>> tcp = co_await Dialer::connect(core_->dialer, host, is_address, port, until);
    if (!tcp) co_return in_time(tcp.error(), Limit::connect, longest);

    auto connection = std::make_unique<Connection>();
    connection->opened = clock->now();
    if (!url_.https) {
        connection->stream = std::move(*tcp);
    } else {
        Guarded const guarded(watchdog_);
        if (proxy_ != nullptr) {
            watchdog_.guard_until(executor_, **tcp, Limit::connect, longest, until);
            Result<void> const tunnelled = co_await tunnel(**tcp);
            if (!tunnelled) co_return tunnelled.error();
            watchdog_.rest();
        }
        Result<std::shared_ptr<TlsContext const>> const context = co_await ClientCore::tls(core_, until);
        if (!context) co_return in_time(context.error(), Limit::connect, longest);
        Result<std::unique_ptr<TlsStream>> tls =
            TlsStream::create(*context, std::move(*tcp), url_.host, url_.is_address);
        if (!tls) co_return tls.error();
        watchdog_.guard_until(executor_, **tls, Limit::connect, longest, until);
        Result<void> const shaken = co_await (*tls)->handshake();
        if (!shaken) co_return shaken.error();
        connection->stream = std::move(*tls);
    }
    core_->pool->note_opened();
    lease_.connection = std::move(connection);
    co_return ok();
}

/// Asks the proxy for a way to the origin. Nothing of the request is said to it.
Task<void> Exchange::tunnel(Stream& tcp) {
    std::string const target = url_.host_and_port();
    WipedText ask("");
    ask.text.reserve(2 * target.size() + proxy_->authorization.reveal().size() + core_->config.user_agent.size() + 128);
    ask.text.append("CONNECT ").append(target).append(" HTTP/1.1\r\n");
    add_field(ask.text, "Host", target);
    add_field(ask.text, "User-Agent", core_->config.user_agent);
    if (!proxy_->authorization.empty()) {
        add_secret(ask.text, "Proxy-Authorization", proxy_->authorization.reveal());
    }
    ask.text += "\r\n";
    std::string_view rest = ask.text;
    std::string_view const nothing;
    while (!rest.empty()) {
        Result<std::size_t> const size = co_await tcp.write_some(rest, nothing);
        if (!size) co_return size.error();
        rest.remove_prefix(*size);
    }
    DecoderLimits limits;
    limits.head = max_tunnel_head;
    ResponseDecoder answer("CONNECT", limits);
    while (!answer.has_head()) {
        Result<void> const waited = co_await tcp.wait();
        if (!waited) co_return waited.error();
        Result<void> const taken = take_bytes(tcp, answer);
        if (!taken && taken.error().code == Errc::incomplete) {
            co_return fail(Errc::connection, "net: the proxy ended the connection before it answered");
        }
        if (!taken) co_return taken.error();
    }
    if (answer.head().status / 100 != 2) {
        co_return fail(Errc::connection, "net: the proxy refused the connection with HTTP status " +
                                             std::to_string(answer.head().status) +
                                             "; check its address and, for 407, its user and password");
    }
    if (answer.surplus()) co_return fail(Errc::protocol, "net: the proxy sent bytes of its own into the tunnel");
    co_return ok();
}

/// Sends what the system takes at once, which is the whole of most requests; the rest waits in unsent_.
Result<void> Exchange::begin_attempt(Stream& stream) {
    if (executor_ == core_->home->executor) watchdog_.lend(std::move(lease_.connection->timer));
    DecoderLimits limits;
    limits.head = static_cast<std::size_t>(core_->config.max_head);
    limits.body = core_->config.max_body;
    limits.gzip = core_->config.gzip;
    decoder_.emplace(request_.method, limits);
    all_sent_ = false;
    WipedText head(request_head());
    std::string_view const body = request_.body ? std::string_view(*request_.body) : std::string_view();
    Result<std::size_t> const size = stream.write_ready(head.text, body);
    sent_ = size && *size > 0;
    ever_sent_ = ever_sent_ || sent_;
    if (!size) return size.error();
    if (*size < head.text.size() + body.size()) {
        unsent_ = std::make_unique<Unsent>(std::move(head.text), body);
        unsent_->pass(*size);
    }
    return ok();
}

Task<void> Exchange::write_rest(Stream& stream) {
    std::unique_ptr<Unsent> const rest = std::move(unsent_);
    std::uint64_t const before = stream.sent();
    while (!rest->head.empty() || !rest->body.empty()) {
        watchdog_.guard(executor_, stream, Limit::send, request_.limits.idle);
        Result<std::size_t> const size = co_await stream.write_some(rest->head, rest->body);
        sent_ = sent_ || stream.sent() > before;
        ever_sent_ = ever_sent_ || sent_;
        if (!size) co_return size.error();
        rest->pass(*size);
    }
    co_return ok();
}

Result<HttpResponse> Exchange::take_head(std::shared_ptr<Exchange> self) {
    ResponseHead& head = self->decoder_->head();
    self->status_ = head.status;
    // Nothing of the request is needed any more, and a stream may last.
    self->request_.body.reset();
    self->request_.headers = Headers();
    self->request_.credential = Secret();
    self->settle_connection();
    Result<HttpResponse> response;
    response->status = head.status;
    response->headers = std::move(head.headers);
    response->body = body_of(std::move(self));
    return response;
}

Result<void> Exchange::take_bytes(Stream& stream, ResponseDecoder& decoder) {
    std::array<char, read_size> buffer;
    for (std::size_t total = 0; total < read_at_once && !decoder.received();) {
        Result<std::size_t> const size = stream.take(buffer.data(), buffer.size());
        if (!size) return size.error();
        if (*size == 0) {
            if (!stream.ended()) return ok();
            if (core_->pool->closed()) return fail(Errc::invalid_state, "net: the HTTP client was closed");
            return decoder.end();
        }
        unyielded_ += *size;
        if (Result<void> fed = decoder.feed(std::string_view(buffer.data(), *size)); !fed) return fed.error();
        if (*size < buffer.size()) return ok();
        total += *size;
    }
    return ok();
}

// All in one coroutine: each that waits costs a stream a kibibyte.
Task<std::string> Exchange::read(std::shared_ptr<Exchange> self) {
    Exchange& own = *self;
    if (std::exchange(own.reading_, true)) {
        co_return fail(Errc::invalid_state, "net: a body is read twice at once, or after an error");
    }
    if (!own.core_->runtime.alive()) co_return fail(Errc::invalid_state, "net: the runtime is closed");
    Result<std::string> piece;
    try {
        own.executor_ = co_await asio::this_coro::executor;
        Guarded const guarded(own.watchdog_);
        while (!own.take_piece(piece)) {
            Stream& stream = *own.lease_.connection->stream;
            own.watchdog_.guard(own.executor_, stream, Limit::idle, own.request_.limits.idle);
            if (own.unyielded_ >= read_in_a_row) {
                // A peer that always has more never lets wait() suspend.
                own.unyielded_ = 0;
                co_await asio::post(own.executor_, asio::use_awaitable);
            }
            Result<void> received = co_await stream.wait();
            if (received) received = own.take_bytes(stream, *own.decoder_);
            if (!received) {
                piece = received.error();
                break;
            }
            own.settle_connection();
        }
    } catch (...) {
        piece = current_exception_error();
    }
    if (!piece) {
        piece = own.complete(piece.error());
        own.abandon();
        co_return piece;
    }
    own.reading_ = false;  // after an error it stays as it is
    co_return piece;
}

/// False where more has to be read before there is a piece, the end, or an error.
bool Exchange::take_piece(Result<std::string>& piece) {
    piece = decoder_->next();
    if (!piece || !piece->empty()) return true;
    Result<bool> const over = decoder_->over();
    if (!over) piece = over.error();
    return !over || *over;
}

bool Exchange::take_ready(std::string& piece) {
    if (reading_ || !core_->runtime.alive()) return false;
    Result<std::string> next;
    if (!take_piece(next) || !next) return false;  // read() comes upon an error again
    piece = std::move(*next);
    return true;
}

/// Closes the connection, if there is one: after an error, on the executor of what failed.
void Exchange::abandon() noexcept {
    watchdog_.stop();
    lease_ = Lease();
}

/// Once the last byte is in, the connection is free for others, or closed; the body may still be handed out.
void Exchange::settle_connection() {
    if (!decoder_->received() || !lease_.connection) return;
    bool const fit = decoder_->head().keep_alive && !decoder_->surplus() && all_sent_ &&
                     !lease_.connection->stream->ended() && !watchdog_.expired();
    if (!fit) {
        abandon();
        return;
    }
    watchdog_.rest();
    HomeTimer timer = watchdog_.give_back();
    if (core_->home->lasting) lease_.connection->timer = std::move(timer);
    core_->pool->put_back(std::move(lease_.permit), std::move(lease_.connection));
}

std::string Exchange::request_head() const {
    std::string const& host = target_->host_field;
    bool const by_proxy = proxy_ != nullptr && !url_.https;
    std::size_t size = request_.method.size() + url_.target.size() + 2 * host.size() + 256;
    size += core_->config.user_agent.size() + request_.credential_header.size() + request_.credential.reveal().size();
    if (by_proxy) size += proxy_->authorization.reveal().size();
    for (auto const& [name, value] : request_.headers.fields()) size += name.size() + value.size() + 4;

    std::string head;
    head.reserve(size);  // once, so that no copy of a credential is left behind
    head.append(request_.method).append(" ");
    if (by_proxy) head.append("http://").append(host);
    head.append(url_.target).append(" HTTP/1.1\r\n");
    add_field(head, "Host", host);
    if (!request_.headers.find("user-agent")) add_field(head, "User-Agent", core_->config.user_agent);
    add_field(head, "Accept-Encoding", core_->config.gzip && !wants_events(request_.headers) ? "gzip" : "identity");
    bool const expects_body = request_.method == "POST" || request_.method == "PUT" || request_.method == "PATCH";
    if (request_.body || expects_body) {
        add_field(head, "Content-Length", std::to_string(request_.body ? request_.body->size() : 0));
    }
    for (auto const& [name, value] : request_.headers.fields()) add_field(head, name, value);
    if (!request_.credential_header.empty()) {
        add_secret(head, request_.credential_header, request_.credential.reveal());
    }
    if (by_proxy && !proxy_->authorization.empty()) {
        add_secret(head, "Proxy-Authorization", proxy_->authorization.reveal());
    }
    head += "\r\n";
    return head;
}

}  // namespace aikit::inline v0::net
