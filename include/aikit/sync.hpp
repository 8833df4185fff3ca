// SPDX-License-Identifier: MIT
// aikit/sync.hpp - blocking use of anything that can be awaited.
#ifndef AIKIT_SYNC_HPP
#define AIKIT_SYNC_HPP

#include <aikit/core/wait.hpp>
#include <aikit/kit.hpp>

#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace aikit::inline v0::sync {

/// The same on a kit's runtime.
template <class T>
Result<T> wait(Kit const& kit, Task<T> task) {
    return wait(kit.runtime(), std::move(task));
}

/// A stream as a range: `for (Result<ChatEvent>& event : sync::events(kit, std::move(stream)))`. An error is the last
/// element.
///
/// Stream is ChatStream or rag::AnswerStream; E is what its next() gives. Thread-safety: shared objects: unsafe.
template <class Stream, class Event>
class Events {
public:
    Events(Runtime runtime, Stream stream) : runtime_(std::move(runtime)), stream_(std::move(stream)) {}

    class Iterator {
    public:
        using value_type = Result<Event>;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;

        Iterator() = default;
        explicit Iterator(Events* events) : events_(events) { ++*this; }

        Result<Event>& operator*() const { return *events_->current_; }
        Result<Event>* operator->() const { return &*events_->current_; }
        Iterator& operator++() {
            if (!events_->advance()) events_ = nullptr;
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(Iterator const& a, Iterator const& b) { return a.events_ == b.events_; }

    private:
        Events* events_ = nullptr;
    };

    Iterator begin() { return Iterator(this); }
    Iterator end() { return Iterator(); }

    /// For reading what came after the loop has ended.
    Stream& stream() noexcept { return stream_; }

private:
    bool advance() {
        if (ended_) return false;
        Result<std::optional<Event>> next = wait(runtime_, stream_.next());
        if (!next) {
            ended_ = true;
            current_.emplace(next.error());
            return true;
        }
        if (!*next) {
            ended_ = true;
            return false;
        }
        current_.emplace(std::move(**next));
        return true;
    }

    Runtime runtime_;
    Stream stream_;
    std::optional<Result<Event>> current_;
    bool ended_ = false;
};

inline Events<ChatStream, ChatEvent> events(Kit const& kit, ChatStream stream) {
    return Events<ChatStream, ChatEvent>(kit.runtime(), std::move(stream));
}
inline Events<rag::AnswerStream, rag::AnswerEvent> events(Kit const& kit, rag::AnswerStream stream) {
    return Events<rag::AnswerStream, rag::AnswerEvent>(kit.runtime(), std::move(stream));
}

}  // namespace aikit::inline v0::sync

#endif  // AIKIT_SYNC_HPP
