// SPDX-License-Identifier: MIT
// capi/runtime.hpp - a runtime with the callbacks that wait in it, and its end in the right order.
#ifndef AIKIT_CAPI_RUNTIME_HPP
#define AIKIT_CAPI_RUNTIME_HPP

#include "core/os/wakeup.hpp"
#include "handles.hpp"

#include <aikit/kit.hpp>

#include <condition_variable>
#include <optional>
#include <thread>
#include <unordered_map>

namespace aikit::inline v0::capi {

/// Where callbacks run.
enum class Callbacks {
    on_loop,    ///< On the I/O thread, or in the poll that stands in for it.
    dispatched  ///< They wait for dispatch().
};

/// Ownership: shared by its handle, its kits and its operations. Thread-safety: shared objects: safe.
class RuntimeObject : public std::enable_shared_from_this<RuntimeObject> {
public:
    /// Errors: those of Runtime::create; storage (no descriptor to be had).
    static Result<std::shared_ptr<RuntimeObject>> create(RuntimeConfig config, Callbacks callbacks);
    ~RuntimeObject();
    RuntimeObject(RuntimeObject const&) = delete;
    RuntimeObject& operator=(RuntimeObject const&) = delete;

    Runtime const& runtime() const noexcept { return runtime_; }
    bool dispatched() const noexcept { return callbacks_ == Callbacks::dispatched; }

    /// False once its end has begun.
    bool usable() const noexcept { return !ending_ && runtime_.alive(); }

    Result<int> wait_handle() const;
    Result<std::size_t> dispatch();
    Result<std::size_t> poll(std::chrono::milliseconds wait);

    /// Ends it as aikit_runtime_free says. Where that cannot be done (on a thread of its own, in a callback that is
    /// dispatched), end_postponed() does it later.
    void end() noexcept;

    /// Does what end() had to leave. Cheap when there is nothing.
    static void end_postponed() noexcept;

    /// The process is exiting, or the library is being unloaded: ends all runtimes, and calls nobody back.
    static void end_all() noexcept;

    /// Operations: noted while they run, so that the end can cancel them and wait.
    void add(std::shared_ptr<Op> const& op);
    void remove(Op const* op) noexcept;

    /// Has `op` run what waits in it in the next dispatch(). Once until then.
    void queue(std::shared_ptr<Op> op) noexcept;

    /// Kits: noted so that the end can flush them.
    void add(std::shared_ptr<KitObject> const& kit);

    /// Flushes and closes a kit that nobody has a handle of any more. Does not block.
    void retire(Kit kit) noexcept;

    /// Around each call of a callback of the host's.
    class CallingBack {
    public:
        explicit CallingBack(RuntimeObject& runtime) noexcept;
        ~CallingBack();
        CallingBack(CallingBack const&) = delete;
        CallingBack& operator=(CallingBack const&) = delete;

        /// False when nobody is to be called back any more.
        bool allowed() const noexcept { return allowed_; }

    private:
        RuntimeObject& runtime_;
        bool const allowed_;
    };

private:
    RuntimeObject(Runtime runtime, Callbacks callbacks);

    bool busy_here() const noexcept;
    void end_now(bool exiting) noexcept;
    void finish_operations() noexcept;
    void finish_kits(bool exiting) noexcept;
    void drive(std::chrono::milliseconds wait) noexcept;
    std::size_t run_queue() noexcept;
    void cancel_all() noexcept;

    Runtime runtime_;
    Callbacks const callbacks_;
    std::optional<os::Wakeup> wakeup_;  // dispatched only

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::unordered_map<Op const*, std::weak_ptr<Op>> operations_;
    std::vector<std::weak_ptr<KitObject>> kits_;
    std::shared_ptr<Op> queue_first_;  // each op holds the next one
    Op* queue_last_ = nullptr;
    int retiring_ = 0;

    std::atomic<bool> ending_{false};
    std::mutex end_mutex_;
    bool ended_ = false;  // guarded by end_mutex_
    std::atomic<std::thread::id> dispatcher_{};
    std::atomic<int> calling_back_{0};
};

}  // namespace aikit::inline v0::capi

#endif  // AIKIT_CAPI_RUNTIME_HPP
