// SPDX-License-Identifier: MIT
// router/stream.cpp - streams that may begin anew elsewhere until their first piece.
#include "core/async.hpp"
#include "router/route.hpp"

namespace aikit::inline v0::router {
namespace {

/// True for what a caller sees of the answer.
bool is_piece(ChatEvent const& event) noexcept {
    return !std::holds_alternative<ReplyStarted>(event) && !std::holds_alternative<UsageUpdate>(event) &&
           !std::holds_alternative<ExtraDelta>(event);
}

class RoutedStream final : public ChatStream::Source {
public:
    RoutedStream(Opened opened, Place place, std::shared_ptr<Course> course)
        : opened_(std::move(opened)), place_(std::move(place)), course_(std::move(course)) {
        course_->opened(place_.number());
    }

    Task<std::optional<ChatEvent>> next() override {
        Result<std::optional<ChatEvent>> event;
        if (given_ < opened_.events.size()) {
            event = std::optional<ChatEvent>(std::move(opened_.events[given_++]));
        } else {
            Task<std::optional<ChatEvent>> pending = guard(opened_.source->next());
            event = co_await std::move(pending);
        }
        if (!event) {
            place_.failed(event.error());
            course_->ended(name(event.error().code));
        } else if (!*event) {
            if (!finished_) {
                event = fail(Errc::incomplete, "the stream ended without saying that it was complete");
                place_.failed(event.error());
                course_->ended(name(event.error().code));
            }
        } else if (auto* const finished = std::get_if<Finished>(&**event)) {
            finished_ = true;
            course_->ended("ok");
            course_->warm(place_.number(), finished->usage.total_input());
            finished->info->route = course_->explanation();
            place_.answered(*finished->info);
        }
        co_return event;
    }

    CallInfo info() const override {
        CallInfo info = opened_.source->info();
        info.route = course_->explanation();
        return info;
    }

private:
    Opened opened_;
    Place place_;
    std::shared_ptr<Course> course_;
    std::size_t given_ = 0;
    bool finished_ = false;
};

}  // namespace

Task<Opened> open_until_first_piece(ChatStream stream) {
    Result<Opened> opened;
    opened->source = stream.release();
    if (!opened->source) co_return fail(Errc::incomplete, "the stream had ended before it began");
    for (;;) {
        Task<std::optional<ChatEvent>> pending = guard(opened->source->next());
        Result<std::optional<ChatEvent>> event = co_await std::move(pending);
        if (!event) co_return event.error();
        if (!*event) co_return fail(Errc::incomplete, "the stream ended without saying that it was complete");
        opened->events.push_back(std::move(**event));
        if (is_piece(opened->events.back())) co_return std::move(*opened);
    }
}

ChatStream routed_stream(Opened opened, Place place, std::shared_ptr<Course> course) {
    return ChatStream(std::make_unique<RoutedStream>(std::move(opened), std::move(place), std::move(course)));
}

}  // namespace aikit::inline v0::router
