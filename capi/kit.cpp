// SPDX-License-Identifier: MIT
// capi/kit.cpp - running what a kit does: waiting for it, or as an operation.
#include "kit.hpp"

#include <aikit/core/wait.hpp>

namespace aikit::inline v0::capi {

KitObject::~KitObject() {
    if (!closed && runtime->usable()) runtime->retire(std::move(kit));
}

Result<void> KitObject::close(bool images) {
    if (closed.exchange(true)) return ok();
    Result<void> const flushed = sync::wait(runtime->runtime(), kit.flush());
    if (std::shared_ptr<vector::VectorStore> const vectors = kit.vectors(); vectors && images) {
        static_cast<void>(sync::wait(runtime->runtime(), vectors->checkpoint()));  // made again when missing
    }
    kit.close();
    return flushed;
}

Result<Reply> run(KitPointer const& kit, Work const& work) {
    if (!kit->runtime->usable()) return fail(Errc::invalid_state, "The kit's runtime has ended.");
    Result<Reply> reply = sync::wait(kit->runtime->runtime(), guard(work(nullptr)));
    RuntimeObject::end_postponed();
    return reply;
}

Result<void> start(KitPointer const& kit, Listener listener, Work work, aikit_op** out) {
    auto op = std::make_shared<Op>(kit->runtime, listener);
    aikit_op* const before = *out;
    aikit_op* const handle = make_handle<aikit_op>(op);
    *out = handle;
    Result<void> const begun = guarded([&] { return op->begin(std::move(work)); });
    if (!begun) {
        *out = before;
        static_cast<void>(take_object(handle));
    }
    return begun;
}

Result<void> hand_out(std::string_view text, aikit_bytes* out) {
    *out = make_bytes(text);
    return ok();
}

}  // namespace aikit::inline v0::capi
