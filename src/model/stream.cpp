// SPDX-License-Identifier: MIT
// model/stream.cpp - pulling a stream, and what it promises whoever implements it.
#include "core/async.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/model/stream.hpp>

namespace aikit::inline v0 {

ChatReply const& ChatStream::reply() const noexcept {
    static NoDestructor<ChatReply> const nothing;
    return assembler_ ? assembler_->reply() : *nothing;
}

Task<std::optional<ChatEvent>> ChatStream::next() {
    if (busy_) co_return fail(Errc::invalid_state, "The stream is being read already; wait for that next() first.");
    if (failed_) co_return fail(Errc::invalid_state, "The stream has ended with an error; nothing more comes.");
    if (!source_ || ended_) co_return std::optional<ChatEvent>();

    if (!assembler_) assembler_ = std::make_unique<ReplyAssembler>();
    busy_ = true;
    Result<std::optional<ChatEvent>> event = std::optional<ChatEvent>();
    try {
        event = co_await source_->next();
    } catch (...) {
        event = current_exception_error();
    }
    busy_ = false;

    if (event && !*event && !finished_) {
        event = fail(Errc::incomplete, "The stream ended without its end marker; the reply may be cut short.");
    }
    if (!event) {
        failed_ = true;
        assembler_->settle();
        co_return event;
    }
    if (!*event || finished_) {  // nothing counts after Finished
        ended_ = true;
        co_return std::optional<ChatEvent>();
    }
    finished_ = std::holds_alternative<Finished>(**event);
    assembler_->take(**event);
    if (assembler_->size() > max_reply_size) {
        failed_ = true;
        co_return fail(Errc::protocol, "The stream has exceeded 64 MiB without an end; it was given up.");
    }
    co_return event;
}

CallInfo ChatStream::info() const {
    return source_ ? source_->info() : reply().info;
}

Task<ChatReply> collect(ChatStream stream, std::shared_ptr<ChatReply> partial) {
    std::optional<Error> failed;
    try {
        while (!failed) {
            Result<std::optional<ChatEvent>> const event = co_await stream.next();
            if (!event) failed = event.error();
            if (event && !*event) break;
        }
    } catch (...) {
        failed = current_exception_error();
    }
    if (!failed) co_return stream.take_reply();
    if (partial) {
        CallInfo info = stream.info();
        *partial = stream.take_reply();
        partial->info = std::move(info);
    }
    co_return *failed;
}

}  // namespace aikit::inline v0
