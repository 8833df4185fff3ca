// SPDX-License-Identifier: MIT
// capi/jobs.cpp - the entries of batches, files and trainings.
#include "kit/jobs.hpp"

#include "kit.hpp"

using namespace aikit;
using namespace aikit::capi;

namespace {

/// Hands one result over, once there is room for it.
Task<void> hand_over(std::shared_ptr<Op> op, std::string result) {
    if (!op->may_go_on()) {
        Task<void> waiting = Op::room(op);
        Result<void> const room = co_await std::move(waiting);
        if (!room) co_return room.error();
    }
    op->emit(std::move(result));
    co_return ok();
}

Task<Reply> job_work(KitPointer kit, std::string action, std::string request, std::shared_ptr<Op> op) {
    jobs::TakeResult take;
    if (op && op->makes_events()) take = [op](std::string result) { return hand_over(op, std::move(result)); };
    Task<std::string> running = jobs::run(kit->kit, std::move(action), std::move(request), std::move(take));
    Result<std::string> reply = co_await std::move(running);
    if (!reply) co_return reply.error();
    co_return Reply(std::move(*reply));
}

bool wants_stream(std::string_view request) {
    Result<json::value> const given = json::parse(request, "request", Errc::invalid_argument);
    return given && json::boolean(*given, "stream").value_or(false);
}

Result<Work> job_of(KitPointer const& kit, char const* action, std::size_t action_size, char const* request,
                    std::size_t request_size) {
    Result<std::string_view> const what = required_text(action, action_size, "action");
    if (!what) return what.error();
    Result<std::string_view> const text = optional_text(request, request_size, "request");
    if (!text) return text.error();
    return Work([kit, what = std::string(*what), text = std::string(*text)](std::shared_ptr<Op> op) {
        return job_work(kit, what, text, op);
    });
}

}  // namespace

aikit_status aikit_job(aikit_kit* kit, char const* action, size_t action_size, char const* request, size_t request_size,
                       aikit_bytes* reply, aikit_error** error) {
    return blocking_reply(kit, reply, "reply", error, [&](KitPointer const& object) {
        return job_of(object, action, action_size, request, request_size);
    });
}

aikit_status aikit_job_start(aikit_kit* kit, char const* action, size_t action_size, char const* request,
                             size_t request_size, uint32_t window, aikit_event_cb on_event, aikit_done_cb on_done,
                             void* user, aikit_op** out, aikit_error** error) {
    Listener const listener(on_event, on_done, user, window, on_event != nullptr);
    return starting(kit, listener, out, error, [&](KitPointer const& object, Listener& asked) -> Result<Work> {
        // Only results come one by one; anything else is one reply.
        bool const results = action != nullptr && std::string_view(action, action_size) == "batch.results";
        Result<Work> work = job_of(object, action, action_size, request, request_size);
        asked.events =
            work && results && (on_event != nullptr || wants_stream(std::string_view(request, request_size)));
        return work;
    });
}
