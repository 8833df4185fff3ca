// SPDX-License-Identifier: MIT
// provider/carrier/results.cpp - the results of a batch, line by line.
#include "core/async.hpp"
#include "model/json_exact.hpp"
#include "net/lines.hpp"
#include "provider/carrier/body.hpp"
#include "provider/carrier/jobs.hpp"

#include <deque>

namespace aikit::inline v0::provider::carrier {

namespace {

class Lines final : public BatchResults::Source {
public:
    Lines(std::shared_ptr<Endpoint const> endpoint, ResultLines lines)
        : endpoint_(std::move(endpoint)), lines_(std::move(lines)) {}

    Task<std::optional<BatchResult>> next() override {
        while (true) {
            if (!ready_.empty()) {
                std::optional<BatchResult> result = std::move(ready_.front());
                ready_.pop_front();
                co_return result;
            }
            if (error_) co_return *error_;
            if (!answer_) {
                if (next_ == lines_.calls.size()) co_return at_end();
                Task<Answer> sending = send(endpoint_, std::move(lines_.calls[next_++]));
                Result<Answer> answer = co_await std::move(sending);
                if (!answer) co_return answer.error();
                answer_ = std::move(*answer);
                splitter_.emplace(net::LineSplitter::Ends::lf);
            }
            Task<std::string> reading = answer_->body->read();
            Result<std::string> const piece = co_await std::move(reading);
            if (!piece) co_return complete(piece.error(), answer_->head.exchange);
            take(*piece);
        }
    }

private:
    Result<std::optional<BatchResult>> at_end() const {
        if (seen_ >= lines_.expected) return std::optional<BatchResult>();
        return named(fail(Errc::incomplete, "The provider " + endpoint_->name + " gave " + std::to_string(seen_) +
                                                " results of a batch of " + std::to_string(lines_.expected) +
                                                "; ask for them again."),
                     *endpoint_);
    }

    /// Lines that are whole; an empty piece is the end.
    void take(std::string const& piece) {
        auto const line = [this](std::string_view text) { return take_line(text); };
        bool const fits = piece.empty() ? splitter_->finish(line) : splitter_->feed(piece, line);
        if (!fits && !error_) error_ = wrong("a line that is too long");
        if (piece.empty()) answer_.reset();
    }

    bool take_line(std::string_view text) {
        if (text.find_first_not_of(" \t\r") == text.npos) return true;
        Result<json::value> document = parser_.parse(text, "line");
        if (!document || !document->is_object()) {
            error_ = wrong("a line that is no JSON object");
            return false;
        }
        Result<BatchResult> result = lines_.read(answer_->head, std::move(document->get_object()));
        if (!result) {
            error_ = without_key(result.error(), *endpoint_, answer_->head);
            return false;
        }
        ++seen_;
        tell_result(*result, *endpoint_, answer_->head);
        ready_.push_back(std::move(*result));
        return true;
    }

    Error wrong(std::string_view what) const {
        return reply_error(answer_->head.exchange, Errc::protocol,
                           "The results of the provider " + endpoint_->name + " hold " + std::string(what) + ".");
    }

    std::shared_ptr<Endpoint const> endpoint_;
    ResultLines lines_;
    std::size_t next_ = 0;
    std::int64_t seen_ = 0;
    std::optional<Answer> answer_;
    std::optional<net::LineSplitter> splitter_;
    json_exact::Parser parser_;
    std::deque<BatchResult> ready_;
    std::optional<Error> error_;  // told after what is ready
};

class Given final : public BatchResults::Source {
public:
    explicit Given(std::vector<BatchResult> results) : results_(std::move(results)) {}

    Task<std::optional<BatchResult>> next() override {
        std::optional<BatchResult> result;
        if (next_ < results_.size()) result = std::move(results_[next_++]);
        co_return result;
    }

private:
    std::vector<BatchResult> results_;
    std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<BatchResults::Source> read_lines(std::shared_ptr<Endpoint const> endpoint, ResultLines lines) {
    return std::make_unique<Lines>(std::move(endpoint), std::move(lines));
}

std::unique_ptr<BatchResults::Source> give(std::vector<BatchResult> results) {
    return std::make_unique<Given>(std::move(results));
}

}  // namespace aikit::inline v0::provider::carrier
