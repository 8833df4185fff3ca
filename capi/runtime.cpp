// SPDX-License-Identifier: MIT
// capi/runtime.cpp - callbacks that wait, and an end that leaves nothing behind.
#include "runtime.hpp"

#include "core/os/os.hpp"
#include "kit.hpp"

#include <aikit/core/wait.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

namespace aikit::inline v0::capi {
namespace {

using std::chrono::milliseconds;

/// How long the end waits for operations that were cancelled.
constexpr milliseconds patience{2'000};

/// The process is exiting: nobody is called back any more.
std::atomic<bool> process_exiting{false};

Task<void> retire_task(Kit kit) {
    Task<void> flushing = kit.flush();
    static_cast<void>(co_await std::move(flushing));  // aikit_kit_flush would have told what cannot be written
    std::shared_ptr<vector::VectorStore> const vectors = kit.vectors();
    Task<void> writing = vectors->checkpoint();
    static_cast<void>(co_await std::move(writing));  // an image: it is made again when missing
    co_return ok();
}

}  // namespace

Result<std::shared_ptr<RuntimeObject>> RuntimeObject::create(RuntimeConfig config, Callbacks callbacks) {
    Result<Runtime> runtime = Runtime::create(std::move(config));
    if (!runtime) return runtime.error();
    std::shared_ptr<RuntimeObject> object(new RuntimeObject(*runtime, callbacks));
    if (object->wakeup_ && object->wakeup_->descriptor() < 0) {
        return fail(Errc::storage, "The system gave no descriptor for the wait handle; raise the limit of open files.");
    }
    return object;
}

RuntimeObject::RuntimeObject(Runtime runtime, Callbacks callbacks)
    : runtime_(std::move(runtime)), callbacks_(callbacks) {
    if (dispatched()) wakeup_.emplace();
}

RuntimeObject::~RuntimeObject() = default;

Result<int> RuntimeObject::wait_handle() const {
    if (!wakeup_) {
        return fail(Errc::invalid_state,
                    "The callbacks of this runtime do not wait: make it with \"callbacks\": "
                    "\"dispatch\".");
    }
    return wakeup_->descriptor();
}

void RuntimeObject::queue(std::shared_ptr<Op> op) noexcept {
    {
        std::lock_guard const lock(mutex_);
        if (op->queued_) return;
        op->queued_ = true;
        Op* const last = op.get();
        (queue_last_ == nullptr ? queue_first_ : queue_last_->queue_next_) = std::move(op);
        queue_last_ = last;
    }
    wakeup_->raise();
    changed_.notify_all();
}

std::size_t RuntimeObject::run_queue() noexcept {
    std::shared_ptr<Op> next;
    {
        std::lock_guard const lock(mutex_);
        wakeup_->clear();
        next = std::move(queue_first_);
        queue_last_ = nullptr;
        // From here on each may queue itself again; the chain is walked before that can change it.
    }
    std::size_t ran = 0;
    while (next) {
        std::shared_ptr<Op> const op = std::move(next);
        {
            std::lock_guard const lock(mutex_);
            next = std::move(op->queue_next_);
            op->queued_ = false;
        }
        ran += op->run_waiting();
    }
    return ran;
}

Result<std::size_t> RuntimeObject::dispatch() {
    if (!dispatched()) return wait_handle().error();
    std::thread::id nobody;
    if (!dispatcher_.compare_exchange_strong(nobody, std::this_thread::get_id())) {
        return fail(Errc::invalid_state, "aikit_runtime_dispatch is running already.");
    }
    std::size_t const ran = run_queue();
    dispatcher_ = std::thread::id();
    return ran;
}

Result<std::size_t> RuntimeObject::poll(milliseconds wait) {
    return runtime_.poll(wait);
}

void RuntimeObject::add(std::shared_ptr<Op> const& op) {
    std::lock_guard const lock(mutex_);
    operations_.emplace(op.get(), op);
}

void RuntimeObject::remove(Op const* op) noexcept {
    {
        std::lock_guard const lock(mutex_);
        operations_.erase(op);
    }
    if (ending_) changed_.notify_all();
}

void RuntimeObject::add(std::shared_ptr<KitObject> const& kit) {
    std::lock_guard const lock(mutex_);
    kits_.erase(std::remove_if(kits_.begin(), kits_.end(), [](auto const& other) { return other.expired(); }),
                kits_.end());
    kits_.push_back(kit);
}

void RuntimeObject::retire(Kit kit) noexcept {
    try {
        {
            std::lock_guard const lock(mutex_);
            ++retiring_;
        }
        // Counted down when the handler goes, called or not.
        std::shared_ptr<void> const counted(nullptr, [self = shared_from_this()](void*) {
            {
                std::lock_guard const lock(self->mutex_);
                --self->retiring_;
            }
            self->changed_.notify_all();
        });
        boost::asio::co_spawn(runtime_.executor(), guard(retire_task(kit)),
                              [kit, counted, runtime = runtime_](std::exception_ptr, Result<void>) {
                                  // Closing waits for the writer: not for an I/O thread.
                                  runtime.post(runtime.cpu(), [kit, counted]() mutable {
                                      Kit last = std::move(kit);
                                      last.close();
                                  });
                              });
    } catch (...) {
        // Without memory for it the kit closes as it is destroyed, with what is written by then.
    }
}

RuntimeObject::CallingBack::CallingBack(RuntimeObject& runtime) noexcept
    : runtime_(runtime), allowed_((runtime.calling_back_.fetch_add(1), !process_exiting.load())) {}

RuntimeObject::CallingBack::~CallingBack() {
    runtime_.calling_back_.fetch_sub(1);
    // The process exits while this thread was with the host: what it would go on with may be gone.
    if (allowed_ && process_exiting && runtime_.runtime_.on_own_thread() && !runtime_.runtime_.polled()) os::park();
}

bool RuntimeObject::busy_here() const noexcept {
    return runtime_.on_own_thread() || dispatcher_.load() == std::this_thread::get_id();
}

void RuntimeObject::cancel_all() noexcept {
    std::vector<std::shared_ptr<Op>> running;
    try {
        std::lock_guard const lock(mutex_);
        for (auto const& [op, weak] : operations_) {
            if (std::shared_ptr<Op> alive = weak.lock()) running.push_back(std::move(alive));
        }
    } catch (...) {
        // Those that are not cancelled are dropped with the runtime.
    }
    for (std::shared_ptr<Op> const& op : running) op->cancel();
}

void RuntimeObject::end() noexcept {
    ending_ = true;
    cancel_all();
    if (!busy_here()) return end_now(false);
    try {
        Handles::Postponed& later = Handles::here().postponed;
        std::lock_guard const lock(later.mutex);
        later.runtimes.push_back(shared_from_this());
        later.count = later.runtimes.size();
    } catch (...) {
        runtime_.close();  // asks its threads to end; there is no memory to remember to wait for them
    }
}

void RuntimeObject::end_postponed() noexcept {
    Handles::Postponed& later = Handles::here().postponed;
    if (later.count == 0) return;
    std::vector<std::shared_ptr<RuntimeObject>> mine;
    {
        std::lock_guard const lock(later.mutex);
        auto const ready = std::stable_partition(later.runtimes.begin(), later.runtimes.end(),
                                                 [](auto const& runtime) { return runtime->busy_here(); });
        mine.assign(std::make_move_iterator(ready), std::make_move_iterator(later.runtimes.end()));
        later.runtimes.erase(ready, later.runtimes.end());
        later.count = later.runtimes.size();
    }
    for (std::shared_ptr<RuntimeObject> const& runtime : mine) runtime->end_now(false);
}

void RuntimeObject::drive(milliseconds wait) noexcept {
    if (dispatched()) static_cast<void>(dispatch());
    if (runtime_.polled() && runtime_.poll(wait)) return;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wait);
}

void RuntimeObject::finish_operations() noexcept {
    auto const until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        {
            std::lock_guard const lock(mutex_);
            if (operations_.empty() && retiring_ == 0) return;
        }
        if (std::chrono::steady_clock::now() >= until) return;
        drive(milliseconds(10));
    }
}

void RuntimeObject::finish_kits(bool exiting) noexcept {
    std::vector<std::weak_ptr<KitObject>> kits;
    {
        std::lock_guard const lock(mutex_);
        kits.swap(kits_);
    }
    for (std::weak_ptr<KitObject> const& weak : kits) {
        std::shared_ptr<KitObject> const kit = weak.lock();
        // What could not be written was told by aikit_kit_flush, had it been asked.
        if (kit) static_cast<void>(kit->close(!exiting));
    }
}

void RuntimeObject::end_now(bool exiting) noexcept {
    std::lock_guard const one(end_mutex_);
    if (std::exchange(ended_, true)) return;
    finish_operations();
    finish_kits(exiting);
    runtime_.close();
    // What was dropped just now has been queued; nobody else will run it.
    if (dispatched()) {
        while (run_queue() > 0) {
        }
    }
}

void RuntimeObject::end_all() noexcept {
    Handles& table = Handles::here();
    process_exiting = true;
    try {
        std::vector<std::shared_ptr<RuntimeObject>> all;
        for (std::shared_ptr<void>& object : table.all(Kind::runtime)) {
            all.push_back(std::static_pointer_cast<RuntimeObject>(std::move(object)));
        }
        for (std::shared_ptr<void>& object : table.all(Kind::kit)) {
            auto const kit = std::static_pointer_cast<KitObject>(std::move(object));
            if (kit->owns_runtime) all.push_back(kit->runtime);
        }
        {
            std::lock_guard const lock(table.postponed.mutex);
            all.insert(all.end(), table.postponed.runtimes.begin(), table.postponed.runtimes.end());
        }
        for (std::shared_ptr<RuntimeObject> const& runtime : all) {
            runtime->ending_ = true;
            runtime->cancel_all();
        }
        for (std::shared_ptr<RuntimeObject> const& runtime : all) {
            // A thread that is with the host may never come back: it is left where it is.
            if (runtime->calling_back_ == 0 && !runtime->busy_here()) runtime->end_now(true);
        }
    } catch (...) {
        // The process ends with its threads running.
    }
}

}  // namespace aikit::inline v0::capi
