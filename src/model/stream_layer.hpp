// SPDX-License-Identifier: MIT
// model/stream_layer.hpp - a stream around another that looks at, changes, or replaces what passes.
#ifndef AIKIT_SRC_MODEL_STREAM_LAYER_HPP
#define AIKIT_SRC_MODEL_STREAM_LAYER_HPP

#include <aikit/model/stream.hpp>

#include <memory>

namespace aikit::inline v0 {

/// Those that stand directly around each other share one coroutine, which asks the innermost stream and hands what
/// comes up through them: streams that wait are many, and a frame for each layer would be most of what they cost.
///
/// Thread-safety: as ChatStream.
class StreamLayer : public ChatStream::Source {
public:
    /// Nothing is thrown but what ends the coroutine from outside.
    Task<std::optional<ChatEvent>> next() final;

    CallInfo info() const override { return inner_->info(); }

protected:
    /// An event, the end (nothing), or an error.
    using Event = Result<std::optional<ChatEvent>>;

    enum class Then {
        hand_on,        ///< It goes further up, as it is now.
        again,          ///< It goes no further; the next is asked for.
        wait,           ///< It goes further up after rest(); an error of that takes its place.
        wait_and_again  ///< After rest() the next is asked for; an error of that goes further up.
    };

    explicit StreamLayer(std::unique_ptr<Source> inner) { surround(std::move(inner)); }

    /// What this layer gives without asking the inner stream; false: nothing, and `event` is as it was. It passes
    /// through this layer's take() as what comes from within does.
    virtual bool give(Event&) { return false; }

    /// What comes from within; may change it. What it throws takes the event's place.
    virtual Then take(Event& event) = 0;

    /// What take() left to be waited for.
    virtual Task<void> rest();

    /// The error that stands for an exception of the inner stream. Call inside a catch block.
    virtual Error caught() const;

    /// The stream within; null once it was let go.
    Source* inner() const noexcept { return inner_.get(); }

    /// Lets the inner stream go, and puts another in its place.
    void surround(std::unique_ptr<Source> inner);

private:
    StreamLayer* giver(Event& event);
    StreamLayer& innermost() noexcept { return nearer_ != nullptr ? nearer_->innermost() : *this; }
    StreamLayer* hand_up(Event& event, StreamLayer const* from, Then& then);

    std::unique_ptr<Source> inner_;
    StreamLayer* nearer_ = nullptr;  // inner_, where it is one of these
};

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_MODEL_STREAM_LAYER_HPP
