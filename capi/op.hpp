// SPDX-License-Identifier: MIT
// capi/op.hpp - one operation in flight: its events, its window, its end.
#ifndef AIKIT_CAPI_OP_HPP
#define AIKIT_CAPI_OP_HPP

#include "core/waiter.hpp"
#include "guard.hpp"
#include "runtime.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0::capi {

/// What an operation ends with.
struct Reply {
    Reply() = default;
    explicit Reply(std::string json_) : json(std::move(json_)) {}

    std::string json;

    /// Raw vectors, where the operation has some.
    std::optional<std::vector<std::vector<float>>> vectors;
};

/// How the host hears of an operation.
struct Listener {
    Listener() = default;
    Listener(aikit_event_cb on_event_, aikit_done_cb on_done_, void* user_, std::uint32_t window_, bool events_)
        : on_event(on_event_), on_done(on_done_), user(user_), window(window_), events(events_) {}
    Listener(aikit_done_cb on_done_, void* user_) : on_done(on_done_), user(user_) {}

    aikit_event_cb on_event = nullptr;
    aikit_done_cb on_done = nullptr;
    void* user = nullptr;
    std::uint32_t window = 0;
    bool events = false;  ///< The operation makes events.
    bool asks = false;    ///< Some of them have to be answered.
};

/// Makes the coroutine of an operation; called once. The operation is null when the call blocks.
using Work = std::function<Task<Reply>(std::shared_ptr<Op>)>;

/// Ownership: shared by its handle and its coroutine. Thread-safety: shared objects: safe.
class Op : public std::enable_shared_from_this<Op> {
public:
    Op(std::shared_ptr<RuntimeObject> runtime, Listener listener);
    ~Op();

    /// Runs the work on the runtime, after this has returned. Errors: invalid_state (the runtime has ended).
    Result<void> begin(Work work);

    // For the operation's coroutine.

    bool makes_events() const noexcept { return listener_.events; }
    bool has_room();

    /// There is room for an event, and nobody has cancelled: room() need not be awaited.
    bool may_go_on() { return !cancelled_ && has_room(); }

    /// Waits until there is room for an event. Errors: cancelled.
    static Task<void> room(std::shared_ptr<Op> self);
    void emit(std::string event);

    /// Where the host's answers go from now on, from any thread.
    void take_answers(std::function<Result<void>(std::int64_t call, std::string_view answer)> take);

    /// What there is of a reply, should the operation fail.
    void keep(std::string partial) { partial_ = std::move(partial); }

    // For the host.

    void cancel() noexcept;
    void more(std::uint32_t events);

    /// Nothing when no event came in time; `*ended` when none will come.
    Result<std::optional<std::string>> next(std::int32_t timeout_ms, bool* ended);
    Result<bool> wait(std::int32_t timeout_ms);

    /// Null while it runs. Lives as long as this.
    Result<Reply> const* outcome() const;
    std::string const& partial() const noexcept { return partial_; }
    Result<std::vector<std::vector<float>>> take_vectors();

    /// Errors: invalid_state (it has ended, or asks nothing), and those of whom it is given to.
    Result<void> answer(std::int64_t call, std::string_view answer);

    /// Its handle is gone.
    void let_go() noexcept;

    // For the runtime.

    /// Runs the callbacks that wait; the number of them.
    std::size_t run_waiting() noexcept;

private:
    friend class RuntimeObject;
    class Ending;

    /// The end, however it came about; the first call counts.
    void finish(Result<Reply> outcome) noexcept;
    void call_done() noexcept;
    void call_event(std::string const& event) noexcept;
    void taken(std::uint32_t events);
    bool is_pulled() const noexcept { return listener_.on_event == nullptr; }
    bool calls_back() const noexcept { return listener_.on_event != nullptr || listener_.on_done != nullptr; }

    /// Waits until `until_true`, which is asked with the lock held. False when time ran out.
    template <class Condition>
    Result<bool> wait_until(std::int32_t timeout_ms, Condition until_true);

    std::shared_ptr<RuntimeObject> const runtime_;
    Listener const listener_;
    boost::asio::any_io_executor const executor_;
    boost::asio::cancellation_signal signal_;  // used on the executor

    std::atomic<bool> cancelled_{false};

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t credit_;
    bool automatic_;
    std::deque<std::string> events_;  // that wait for dispatch() or next()
    std::vector<std::weak_ptr<Waiter<bool>>> waiting_;
    std::function<Result<void>(std::int64_t, std::string_view)> take_answer_;
    bool starting_ = true;
    bool dropped_ = false;  // while starting
    bool taking_ = false;   // a thread is in next()
    bool discarding_ = false;
    std::optional<Result<Reply>> outcome_;
    std::string partial_;
    bool done_waits_ = false;  // for dispatch()
    bool ended_ = false;       // on_done has returned

    // The runtime's queue; guarded by the runtime's lock.
    std::shared_ptr<Op> queue_next_;
    bool queued_ = false;
};

}  // namespace aikit::inline v0::capi

#endif  // AIKIT_CAPI_OP_HPP
