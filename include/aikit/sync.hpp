// SPDX-License-Identifier: MIT
// aikit/sync.hpp - blocking use of anything that can be awaited.
#ifndef AIKIT_SYNC_HPP
#define AIKIT_SYNC_HPP

#include <aikit/core/runtime.hpp>
#include <aikit/kit.hpp>

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace aikit::inline v0::sync {

/// Runs `task` on the runtime and blocks until it ends. With io = 0 the calling thread drives the loop itself.
///
/// Errors: invalid_state on a thread of the runtime (it would wait for itself) or when the runtime is closed
/// meanwhile; else the task's own.
template <class T>
Result<T> wait(Runtime runtime, Task<T> task) {
    if (!runtime || !runtime.alive()) return fail(Errc::invalid_state, "the runtime is closed");
    if (runtime.on_own_thread()) {
        return fail(Errc::invalid_state,
                    "a blocking call on a thread of the runtime would wait for itself; await it instead");
    }
    auto promise = std::make_shared<std::promise<Result<T>>>();
    std::future<Result<T>> future = promise->get_future();
    boost::asio::co_spawn(runtime.executor(), std::move(task),
                          [promise = std::move(promise)](std::exception_ptr thrown, Result<T> result) {
                              if (thrown) {
                                  promise->set_exception(thrown);
                              } else {
                                  promise->set_value(std::move(result));
                              }
                          });
    try {
        using std::chrono::milliseconds;
        while (runtime.polled() && future.wait_for(milliseconds(0)) != std::future_status::ready) {
            Result<std::size_t> const driven = runtime.poll(milliseconds(100));
            // Another thread is driving the loop, or it was closed and the promise is about to be broken.
            if (!driven) future.wait_for(milliseconds(1));
        }
        return future.get();
    } catch (std::future_error const&) {  // the loop was closed and dropped the task
        return fail(Errc::invalid_state, "the runtime was closed while the call was running");
    } catch (...) {
        return fail(Errc::internal, "an exception left a coroutine");
    }
}

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
