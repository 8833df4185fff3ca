// SPDX-License-Identifier: MIT
// model/stream_layer.cpp - the one coroutine of all layers of a stream.
#include "model/stream_layer.hpp"

#include "core/async.hpp"

namespace aikit::inline v0 {

Task<std::optional<ChatEvent>> StreamLayer::next() {
    Event event;
    for (;;) {
        StreamLayer* from = giver(event);
        if (from != nullptr) {
            from = from->nearer_;  // those within it have no part in what it gives
        } else {
            StreamLayer& last = innermost();
            if (!last.inner_) co_return std::optional<ChatEvent>();
            try {
                Task<std::optional<ChatEvent>> pending = last.inner_->next();
                event = co_await std::move(pending);
            } catch (...) {
                event = last.caught();
            }
        }
        Then then = Then::hand_on;
        while ((from = hand_up(event, from, then)) != nullptr) {
            if (then == Then::again) break;
            bool const once_more = then == Then::wait_and_again;
            Task<void> pending = guard(from->rest());
            Result<void> const rested = co_await std::move(pending);
            then = Then::hand_on;
            if (!rested) {
                event = rested.error();
            } else if (once_more) {
                then = Then::again;
                break;
            }
        }
        if (then != Then::again) co_return event;
    }
}

Task<void> StreamLayer::rest() {
    co_return ok();
}

Error StreamLayer::caught() const {
    return current_exception_error();
}

void StreamLayer::surround(std::unique_ptr<Source> inner) {
    inner_ = std::move(inner);
    nearer_ = dynamic_cast<StreamLayer*>(inner_.get());
}

/// The outermost that has something to give.
StreamLayer* StreamLayer::giver(Event& event) {
    bool given = false;
    try {
        given = give(event);
    } catch (...) {
        event = current_exception_error();
        given = true;
    }
    if (given) return this;
    return nearer_ != nullptr ? nearer_->giver(event) : nullptr;
}

/// Through all layers above `from`, or all there are when it is null; stops at the one that does not hand it on.
StreamLayer* StreamLayer::hand_up(Event& event, StreamLayer const* from, Then& then) {
    if (this == from) return nullptr;
    if (nearer_ != nullptr) {
        if (StreamLayer* const stopped = nearer_->hand_up(event, from, then); stopped != nullptr) return stopped;
    }
    then = Then::hand_on;
    try {
        then = take(event);
    } catch (...) {
        event = current_exception_error();
    }
    return then == Then::hand_on ? nullptr : this;
}

}  // namespace aikit::inline v0
