// SPDX-License-Identifier: MIT
// fault/mock.cpp - a program: providers on loopback with a meter of their own. It does not link aikit.
//
//   fault_mock PRICES INVOICE [keyless|spare]
//
// Prints its port on a line. What it does for a request stands in the prompt (script.hpp). Each request leaves a line
// of JSON in the file INVOICE, written before a byte is answered, so that it outlives whoever asked. One thread; ends
// when its standard input does. A request with an Idempotency-Key that was answered before is the same work and is not
// billed again; with `keyless` such keys mean nothing. A `spare` does nothing wrong, whatever the prompt says, and
// answers in other words.
#include "dialects.hpp"
#include "script.hpp"

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <cstdio>
#include <fcntl.h>
#include <iostream>
#include <memory>
#include <unistd.h>
#include <unordered_map>

namespace lab {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::use_awaitable;
using asio::ip::tcp;

bool honours_keys = true;
bool spare = false;
constexpr auto longest_hang = std::chrono::seconds(60);
constexpr auto drip_pause = std::chrono::milliseconds(5);

/// The invoice, and what it needs to know of requests that came before.
class Meter {
public:
    Meter(std::string const& prices, std::string const& invoice)
        : prices_(read_prices(prices)), file_(::open(invoice.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)) {
        if (file_ < 0) throw std::runtime_error("the invoice cannot be opened");
    }

    /// Which arrival of that id this is, from 1.
    std::int64_t arrive(std::string const& id) { return ++arrivals_[id]; }
    std::string next_request_id() { return "lab-" + std::to_string(++requests_); }

    /// What was answered to the same key before, so that it is the same work and not billed again; or nothing.
    std::string answered(std::string const& key) const {
        auto const before = answered_.find(key);
        return before == answered_.end() ? std::string() : before->second;
    }
    void answer(std::string const& key, std::string const& request) {
        if (!key.empty()) answered_.emplace(key, request);
    }

    void write_repeat(std::string const& request) {
        boost::json::object line;
        line["repeat"] = request;
        append(line);
    }

    void write(Asked const& asked, Script const& script, std::int64_t arrival, std::string const& request, int status,
               Billed const& billed, bool told, bool whole) {
        auto const price = prices_.find(asked.model);
        if (price == prices_.end()) throw std::runtime_error("no price for " + asked.model);
        boost::json::object line;
        line["id"] = script.id;
        line["arrival"] = arrival;
        line["request"] = request;
        line["model"] = asked.model;
        line["status"] = status;
        line["whole"] = whole;
        line["told"] = told;
        line["input"] = billed.input;
        line["cached"] = billed.cached;
        line["written"] = billed.written;
        line["output"] = billed.output;
        line["nanos"] = nanos_of(price->second, billed);
        append(line);
    }

private:
    void append(boost::json::object const& line) const {
        std::string const text = boost::json::serialize(line) + "\n";
        if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
            throw std::runtime_error("the invoice cannot be written");
        }
    }

    PriceTable const prices_;
    int const file_;
    std::unordered_map<std::string, std::int64_t> arrivals_;
    std::unordered_map<std::string, std::string> answered_;  // requests, by their idempotency keys
    std::int64_t requests_ = 0;
};

void reset(tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
}

std::string head_of(int status, std::string_view type, std::string const& request, std::string const& framing) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + std::string(type) +
           "\r\nx-request-id: " + request + "\r\nrequest-id: " + request + "\r\n" +
           (status == 429 ? "retry-after-ms: 1\r\nretry-after: 0\r\n" : "") + framing + "\r\n";
}

std::string chunk(std::string_view bytes) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return size + std::string(bytes) + "\r\n";
}

/// One request: what it is, and where the answer goes.
struct Exchange {
    Asked asked;
    Script script;
    std::string request;
    tcp::socket& socket;
};

asio::awaitable<void> send(tcp::socket& socket, std::string bytes) {
    co_await asio::async_write(socket, asio::buffer(bytes), use_awaitable);
}

asio::awaitable<void> pause(tcp::socket& socket, std::chrono::milliseconds time) {
    asio::steady_timer timer(socket.get_executor(), time);
    co_await timer.async_wait(use_awaitable);
}

/// Nothing more is sent; ends when the client goes away or has waited long enough.
asio::awaitable<void> hang(tcp::socket& socket) {
    auto timer = std::make_shared<asio::steady_timer>(socket.get_executor(), longest_hang);
    timer->async_wait([&socket, timer](boost::system::error_code const& ended) {
        if (!ended) socket.cancel();
    });
    boost::system::error_code ignored;
    co_await socket.async_wait(tcp::socket::wait_read, asio::redirect_error(use_awaitable, ignored));
    timer->cancel();
    reset(socket);
}

/// True when the connection may serve another request.
asio::awaitable<bool> send_whole(Exchange& exchange, std::string body) {
    std::string const& fault = exchange.script.fault;
    std::size_t length = body.size();
    if (fault == "long") length += 64;
    if (fault == "short") length -= 8;
    std::string bytes = head_of(200, content_type(exchange.asked), exchange.request,
                                "Content-Length: " + std::to_string(length) + "\r\n");
    bytes += body;
    bool const broken = fault == "cut" || fault == "reset" || fault == "hang" || fault == "error";
    if (broken) bytes.resize(bytes.size() - body.size() / 2);
    co_await send(exchange.socket, std::move(bytes));
    if (fault == "hang") co_await hang(exchange.socket);
    if (fault == "reset") reset(exchange.socket);
    co_return !broken && fault != "long" && fault != "short";
}

asio::awaitable<bool> send_stream(Exchange& exchange, StreamParts parts) {
    Script const& script = exchange.script;
    tcp::socket& socket = exchange.socket;
    bool const broken = script.fault == "cut" || script.fault == "reset" || script.fault == "hang" ||
                        script.fault == "error" || script.fault == "long" || script.fault == "short";
    std::string bytes = head_of(200, content_type(exchange.asked), exchange.request, "Transfer-Encoding: chunked\r\n");
    if (!parts.first.empty()) bytes += chunk(parts.first);
    auto const words = static_cast<std::int64_t>(parts.words.size());
    std::int64_t const sent = broken ? std::min(script.at, words) : words;
    for (std::int64_t i = 0; i < sent; ++i) {
        bytes += chunk(parts.words[static_cast<std::size_t>(i)]);
        if (script.fault == "drip" && i == script.at) {
            co_await send(socket, std::exchange(bytes, std::string()));
            co_await pause(socket, drip_pause);
        }
    }
    if (script.fault == "error") bytes += chunk(stream_error(exchange.asked)) + chunk("");
    if (!broken) bytes += chunk(parts.last) + chunk("");
    co_await send(socket, std::move(bytes));
    if (script.fault == "hang") co_await hang(socket);
    if (script.fault == "reset") {
        co_await pause(socket, drip_pause);  // or what was sent is lost with it
        reset(socket);
    }
    co_return !broken;
}

asio::awaitable<bool> serve(Meter& meter, tcp::socket& socket, http::request<http::string_body> request) {
    std::optional<Asked> const asked = read_request(request.target(), request.body());
    Script script = Script::find(request.body());
    if (spare) script.fault = "none";
    if (!asked || script.id.empty()) {
        co_await send(socket, "HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\n{}");
        co_return true;
    }
    std::string const key(honours_keys ? request["Idempotency-Key"] : "");
    std::string const before = meter.answered(key);
    Exchange exchange{*asked, script, before.empty() ? meter.next_request_id() : before, socket};
    std::int64_t const arrival = before.empty() ? meter.arrive(script.id) : 0;
    bool const refused = before.empty() && (script.fault == "429" || script.fault == "500") && arrival <= script.at;
    if (refused) {
        int const status = script.fault == "429" ? 429 : 500;
        meter.write(*asked, script, arrival, exchange.request, status, Billed(), false, false);
        std::string const body = error_answer(*asked, status);
        co_await send(socket, head_of(status, "application/json", exchange.request,
                                      "Content-Length: " + std::to_string(body.size()) + "\r\n") +
                                  body);
        co_return true;
    }
    // A failure that is told before the first word is a refusal, wherever it stands.
    bool const refused_late = asked->stream && script.fault == "error" && script.at == 0;
    Billed billed;
    if (!refused_late) {
        billed.input = script.input;
        billed.cached = script.cached;
        billed.written = asked->dialect == Dialect::anthropic ? script.written : 0;
        billed.output = script.words;
    }
    bool const whole =
        script.fault == "none" || script.fault == "429" || script.fault == "500" || script.fault == "drip";
    bool const told = script.usage && asked->tell_usage;
    if (before.empty()) {
        meter.write(*asked, script, arrival, exchange.request, 200, billed, told, whole);
        meter.answer(key, exchange.request);
    } else {
        meter.write_repeat(before);
    }
    if (script.fault == "unread") {
        reset(socket);
        co_return false;
    }
    std::optional<Billed> const said = script.usage ? std::optional<Billed>(billed) : std::nullopt;
    if (!asked->stream) {
        co_return co_await send_whole(exchange, whole_answer(*asked, exchange.request, script.words, said));
    }
    co_return co_await send_stream(exchange, stream_answer(*asked, exchange.request, script.words, said));
}

asio::awaitable<void> converse(Meter& meter, tcp::socket socket) {
    try {
        socket.set_option(tcp::no_delay(true));
        boost::beast::flat_buffer buffer;
        for (bool again = true; again;) {
            http::request<http::string_body> request;
            co_await http::async_read(socket, buffer, request, use_awaitable);
            again = co_await serve(meter, socket, std::move(request));
        }
    } catch (boost::system::system_error const&) {
        // The client has gone, which is what it is here to do.
    }
}

asio::awaitable<void> accept(Meter& meter, tcp::acceptor& acceptor) {
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(use_awaitable);
        asio::co_spawn(acceptor.get_executor(), converse(meter, std::move(socket)), [](std::exception_ptr failure) {
            if (failure) std::rethrow_exception(failure);
        });
    }
}

int run(std::string const& prices, std::string const& invoice) {
    Meter meter(prices, invoice);
    asio::io_context loop(1);
    tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    std::printf("%d\n", acceptor.local_endpoint().port());
    std::fflush(stdout);
    asio::posix::stream_descriptor parent(loop, STDIN_FILENO);
    parent.async_wait(asio::posix::stream_descriptor::wait_read,
                      [&](boost::system::error_code const&) { loop.stop(); });
    asio::co_spawn(loop, accept(meter, acceptor), asio::detached);
    loop.run();
    return 0;
}

}  // namespace
}  // namespace lab

int main(int argc, char** argv) {
    if (argc != 3 && argc != 4) {
        std::fprintf(stderr, "usage: fault_mock PRICES INVOICE [keyless|spare]\n");
        return 2;
    }
    std::string_view const how = argc == 4 ? argv[3] : "";
    lab::honours_keys = how != "keyless";
    lab::spare = how == "spare";
    if (lab::spare) lab::first_answer_word = 8;
    try {
        return lab::run(argv[1], argv[2]);
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "fault_mock: %s\n", failure.what());
        return 1;
    }
}
