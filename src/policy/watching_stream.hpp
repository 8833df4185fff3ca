// SPDX-License-Identifier: MIT
// policy/watching_stream.hpp - a stream around another that looks at all that passes.
#ifndef AIKIT_SRC_POLICY_WATCHING_STREAM_HPP
#define AIKIT_SRC_POLICY_WATCHING_STREAM_HPP

#include "core/async.hpp"

#include <aikit/model/stream.hpp>

#include <memory>
#include <utility>

namespace aikit::inline v0::policy {

/// Those that stand directly around each other share one coroutine: each that waits costs a stream most of a kibibyte.
///
/// Thread-safety: as ChatStream.
class WatchingStream : public ChatStream::Source {
public:
    explicit WatchingStream(std::unique_ptr<Source> inner)
        : inner_(std::move(inner)), nearer_(dynamic_cast<WatchingStream*>(inner_.get())) {}

    /// Nothing is thrown but what ends the coroutine from outside.
    Task<std::optional<ChatEvent>> next() final {
        Task<std::optional<ChatEvent>> pending = source().next();
        Result<std::optional<ChatEvent>> event;
        try {
            event = co_await std::move(pending);
        } catch (...) {
            event = current_exception_error();
        }
        pass(event);
        co_return event;
    }

    CallInfo info() const override { return inner_->info(); }

protected:
    /// An event, the end, or an error; may change it. What it throws takes the event's place.
    virtual void see(Result<std::optional<ChatEvent>>& event) = 0;

    Source const& inner() const noexcept { return *inner_; }

private:
    /// The first that does more than look.
    Source& source() noexcept { return nearer_ != nullptr ? nearer_->source() : *inner_; }

    void pass(Result<std::optional<ChatEvent>>& event) {
        if (nearer_ != nullptr) nearer_->pass(event);
        try {
            see(event);
        } catch (...) {
            event = current_exception_error();
        }
    }

    std::unique_ptr<Source> inner_;
    WatchingStream* const nearer_;  // inner_, where it is one of these
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_WATCHING_STREAM_HPP
