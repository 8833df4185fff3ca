// SPDX-License-Identifier: MIT
// capi/handles.hpp - handles as numbers in a table, so that a stale or foreign one is known and never followed.
#ifndef AIKIT_CAPI_HANDLES_HPP
#define AIKIT_CAPI_HANDLES_HPP

#include "aikit.h"

#include <aikit/core/result.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace aikit::inline v0::capi {

class ErrorObject;
class KitObject;
class Op;
class RuntimeObject;

enum class Kind : std::uint8_t { none, runtime, kit, op, error };

/// A handle is place and serial number of an entry, made odd: no address of an object is. Serial numbers are never
/// used twice, in no table of this process and its forked children.
///
/// Thread-safety: shared objects: safe. Objects are let go of outside the lock.
class Handles {
public:
    using Token = std::uintptr_t;

    /// The table of this process. A forked child gets an empty one of its own: what it inherited is left alone, with
    /// whatever lock a thread held that is not there any more.
    static Handles& here();

    /// Throws std::bad_alloc.
    Token add(Kind kind, std::shared_ptr<void> object);

    /// The object, or null when there is none of that kind by that number.
    std::shared_ptr<void> find(Kind kind, Token token);

    /// The same, and the handle is stale from now on.
    std::shared_ptr<void> take(Kind kind, Token token);

    std::vector<std::shared_ptr<void>> all(Kind kind);

    /// Runtimes whose end had to be left for later.
    struct Postponed {
        std::mutex mutex;
        std::vector<std::shared_ptr<RuntimeObject>> runtimes;
        std::atomic<std::size_t> count{0};
    };
    Postponed postponed;

private:
    struct Entry {
        std::uint64_t serial = 0;
        Kind kind = Kind::none;
        std::shared_ptr<void> object;
    };

    Handles();
    Entry* entry(Kind kind, Token token) noexcept;

    std::uint64_t const generation_;
    std::mutex mutex_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> vacant_;
};

template <class Handle>
struct HandleOf;
template <>
struct HandleOf<aikit_runtime> {
    using Object = RuntimeObject;
    static constexpr Kind kind = Kind::runtime;
};
template <>
struct HandleOf<aikit_kit> {
    using Object = KitObject;
    static constexpr Kind kind = Kind::kit;
};
template <>
struct HandleOf<aikit_op> {
    using Object = Op;
    static constexpr Kind kind = Kind::op;
};
template <>
struct HandleOf<aikit_error> {
    using Object = ErrorObject;
    static constexpr Kind kind = Kind::error;
};

template <class Handle>
Handles::Token token_of(Handle const* handle) noexcept {
    return reinterpret_cast<Handles::Token>(handle);
}

template <class Handle>
Handle* make_handle(std::shared_ptr<typename HandleOf<Handle>::Object> object) {
    return reinterpret_cast<Handle*>(Handles::here().add(HandleOf<Handle>::kind, std::move(object)));
}

/// Null when the handle is NULL, stale or foreign.
template <class Handle>
std::shared_ptr<typename HandleOf<Handle>::Object> find_object(Handle const* handle) {
    std::shared_ptr<void> found = Handles::here().find(HandleOf<Handle>::kind, token_of(handle));
    return std::static_pointer_cast<typename HandleOf<Handle>::Object>(std::move(found));
}

template <class Handle>
std::shared_ptr<typename HandleOf<Handle>::Object> take_object(Handle const* handle) {
    std::shared_ptr<void> taken = Handles::here().take(HandleOf<Handle>::kind, token_of(handle));
    return std::static_pointer_cast<typename HandleOf<Handle>::Object>(std::move(taken));
}

/// Errors: invalid_argument (NULL), invalid_state (stale or foreign).
template <class Handle>
Result<std::shared_ptr<typename HandleOf<Handle>::Object>> object_of(Handle const* handle, char const* argument) {
    if (handle == nullptr) return fail(Errc::invalid_argument, std::string("The argument '") + argument + "' is NULL.");
    std::shared_ptr<typename HandleOf<Handle>::Object> found = find_object(handle);
    if (!found) {
        return fail(Errc::invalid_state, std::string("The argument '") + argument +
                                             "' is no handle of that kind, or was freed, or belongs to the process "
                                             "that this one was forked from.");
    }
    return found;
}

}  // namespace aikit::inline v0::capi

#endif  // AIKIT_CAPI_HANDLES_HPP
