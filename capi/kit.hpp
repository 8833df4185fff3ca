// SPDX-License-Identifier: MIT
// capi/kit.hpp - a kit with the runtime it is on, and the two ways to run something on it.
#ifndef AIKIT_CAPI_KIT_HPP
#define AIKIT_CAPI_KIT_HPP

#include "op.hpp"

namespace aikit::inline v0::capi {

/// Ownership: shared by its handle and the operations on it; the last one's end flushes and closes the kit.
class KitObject {
public:
    KitObject(std::shared_ptr<RuntimeObject> runtime_, bool owns_runtime_, Kit kit_)
        : runtime(std::move(runtime_)), owns_runtime(owns_runtime_), kit(std::move(kit_)) {}
    ~KitObject();
    KitObject(KitObject const&) = delete;
    KitObject& operator=(KitObject const&) = delete;

    /// Flushes and closes. With `images` those of the vectors are written too. Errors: of the flush.
    Result<void> close(bool images);

    std::shared_ptr<RuntimeObject> const runtime;
    bool const owns_runtime;
    Kit kit;
    std::atomic<bool> closed{false};
};

using KitPointer = std::shared_ptr<KitObject>;

/// Runs the work and waits for it. Errors: invalid_state (on a thread of the runtime), and the work's own.
Result<Reply> run(KitPointer const& kit, Work const& work);

/// Starts the work as an operation; `*out` is written before it can run, and put back when it fails.
Result<void> start(KitPointer const& kit, Listener listener, Work work, aikit_op** out);

/// Throws std::bad_alloc.
Result<void> hand_out(std::string_view text, aikit_bytes* out);

/// What aikit_*_start and their twins that block have in common: they look up the kit, read the request, and then wait
/// or not. Each part is told in the error when it is wrong.
template <class Prepare>
aikit_status blocking(aikit_kit* kit, aikit_error** error, Prepare&& prepare) noexcept {
    return guard_entry(error, [&]() -> Result<void> {
        Result<KitPointer> const object = object_of(kit, "kit");
        if (!object) return object.error();
        return prepare(*object);
    });
}

/// The twin that blocks, where all that comes out is the reply. `out` may be NULL when it has no name.
template <class Prepare>
aikit_status blocking_reply(aikit_kit* kit, aikit_bytes* out, char const* name, aikit_error** error,
                            Prepare&& prepare) noexcept {
    return blocking(kit, error, [&](KitPointer const& object) -> Result<void> {
        if (name != nullptr) {
            if (Result<void> given = required(out, name); !given) return given;
        }
        Result<Work> const work = prepare(object);
        if (!work) return work.error();
        Result<Reply> const reply = run(object, *work);
        if (!reply) return reply.error();
        return out == nullptr ? ok() : hand_out(reply->json, out);
    });
}

template <class Prepare>
aikit_status starting(aikit_kit* kit, Listener const& listener, aikit_op** out, aikit_error** error,
                      Prepare&& prepare) noexcept {
    return guard_entry(error, [&]() -> Result<void> {
        Result<KitPointer> const object = object_of(kit, "kit");
        if (!object) return object.error();
        if (Result<void> given = required(out, "out"); !given) return given;
        Listener asked = listener;
        Result<Work> work = prepare(*object, asked);
        if (!work) return work.error();
        return start(*object, asked, std::move(*work), out);
    });
}

}  // namespace aikit::inline v0::capi

#endif  // AIKIT_CAPI_KIT_HPP
