// SPDX-License-Identifier: MIT
// fault/sim_network.cpp - what is on the wire.
#include "sim_network.hpp"

#include <algorithm>
#include <charconv>

namespace sim {

using aikit::Errc;
using aikit::Error;
using aikit::Result;
using aikit::Task;
using aikit::net::HttpRequest;
using aikit::net::HttpResponse;
using aikit::testing::Ending;
using aikit::testing::FakeReply;
using aikit::testing::FakeTransport;

namespace {

std::string chunk_end(Arrival const& arrival) {
    return std::string(R"({"id":"r","object":"chat.completion.chunk","created":1767225600,"model":"m","choices":)") +
           R"([{"index":0,"delta":{},"finish_reason":")" + (arrival.stopped ? "stop" : "length") + "\"}]}";
}

std::string chunk_of(std::string_view word) {
    return std::string(R"({"id":"r","object":"chat.completion.chunk","created":1767225600,"model":"m","choices":)") +
           R"([{"index":0,"delta":{"content":")" + std::string(word) + R"("},"finish_reason":null}]})";
}

std::string data(std::string const& json) {
    return "data: " + json + "\n\n";
}

std::int64_t words_of(std::string_view text) {
    return std::count(text.begin(), text.end(), ' ');
}

std::string usage_of(Arrival const& arrival) {
    std::int64_t const output = words_of(arrival.text) * tokens_of_word;
    return R"({"prompt_tokens":)" + std::to_string(input_tokens) + R"(,"completion_tokens":)" + std::to_string(output) +
           R"(,"total_tokens":)" + std::to_string(input_tokens + output) + "}";
}

std::string http_date(aikit::SystemTime time) {
    static constexpr char const* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::string const text = aikit::to_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
    int month = 0;
    std::from_chars(text.data() + 5, text.data() + 7, month);
    return "Thu, " + text.substr(8, 2) + " " + months[month - 1] + " " + text.substr(0, 4) + " " + text.substr(11, 8) +
           " GMT";
}

/// What is told in an answer without success: its body by its status.
std::string error_body(Fault fault) {
    switch (fault) {
        case Fault::too_long:
            return R"({"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}})";
        case Fault::filtered:
            return R"({"error":{"message":"withheld","type":"invalid_request_error","code":"content_filter"}})";
        case Fault::unauthorized:
            return R"({"error":{"message":"no","type":"invalid_request_error","code":"invalid_api_key"}})";
        case Fault::bad_gateway: return "<html><h1>502 Bad Gateway</h1></html>";
        default: return R"({"error":{"message":"not now","type":"","code":null}})";
    }
}

int status_of(Fault fault) {
    switch (fault) {
        case Fault::limited:
        case Fault::limited_seconds:
        case Fault::limited_date:
        case Fault::limited_huge:
        case Fault::limited_garbage: return 429;
        case Fault::failed: return 500;
        case Fault::bad_gateway: return 502;
        case Fault::unavailable:
        case Fault::unavailable_seconds: return 503;
        case Fault::unauthorized: return 401;
        case Fault::too_long:
        case Fault::filtered: return 400;
        default: return 200;
    }
}

Error lost(bool maybe_executed) {
    Error error = aikit::fail(Errc::connection, "the simulated connection was lost");
    error.maybe_executed = maybe_executed;
    return error;
}

}  // namespace

void Trace::say(std::string const& line) {
    std::string const at = std::to_string(now().count());
    std::string const whole = std::string(at.size() < 9 ? 9 - at.size() : 0, ' ') + at + " us  " + line + "\n";
    for (char const c : whole) digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    if (keep_) text_ += whole;
}

/// A request that is being answered; who lets go of it went away.
class Network::Pending {
public:
    Pending(Network& network, Arrival& arrival) : network_(network), arrival_(arrival) {}
    ~Pending() {
        if (!answered) network_.end(arrival_, End::neutral);
    }
    Pending(Pending const&) = delete;
    Pending& operator=(Pending const&) = delete;

    bool answered = false;

private:
    Network& network_;
    Arrival& arrival_;
};

/// The body of an answer, with an eye on what of it was delivered.
class Body final : public aikit::net::HttpBody {
public:
    Body(Network& network, Arrival& arrival, std::unique_ptr<aikit::net::HttpBody> inner)
        : network_(network), arrival_(arrival), inner_(std::move(inner)) {}
    ~Body() override { network_.end(arrival_, End::neutral); }
    Body(Body const&) = delete;
    Body& operator=(Body const&) = delete;

    Task<std::string> read() override {
        if (completed_) co_return std::string();
        Task<std::string> reading = inner_->read();
        Result<std::string> piece = co_await std::move(reading);
        if (piece && !piece->empty()) {
            network_.deliver(arrival_, piece->size());
            co_return piece;
        }
        bool const stopped = !piece && piece.error().code == Errc::cancelled;
        bool const proper = piece && arrival_.whole;
        network_.end(arrival_, stopped ? End::neutral : proper ? End::success : End::failure);
        if (!stopped && !arrival_.whole && arrival_.stream && arrival_.delivered > 0) {
            std::optional<std::string> const made_up = sabotage();
            completed_ = made_up.has_value();
            if (made_up) co_return *made_up;
        }
        co_return piece;
    }

private:
    std::optional<std::string> sabotage() const {
        std::string const done = data(chunk_end(arrival_)) + data("[DONE]");
        // What is half a line ends here.
        if (network_.sabotage_ == Sabotage::complete_without_marker) return "\n\n" + done;
        if (network_.sabotage_ != Sabotage::mix_texts) return std::nullopt;
        for (Arrival const& other : network_.arrivals_) {
            if (!other.text.empty() && &other != &arrival_) return "\n\n" + data(chunk_of(other.text)) + done;
        }
        return std::nullopt;
    }

    Network& network_;
    Arrival& arrival_;
    std::unique_ptr<aikit::net::HttpBody> inner_;
    bool completed_ = false;
};

Network::Network(Plan const& plan, std::shared_ptr<aikit::testing::ManualClock> clock, Trace& trace, Sabotage sabotage)
    : plan_(plan),
      trace_(trace),
      sabotage_(sabotage),
      dice_(plan.seed ^ 0x3c6ef372fe94f82bULL),
      fake_(std::make_shared<FakeTransport>(std::move(clock))) {
    fake_->serve([this](HttpRequest const&) { return reply_to(*next_); });
}

Task<HttpResponse> Network::send(HttpRequest request) {
    return send_task(*this, std::move(request));
}

Task<HttpResponse> Network::send_task(Network& self, HttpRequest request) {
    for (int times = 1;; ++times) {
        Arrival& arrival = self.arrive(request);
        Pending pending(self, arrival);
        self.next_ = &arrival;
        Task<HttpResponse> sending = self.fake_->send(request);
        Result<HttpResponse> response = co_await std::move(sending);
        if (!response) {
            bool const stopped = response.error().code == Errc::cancelled;
            self.end(arrival, stopped ? End::neutral : End::failure);
            bool const again = self.sabotage_ == Sabotage::retry_after_execution && times == 1;
            if (again && arrival.executed && response.error().code == Errc::connection) continue;
            co_return response;
        }
        pending.answered = true;
        self.judge_head(arrival, response->status);
        if (self.sabotage_ == Sabotage::ignore_retry_after) {
            aikit::net::Headers kept;
            for (auto const& [name, value] : response->headers.fields()) {
                if (name.find("retry-after") == std::string::npos) kept.add(name, value);
            }
            response->headers = std::move(kept);
        }
        if (response->status == 200) {
            response->body = std::make_unique<Body>(self, arrival, std::move(response->body));
        }
        co_return response;
    }
}

Arrival& Network::arrive(HttpRequest const& request) {
    Arrival& arrival = arrivals_.emplace_back();
    arrival.number = static_cast<int>(arrivals_.size());
    std::string_view const host = std::string_view(request.url).substr(std::string_view("http://d").size());
    std::from_chars(host.data(), host.data() + host.size(), arrival.deployment);
    std::string_view const id = request.headers.find("X-Client-Request-Id").value_or("c0");
    std::from_chars(id.data() + 1, id.data() + id.size(), arrival.call);
    CallPlan const& call = plan_.calls.at(static_cast<std::size_t>(arrival.call) - 1);
    arrival.routed = call.direct < 0;
    arrival.tenant = call.tenant;
    arrival.question = call.question;
    arrival.stream = request.body->find("\"stream\":true") != std::string::npos;
    arrival.sent = trace_.now();
    arrival.sent_order = ++order_;
    trace_.say("a" + std::to_string(arrival.number) + " of c" + std::to_string(arrival.call) + " is sent to d" +
               std::to_string(arrival.deployment));
    return arrival;
}

Fault Network::draw_fault(Arrival const& arrival) {
    DeploymentPlan const& deployment = plan_.deployments[arrival.deployment];
    for (Spell const& spell : deployment.spells) {
        bool const now = arrival.sent >= spell.from && arrival.sent < spell.until;
        if (now && dice_.chance(spell.percent)) return spell.fault;
    }
    if (!dice_.chance(deployment.faulty)) return Fault::none;
    return static_cast<Fault>(dice_.between(1, static_cast<std::int64_t>(fault_kinds) - 1));
}

void Network::write_answer(Arrival& arrival) {
    arrival.executed = true;
    arrival.stopped = arrival.fault != Fault::stopped_by_limit;
    std::int64_t const words = dice_.between(1, plan_.deployments[arrival.deployment].words);
    std::string const own = " d" + std::to_string(arrival.deployment) + "a" + std::to_string(arrival.number) + "w";
    for (std::int64_t i = 0; i < words; ++i) arrival.text += own + std::to_string(i);
}

FakeReply Network::reply_to(Arrival& arrival) {
    arrival.reached = true;
    arrival.fault = draw_fault(arrival);
    FakeReply reply;
    DeploymentPlan const& deployment = plan_.deployments[arrival.deployment];
    reply.head_after = milliseconds(dice_.between(0, deployment.head_after.count()));
    reply.piece_after = deployment.piece_after;
    trace_.say("d" + std::to_string(arrival.deployment) + " meets a" + std::to_string(arrival.number) + " with " +
               name(arrival.fault));
    bool const silent = arrival.fault == Fault::refused || arrival.fault == Fault::reset_unread;
    if (silent || status_of(arrival.fault) != 200) return refusal(arrival);
    write_answer(arrival);
    constexpr std::chrono::hours never(24 * 365);
    if (arrival.fault == Fault::stall) reply.head_after = never;
    if (arrival.fault == Fault::slow) {
        reply.head_after = milliseconds(dice_.between(500, 3'000));
        reply.piece_after = milliseconds(dice_.between(50, 900));
    }
    reply.headers.add("x-request-id", "a" + std::to_string(arrival.number));
    std::int64_t const all = words_of(arrival.text) * tokens_of_word;
    if (arrival.fault == Fault::reset_executed) {
        reply.failure = lost(true);
        bill(arrival, input_tokens, all);
        return reply;
    }
    if (arrival.stream) {
        answer_stream(arrival, reply);
    } else {
        answer_whole(arrival, reply);
    }
    if (arrival.executed) bill(arrival, input_tokens, arrival.stream ? 0 : all);
    return reply;
}

FakeReply Network::refusal(Arrival& arrival) {
    FakeReply reply(status_of(arrival.fault), error_body(arrival.fault));
    reply.head_after = milliseconds(dice_.between(0, plan_.deployments[arrival.deployment].head_after.count()));
    if (reply.status == 200) reply.failure = lost(arrival.fault == Fault::reset_unread);
    reply.headers.add("x-request-id", "a" + std::to_string(arrival.number));
    tell_wait(arrival, reply);
    return reply;
}

/// The time to be left alone counts from when the head is there.
void Network::tell_wait(Arrival& arrival, FakeReply& reply) {
    Time const told = arrival.sent + reply.head_after;
    std::int64_t const seconds = dice_.between(1, 12);
    switch (arrival.fault) {
        case Fault::limited_seconds:
        case Fault::unavailable_seconds:
            arrival.left_alone = told + std::chrono::seconds(seconds);
            if (dice_.chance(30)) {
                reply.headers.add("retry-after-ms", std::to_string(seconds * 1'000));
            } else {
                reply.headers.add("retry-after", std::to_string(seconds));
            }
            break;
        case Fault::limited_date: {
            // Of whose clock nobody knows, it is the upstream's.
            aikit::SystemTime const begin = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
            auto const now = std::chrono::floor<std::chrono::seconds>(begin + told);
            reply.headers.add("retry-after", http_date(now + std::chrono::seconds(seconds)));
            bool const shows = !plan_.jumps.empty() || dice_.chance(50);
            if (shows) reply.headers.add("date", http_date(now));
            arrival.left_alone =
                (shows ? told : std::chrono::duration_cast<Time>(now - begin)) + std::chrono::seconds(seconds);
            break;
        }
        case Fault::limited_huge: {
            std::int64_t const huge = dice_.pick<std::int64_t>({1'800, 86'400, 999'999'999'999});
            reply.headers.add("retry-after", std::to_string(huge));
            arrival.left_alone = told + std::min<Time>(std::chrono::seconds(huge), std::chrono::hours(24));
            break;
        }
        case Fault::limited_garbage:
            reply.headers.add("retry-after", dice_.pick<char const*>({"soon", "-5", "1e", "Thu, 99 Foo 2026", "nan"}));
            break;
        default: break;
    }
}

void Network::answer_whole(Arrival& arrival, FakeReply& reply) {
    std::string const body =
        R"({"id":"r","object":"chat.completion","created":1767225600,"model":"m","choices":[{"index":0,"message":)"
        R"({"role":"assistant","content":")" +
        arrival.text + R"("},"finish_reason":")" + (arrival.stopped ? "stop" : "length") + R"("}],"usage":)" +
        usage_of(arrival) + "}";
    arrival.whole_at = arrival.all = body.size();
    spoil(arrival, reply, body);
}

void Network::answer_stream(Arrival& arrival, FakeReply& reply) {
    std::string body = ": hello\n\n";
    for (std::size_t at = 0; at < arrival.text.size();) {
        std::size_t const end = std::min(arrival.text.find(' ', at + 1), arrival.text.size());
        body += data(chunk_of(std::string_view(arrival.text).substr(at, end - at)));
        arrival.word_ends.push_back(body.size());
        at = end;
    }
    body += data(chunk_end(arrival));
    body +=
        data(R"({"id":"r","object":"chat.completion.chunk","created":1767225600,"model":"m","choices":[],"usage":)" +
             usage_of(arrival) + "}");
    std::size_t const marker = body.size();
    body += data("[DONE]");
    arrival.all = body.size();
    arrival.whole_at = body.size() - 2;  // what ends the line of the marker says no more than it does
    if (arrival.fault == Fault::no_marker) body.resize(marker);
    spoil(arrival, reply, body);
}

/// Puts what goes wrong into an answer, and cuts it into pieces anywhere.
void Network::spoil(Arrival& arrival, FakeReply& reply, std::string const& whole) {
    std::string body = whole;
    auto const size = static_cast<std::int64_t>(body.size());
    auto const anywhere = static_cast<std::size_t>(dice_.between(0, size - 1));
    switch (arrival.fault) {
        case Fault::cut:
        case Fault::reset_midway:
        case Fault::stall_midway: reply.deliver = anywhere; break;
        case Fault::stall_first: reply.deliver = 0; break;
        case Fault::ends_early: body.resize(anywhere); break;
        case Fault::malformed:
        case Fault::error_midway: {
            bool const error = arrival.fault == Fault::error_midway;
            std::string const bad =
                error ? R"({"error":{"message":"it broke","type":"server_error","code":"server_error"}})"
                      : "{\"choices\":[";
            if (!arrival.stream) {
                body = bad;
                arrival.whole_at = std::string::npos;
                arrival.executed = !error;
                break;
            }
            // Between two words, or before the first.
            std::int64_t const before = dice_.between(0, static_cast<std::int64_t>(arrival.word_ends.size()) - 1);
            std::size_t const at = before == 0 ? std::string_view(": hello\n\n").size()
                                               : arrival.word_ends[static_cast<std::size_t>(before) - 1];
            body = whole.substr(0, at) + data(bad) + whole.substr(at);
            // Who says that it failed before it said anything else has done nothing.
            arrival.executed = !error || before > 0;
            arrival.word_ends.resize(static_cast<std::size_t>(before));
            arrival.bad_at = at + data(bad).size();
            break;
        }
        default: break;
    }
    if (arrival.fault == Fault::cut) reply.ending = Ending::cut;
    if (arrival.fault == Fault::reset_midway) reply.ending = Ending::reset;
    if (arrival.fault == Fault::stall_midway || arrival.fault == Fault::stall_first) reply.ending = Ending::stall;
    reply.pieces.clear();
    std::int64_t const longest = dice_.pick<std::int64_t>({40, 200, 200, 5'000});
    for (std::size_t at = 0; at < body.size();) {
        auto const part = static_cast<std::size_t>(dice_.between(1, longest));
        reply.pieces.push_back(body.substr(at, part));
        at += part;
    }
}

void Network::judge_head(Arrival& arrival, int status) {
    if (status == 200) return;
    arrival.told = true;
    trace_.say("a" + std::to_string(arrival.number) + " is told " + std::to_string(status));
    if (status == 429 || status == 401) return end(arrival, End::asked);
    end(arrival, status >= 500 ? End::failure : End::neutral);
}

void Network::deliver(Arrival& arrival, std::size_t bytes) {
    std::size_t const before = arrival.delivered;
    arrival.delivered += bytes;
    // A word is billed from its first byte on.
    while (arrival.words_billed < arrival.word_ends.size()) {
        std::size_t const i = arrival.words_billed;
        std::size_t const begin = i == 0 ? 0 : arrival.word_ends[i - 1];
        if (arrival.delivered <= begin) break;
        bill(arrival, 0, tokens_of_word);
        ++arrival.words_billed;
    }
    bool const first = arrival.stream ? !arrival.word_ends.empty() && arrival.delivered >= arrival.word_ends.front()
                                      : arrival.delivered >= arrival.whole_at;
    if (first && !arrival.first_word) arrival.first_word = trace_.now();
    if (arrival.bad_at != 0 && before < arrival.bad_at && arrival.delivered >= arrival.bad_at) {
        return end(arrival, End::failure);
    }
    if (arrival.bad_at == 0 && arrival.delivered >= arrival.whole_at) {
        arrival.whole = true;
        if (arrival.delivered >= arrival.all) end(arrival, End::success);
    }
}

/// Another request of the same call is under way.
bool Network::races(Arrival const& arrival) const {
    return std::any_of(arrivals_.begin(), arrivals_.end(), [&](Arrival const& other) {
        return other.call == arrival.call && other.number != arrival.number && other.end == End::open;
    });
}

void Network::end(Arrival& arrival, End how) {
    if (arrival.end != End::open) return;
    // The upstream is at it until its answer would have ended.
    if (how == End::neutral && sabotage_ == Sabotage::leak_hedge && races(arrival)) return;
    arrival.end = how;
    arrival.ended = trace_.now();
    arrival.ended_order = ++order_;
    constexpr char const* names[] = {"open", "success", "failure", "asked", "neutral"};
    trace_.say("a" + std::to_string(arrival.number) + " ends: " + names[static_cast<std::size_t>(how)]);
}

void Network::bill(Arrival& arrival, std::int64_t read, std::int64_t written) {
    Rates const rates = rates_of(arrival.deployment);
    std::int64_t const nanos = rates.input * read + rates.output * written;
    arrival.nanos += nanos;
    std::int64_t& all = billed_[arrival.tenant];
    all += nanos;
    if (plan_.budget && all > *plan_.budget && !overspent_) overspent_ = arrival.number;
}

}  // namespace sim
