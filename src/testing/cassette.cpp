// SPDX-License-Identifier: MIT
// testing/cassette.cpp - the transports that record and replay.
#include "core/async.hpp"
#include "core/os/files.hpp"
#include "testing/cassette_form.hpp"

#include <aikit/testing/cassette.hpp>

#include <cerrno>
#include <fstream>
#include <mutex>

namespace aikit::inline v0::testing {
namespace {

constexpr std::int64_t max_cassette_bytes = std::int64_t{1} << 30;

/// The file that is written; one line at a time, whole.
class Tape {
public:
    explicit Tape(std::string path) : path_(std::move(path)) {}

    Result<void> open() {
        errno = 0;
        file_.open(path_, std::ios::binary | std::ios::trunc);
        if (file_) return ok();
        Errc const code = errno == ENOENT ? Errc::not_found : errno == EACCES ? Errc::permission : Errc::storage;
        return fail(code, "The cassette '" + path_ + "' cannot be written; check its folder.");
    }

    /// The first failure is kept, for whoever asks next.
    Result<void> add(CassetteExchange const& exchange) {
        std::string const line = write_exchange(exchange);
        std::lock_guard const lock(mutex_);
        if (!failed_ && !(file_ << line << std::flush)) {
            failed_ = fail(Errc::storage, "The cassette '" + path_ + "' cannot be written any more; is the disk full?");
        }
        return said();
    }

    Result<void> state() {
        std::lock_guard const lock(mutex_);
        return said();
    }

private:
    Result<void> said() const { return failed_ ? Result<void>(*failed_) : ok(); }

    std::string const path_;
    std::mutex mutex_;  // guards what follows
    std::ofstream file_;
    std::optional<Error> failed_;
};

struct Recorder {
    explicit Recorder(CassetteConfig config_) : config(std::move(config_)), tape(config.cassette) {}

    CassetteConfig config;
    Tape tape;
};

/// Notes what a reader is given, and adds the exchange to the tape when the reply ends.
class RecordedBody final : public net::HttpBody {
public:
    RecordedBody(std::unique_ptr<net::HttpBody> body, std::shared_ptr<Recorder> recorder, CassetteExchange exchange,
                 Scrubber scrubber)
        : body_(std::move(body)),
          recorder_(std::move(recorder)),
          exchange_(std::move(exchange)),
          scrubber_(std::move(scrubber)) {}

    ~RecordedBody() override {
        if (!ended_) (void)guarded([&] { return end(Ending::cut); });  // a failure is told by the next send
    }
    RecordedBody(RecordedBody const&) = delete;
    RecordedBody& operator=(RecordedBody const&) = delete;

    Task<std::string> read() override {
        Task<std::string> reading = body_->read();
        Result<std::string> piece = co_await std::move(reading);
        if (!piece) {
            Result<void> const ended = end(piece.error().code == Errc::connection ? Ending::reset
                                           : piece.error().code == Errc::timeout  ? Ending::stall
                                                                                  : Ending::cut);
            if (!ended) co_return ended.error();
            co_return piece;
        }
        Result<void> const noted = piece->empty() ? end(Ending::whole) : note(*piece);
        if (!noted) co_return noted.error();
        co_return piece;
    }

private:
    Result<void> note(std::string const& piece) {
        size_ += piece.size();
        if (size_ <= recorder_->config.max_body) {
            exchange_.reply.pieces.push_back(piece);
            return ok();
        }
        return fail(Errc::protocol, "The reply is longer than a cassette takes (" +
                                        std::to_string(recorder_->config.max_body) +
                                        " bytes); raise CassetteConfig::max_body.");
    }

    Result<void> end(Ending ending) {
        ended_ = true;
        exchange_.reply.ending = ending;
        std::string whole;
        for (std::string const& piece : exchange_.reply.pieces) whole += piece;
        std::string clean = scrubber_.clean(whole);
        // Where something was masked, the pieces no longer fit.
        if (clean != whole) exchange_.reply.pieces = {std::move(clean)};
        return recorder_->tape.add(exchange_);
    }

    std::unique_ptr<net::HttpBody> body_;
    std::shared_ptr<Recorder> recorder_;
    CassetteExchange exchange_;
    Scrubber scrubber_;
    std::size_t size_ = 0;
    bool ended_ = false;
};

Task<net::HttpResponse> send_recorded(std::shared_ptr<Recorder> recorder, std::shared_ptr<net::HttpTransport> next,
                                      net::HttpRequest request) {
    if (Result<void> usable = recorder->tape.state(); !usable) co_return usable.error();
    Scrubber scrubber(request.credential, recorder->config.scrub);
    CassetteExchange exchange;
    Result<CassetteRequest> described = cassette_request(request, scrubber);
    if (!described) co_return described.error();
    exchange.request = std::move(*described);
    Task<net::HttpResponse> sending = next->send(std::move(request));
    Result<net::HttpResponse> response = co_await std::move(sending);
    if (!response) {
        exchange.reply.failure = response.error();
        if (response.error().code != Errc::cancelled) {
            if (Result<void> added = recorder->tape.add(exchange); !added) co_return added.error();
        }
        co_return response;
    }
    exchange.reply.status = response->status;
    exchange.reply.headers = cassette_headers(response->headers);
    response->body = std::make_unique<RecordedBody>(std::move(response->body), std::move(recorder), std::move(exchange),
                                                    std::move(scrubber));
    co_return response;
}

class RecordingTransport final : public net::HttpTransport {
public:
    RecordingTransport(std::shared_ptr<Recorder> recorder, std::shared_ptr<net::HttpTransport> next)
        : recorder_(std::move(recorder)), next_(std::move(next)) {}

    Task<net::HttpResponse> send(net::HttpRequest request) override {
        return guard(send_recorded(recorder_, next_, std::move(request)));
    }

private:
    std::shared_ptr<Recorder> recorder_;
    std::shared_ptr<net::HttpTransport> next_;
};

/// How far two requests are alike that differ in `part`.
int likeness(std::string_view part) noexcept {
    return part == "method" ? 0 : part == "host" ? 1 : part == "path" ? 2 : 3;
}

/// What is left of a cassette.
class Player {
public:
    Player(CassetteConfig config, std::vector<CassetteExchange> exchanges)
        : config_(std::move(config)), exchanges_(std::move(exchanges)), used_(exchanges_.size()) {}

    FakeReply answer(net::HttpRequest const& request) {
        Result<FakeReply> reply = guarded([&] { return find(request); });
        if (reply) return std::move(*reply);
        FakeReply failed;
        failed.failure = reply.error();
        return failed;
    }

private:
    Result<FakeReply> find(net::HttpRequest const& request) {
        Result<CassetteRequest> const asked = cassette_request(request, Scrubber(request.credential, config_.scrub));
        if (!asked) return asked.error();
        std::lock_guard const lock(mutex_);
        CassetteExchange const* last = nullptr;
        std::string nearest;  // the one that is alike the longest: in method, host, path
        for (std::size_t i = 0; i < exchanges_.size(); ++i) {
            std::string differs = cassette_difference(exchanges_[i].request, *asked, config_.match_host);
            if (!differs.empty()) {
                if (nearest.empty() || likeness(differs) > likeness(nearest)) nearest = std::move(differs);
                continue;
            }
            last = &exchanges_[i];
            if (used_[i]) continue;
            used_[i] = true;
            return last->reply;
        }
        if (last != nullptr && config_.repeat) return last->reply;
        std::string sentence = "The cassette has no ";
        sentence += last != nullptr ? "further answer to " : "answer to ";
        sentence += asked->method + " " + asked->path;
        if (last == nullptr && !nearest.empty()) sentence += "; the nearest request differs in " + nearest;
        return fail(Errc::not_found, sentence + ". Record it anew, or check the request.");
    }

    CassetteConfig const config_;
    std::mutex mutex_;  // guards what follows
    std::vector<CassetteExchange> const exchanges_;
    std::vector<bool> used_;
};

}  // namespace

Result<std::shared_ptr<net::HttpTransport>> record_cassette(CassetteConfig config,
                                                            std::shared_ptr<net::HttpTransport> next) {
    if (!next) return fail(Errc::invalid_argument, "A cassette needs a transport to record; it is null.");
    auto recorder = std::make_shared<Recorder>(std::move(config));
    if (Result<void> opened = recorder->tape.open(); !opened) return opened.error();
    return std::shared_ptr<net::HttpTransport>(
        std::make_shared<RecordingTransport>(std::move(recorder), std::move(next)));
}

Result<std::shared_ptr<net::HttpTransport>> replay_cassette(CassetteConfig config) {
    std::string text = config.cassette;
    bool const is_text = text.starts_with('{') || text.starts_with('[');
    if (!is_text) {
        Result<std::string> read = os::read_regular_file(config.cassette, max_cassette_bytes);
        if (!read) return read.error();
        text = std::move(*read);
    }
    Result<std::vector<CassetteExchange>> exchanges = guarded([&] { return read_cassette(text); });
    if (!exchanges) return exchanges.error();
    auto const player = std::make_shared<Player>(std::move(config), std::move(*exchanges));
    auto transport = std::make_shared<FakeTransport>();
    transport->serve([player](net::HttpRequest const& request) { return player->answer(request); });
    return std::shared_ptr<net::HttpTransport>(std::move(transport));
}

}  // namespace aikit::inline v0::testing
