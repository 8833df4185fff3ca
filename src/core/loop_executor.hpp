// SPDX-License-Identifier: MIT
// core/loop_executor.hpp - an executor that keeps its loop in memory, and respects its end.
#ifndef AIKIT_SRC_CORE_LOOP_EXECUTOR_HPP
#define AIKIT_SRC_CORE_LOOP_EXECUTOR_HPP

#include "core/loop.hpp"

#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

namespace aikit::inline v0 {

/// `Inner`, the executor of a loop, and a share in its owner. Timers, sockets and strands hold their executor, so with
/// this one they may outlive the runtime's handles: destroying them still finds the services they belong to.
///
/// What is given to it after the runtime was closed, or in a forked child, is destroyed at once and never run.
template <class Inner>
class LoopExecutor {
public:
    LoopExecutor(std::shared_ptr<Loops> owner, Inner inner) noexcept
        : owner_(std::move(owner)), inner_(std::move(inner)) {}

    template <class Property>
    requires(boost::asio::can_query<Inner const&, Property>::value) auto query(Property const& property) const
        noexcept(boost::asio::is_nothrow_query<Inner const&, Property>::value) ->
        typename boost::asio::query_result<Inner const&, Property>::type {
        return boost::asio::query(inner_, property);
    }

    template <class Property>
    requires(boost::asio::can_require<Inner const&, Property>::value) auto require(Property const& property) const {
        return with(boost::asio::require(inner_, property));
    }

    template <class Property>
    requires(boost::asio::can_prefer<Inner const&, Property>::value) auto prefer(Property const& property) const {
        return with(boost::asio::prefer(inner_, property));
    }

    template <class Function>
    void execute(Function&& function) const {
        // The loops are emptied after their own threads have ended: only others can come too late.
        if (owner_->running_here()) return inner_.execute(std::forward<Function>(function));
        std::unique_lock<std::mutex> const open = owner_->enter();
        if (open) inner_.execute(std::forward<Function>(function));
    }

    friend bool operator==(LoopExecutor const& a, LoopExecutor const& b) noexcept { return a.inner_ == b.inner_; }
    friend bool operator!=(LoopExecutor const& a, LoopExecutor const& b) noexcept { return !(a == b); }

private:
    template <class Other>
    LoopExecutor<std::decay_t<Other>> with(Other&& other) const {
        return LoopExecutor<std::decay_t<Other>>(owner_, std::forward<Other>(other));
    }

    std::shared_ptr<Loops> owner_;  // before inner_, which may touch the loop when it goes
    Inner inner_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_CORE_LOOP_EXECUTOR_HPP
