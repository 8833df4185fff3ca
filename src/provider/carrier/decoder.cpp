// SPDX-License-Identifier: MIT
// provider/carrier/decoder.cpp - framing, the JSON of events, and the ways in which a streamed reply may end.
#include "provider/carrier/decoder.hpp"

#include "model/replay.hpp"

#include <algorithm>
#include <utility>

namespace aikit::inline v0::provider::carrier {

namespace {

constexpr std::size_t largest_document = 64 * 1024 * 1024;
constexpr char const* form = "The provider's stream is not in its own format: ";

}  // namespace

ReplyDecoder::ReplyDecoder(Exchange exchange, Framing framing)
    : exchange_(std::move(exchange)),
      mode_(framing == Framing::lines ? Mode::lines : Mode::undecided),
      lines_(framing == Framing::lines ? std::make_unique<net::NdjsonDecoder>() : nullptr) {}

ReplyDecoder::~ReplyDecoder() = default;

void ReplyDecoder::fail_with(Error error) {
    done_ = true;
    if (error_) return;
    error.maybe_executed = error.maybe_executed || generating_;
    error_ = std::make_unique<Error>(std::move(error));
}

void ReplyDecoder::wrong(char const* what) {
    Error error = reply_error(exchange_, Errc::protocol, std::string(form) + what + ".");
    error.maybe_executed = true;
    fail_with(std::move(error));
}

void ReplyDecoder::cut() {
    Error error = reply_error(
        exchange_, Errc::incomplete,
        "The stream of " + exchange_.provider + " ended before its end marker; the reply may be cut short.");
    error.maybe_executed = true;
    fail_with(std::move(error));
}

// ---- bytes ----

void ReplyDecoder::feed(std::string_view bytes) {
    if (done_ || framing_) return;
    if (is_framed()) {
        if (Result<void> fed = feed_framing(bytes); !fed) {
            framing_ = std::make_unique<Error>(complete(fed.error(), exchange_));
        }
        return;
    }
    if (bytes.size() > largest_document - document_.size()) return wrong("it is longer than 64 MiB");
    document_ += bytes;
    if (mode_ == Mode::document) return;

    // An event stream begins with a field, a comment or a byte order mark; JSON and HTML do not.
    std::size_t const first = document_.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return;
    char const c = document_[first];
    mode_ = c == '{' || c == '[' || c == '<' || c == '"' ? Mode::document : Mode::events;
    if (mode_ == Mode::document) return;
    std::string const held = std::exchange(document_, std::string());
    feed(held);
}

Result<void> ReplyDecoder::feed_framing(std::string_view bytes) {
    return mode_ == Mode::lines ? lines_->feed(bytes) : sse_.feed(bytes);
}

std::optional<net::SseEvent> ReplyDecoder::next_event() {
    if (mode_ == Mode::events) return sse_.next();
    std::optional<net::SseEvent> event;
    if (std::optional<std::string> line = lines_->next()) event.emplace().data = std::move(*line);
    return event;
}

Result<std::optional<ChatEvent>> ReplyDecoder::next() {
    while (true) {
        if (next_event_ < events_.size()) return std::optional<ChatEvent>(std::move(events_[next_event_++]));
        std::vector<ChatEvent>().swap(events_);  // with its memory, which a stream that waits has no use for
        next_event_ = 0;
        if (error_) return *error_;
        if (done_) return std::optional<ChatEvent>();
        if (is_framed()) {
            if (std::optional<net::SseEvent> const event = next_event()) {
                take_event(*event);
                continue;
            }
            if (framing_) {
                fail_with(*framing_);
                continue;
            }
        }
        if (!ended_) return std::optional<ChatEvent>();
        end_of_body();
    }
}

void ReplyDecoder::take_event(net::SseEvent const& event) {
    ChunkArena arena;
    struct Lent {
        explicit Lent(ReplyDecoder& decoder_, ChunkArena& arena) : decoder(decoder_) { decoder.arena_ = &arena; }
        ~Lent() {
            decoder.parsed_.reset();
            decoder.arena_ = nullptr;
        }
        Lent(Lent const&) = delete;
        Lent& operator=(Lent const&) = delete;
        ReplyDecoder& decoder;
    };
    Lent const lent(*this, arena);
    take(event);
}

void ReplyDecoder::end_of_body() {
    if (mode_ == Mode::document) return take_document();
    if (is_framed() && !flushed_) {
        flushed_ = true;
        Result<void> const flushed = mode_ == Mode::lines ? lines_->finish() : sse_.finish();
        if (!flushed) framing_ = std::make_unique<Error>(complete(flushed.error(), exchange_));
        return;
    }
    ended_without_marker();
}

void ReplyDecoder::take_document() {
    // A bare error in front of the events made it look like a document.
    if (document_.find("\ndata:") != std::string::npos) {
        mode_ = Mode::events;
        std::string const held = std::exchange(document_, std::string());
        return feed(held);
    }
    Result<ChatReply> reply = read_document(document_);
    document_ = std::string();
    if (!reply) return fail_with(reply.error());
    started_ = true;
    model_ = reply->model;
    usage_ = reply->usage;
    warnings_ = reply->info.warnings;
    for (ChatEvent& event : replay(*reply, 0)) push(std::move(event));
    done_ = true;
    finished_ = true;
}

// ---- events ----

json::value const* ReplyDecoder::parse(std::string_view data, bool marked) {
    parsed_.reset();
    arena_->renew();
    Result<json::value> document = json_exact::parse(data, "event", Errc::protocol, arena_->storage());
    if (document) return &parsed_.emplace(std::move(*document));
    if (marked) {
        fail_with(*in_band_error(exchange_, json::value(data), true));
    } else if (flushed_) {
        cut();  // in the middle of the event
    } else {
        Error error = reply_error(exchange_, Errc::protocol, form + document.error().message, data);
        error.maybe_executed = true;
        fail_with(std::move(error));
    }
    return nullptr;
}

void ReplyDecoder::take_usage(Usage usage, std::vector<std::string> warnings, bool complete) {
    for (std::string& warning : warnings) {
        bool const told = std::find(warnings_.begin(), warnings_.end(), warning) != warnings_.end();
        if (!told) warnings_.push_back(std::move(warning));
    }
    bool const known = usage.raw == usage_.raw && complete == told_complete_;
    if (usage.raw.empty() || known) return;
    told_complete_ = complete;
    usage_ = std::move(usage);
    UsageUpdate update;
    update.usage = usage_;
    update.complete = complete;
    push(std::move(update));
}

void ReplyDecoder::push_extra(int choice, json::object const& changed, bool beside) {
    if (changed.empty()) return;
    ExtraDelta extra;
    extra.choice = choice;
    extra.json = json_exact::write(changed);
    extra.beside = beside;
    push(std::move(extra));
}

void ReplyDecoder::finish() {
    Finished end;
    end.usage = usage_;
    push(std::move(end));
    done_ = true;
    finished_ = true;
}

}  // namespace aikit::inline v0::provider::carrier
