// SPDX-License-Identifier: MIT
// provider/carrier/stream.cpp - carries the bytes of a streamed reply to its decoder.
#include "provider/carrier/stream.hpp"

#include "core/async.hpp"

#include <boost/asio/detached.hpp>

namespace aikit::inline v0::provider::carrier {

namespace {

constexpr std::size_t most_after_the_end = 64 * 1024;

/// Reads what follows a stream's end marker, so that the connection can be used again.
boost::asio::awaitable<void> drain(std::unique_ptr<net::HttpBody> body) {
    std::size_t seen = 0;
    try {
        while (seen < most_after_the_end) {
            Result<std::string> const piece = co_await body->read();
            if (!piece || piece->empty()) break;
            seen += piece->size();
        }
    } catch (...) {  // the runtime ends: the connection ends with it
    }
}

bool is_content(ChatEvent const& event) noexcept {
    return std::holds_alternative<TextDelta>(event) || std::holds_alternative<ReasoningDelta>(event) ||
           std::holds_alternative<RefusalDelta>(event) || std::holds_alternative<ToolCallProgress>(event);
}

class Stream final : public ChatStream::Source {
public:
    Stream(std::shared_ptr<Endpoint const> endpoint, Answer answer, std::unique_ptr<ReplyDecoder> decoder,
           std::string model, std::vector<std::string> warnings)
        : endpoint_(std::move(endpoint)),
          answer_(std::move(answer)),
          model_(std::move(model)),
          warnings_(std::move(warnings)),
          decoder_(std::move(decoder)) {
        answer_.head.headers = net::Headers();  // they were read
    }

    Task<std::optional<ChatEvent>> next() override {
        while (true) {
            Result<std::optional<ChatEvent>> event = decoder_->next();
            if (!event) co_return failed(event.error());
            if (*event) {
                note(**event);
                if (decoder_->finished() && answer_.body) {
                    boost::asio::any_io_executor const executor = co_await boost::asio::this_coro::executor;
                    boost::asio::co_spawn(executor, drain(std::move(answer_.body)), boost::asio::detached);
                }
                co_return event;
            }
            if (decoder_->finished() || !answer_.body) co_return std::optional<ChatEvent>();
            Result<std::string> const piece = co_await answer_.body->read();
            if (!piece) co_return cut(piece.error());
            if (piece->empty()) {
                decoder_->end();
            } else {
                decoder_->feed(*piece);
            }
        }
    }

    CallInfo info() const override {
        std::string const& model = decoder_->model().empty() ? model_ : decoder_->model();
        CallInfo info = describe(*endpoint_, answer_.head, model, decoder_->usage());
        Attempt& attempt = info.attempts.front();
        attempt.first_token = first_token_;
        attempt.error = error_;
        if (!decoder_->finished()) attempt.outcome = error_ ? name(*error_) : "dropped";
        info.warnings = warnings_;
        info.warnings.insert(info.warnings.end(), decoder_->warnings().begin(), decoder_->warnings().end());
        return info;
    }

private:
    /// Not in next(), whose frame it would fill.
    Error cut(Error error) {
        error = complete(std::move(error), answer_.head.exchange);
        error.maybe_executed = true;
        return failed(std::move(error));
    }

    Error failed(Error error) {
        error_ = error.code;
        answer_.body.reset();  // nothing more is wanted of it
        return without_key(std::move(error), *endpoint_, answer_.head);
    }

    void note(ChatEvent& event) {
        if (!first_token_ && is_content(event)) {
            first_token_ = std::chrono::duration_cast<std::chrono::microseconds>(endpoint_->runtime.clock()->now() -
                                                                                 answer_.head.sent);
        }
        if (auto* finished = std::get_if<Finished>(&event)) finished->info = info();
    }

    std::shared_ptr<Endpoint const> endpoint_;
    Answer answer_;
    std::string model_;
    std::vector<std::string> warnings_;
    std::unique_ptr<ReplyDecoder> decoder_;
    std::optional<std::chrono::microseconds> first_token_;
    std::optional<Errc> error_;
};

}  // namespace

ChatStream make_stream(std::shared_ptr<Endpoint const> endpoint, Answer answer, std::unique_ptr<ReplyDecoder> decoder,
                       std::string model, std::vector<std::string> warnings) {
    return ChatStream(std::make_unique<Stream>(std::move(endpoint), std::move(answer), std::move(decoder),
                                               std::move(model), std::move(warnings)));
}

}  // namespace aikit::inline v0::provider::carrier
