// SPDX-License-Identifier: MIT
// router/stream.cpp - streams that begin anew elsewhere until their first piece, and may go on elsewhere after it.
#include "model/stream_layer.hpp"
#include "router/continuation.hpp"
#include "router/race.hpp"

namespace aikit::inline v0::router {
namespace {

/// True for what a caller sees of the answer.
bool is_piece(ChatEvent const& event) noexcept {
    return !std::holds_alternative<ReplyStarted>(event) && !std::holds_alternative<UsageUpdate>(event) &&
           !std::holds_alternative<ExtraDelta>(event);
}

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

/// A coroutine, so that what a provider throws is thrown when it is awaited.
Task<Opened> open(std::shared_ptr<AIProvider> provider, ChatRequest request, CallOptions options) {
    Task<ChatStream> asking = guard(provider->stream_chat(std::move(request), std::move(options)));
    Result<ChatStream> stream = co_await std::move(asking);
    if (!stream) co_return stream.error();
    Task<Opened> pulling = open_until_first_piece(std::move(*stream));
    co_return co_await std::move(pulling);
}

/// What is known of an answer that another may have to go on with.
class Answer {
public:
    explicit Answer(ChatRequest request) : request_(std::move(request)) {}

    /// Notes what is handed on to the caller.
    void sent(ChatEvent const& event) {
        if (auto const* const text = std::get_if<TextDelta>(&event)) {
            text_ += text->text;
            other_choices_ = other_choices_ || text->choice != 0;
        } else if (std::holds_alternative<ChoiceFinished>(event)) {
            text_ended_ = true;
        } else {
            more_than_text_ = more_than_text_ || std::holds_alternative<ToolCallProgress>(event) ||
                              std::holds_alternative<ToolCallReady>(event) ||
                              std::holds_alternative<RefusalDelta>(event);
        }
    }

    /// Only text can be gone on with: half a call of a tool, or of its arguments, cannot.
    bool can_go_on() const noexcept { return !more_than_text_ && !other_choices_; }
    bool text_ended() const noexcept { return text_ended_; }
    std::string const& text() const noexcept { return text_; }

    /// True when the deployment is to be asked to go on, rather than anew.
    bool prefilled_at(Deployment const& deployment) const {
        return deployment.prefill && !text_ended_ && !Continuation::prefill_of(text_).empty();
    }

    /// `written`: tokens that the answer has by now, of those that it may have.
    ChatRequest request_for(Deployment const& deployment, bool prefilled, std::int64_t written) const {
        ChatRequest request = request_;
        request.model = deployment.model;
        if (!prefilled) return request;
        Message message;
        message.role = Role::assistant;
        message.parts.emplace_back(TextPart(std::string(Continuation::prefill_of(text_))));
        request.messages.push_back(std::move(message));
        if (request.max_tokens) request.max_tokens = std::max<std::int64_t>(1, *request.max_tokens - written);
        return request;
    }

private:
    ChatRequest const request_;
    std::string text_;
    bool more_than_text_ = false;
    bool other_choices_ = false;
    bool text_ended_ = false;
};

class RoutedStream final : public StreamLayer {
public:
    RoutedStream(Begun begun, std::shared_ptr<Course> course, std::unique_ptr<ChatRequest> request)
        : StreamLayer(std::move(begun.opened.source)),
          events_(std::move(begun.opened.events)),
          place_(std::move(begun.place)),
          course_(std::move(course)) {
        if (request) answer_ = std::make_unique<Answer>(std::move(*request));
        course_->opened(place_.number());
    }

    CallInfo info() const override {
        CallInfo info = inner()->info();
        info.route = course_->explanation();
        info.warnings.insert(info.warnings.end(), joints_.begin(), joints_.end());
        return info;
    }

private:
    /// What was pulled before the stream was handed out, and what an event left behind.
    bool give(Event& event) override {
        if (!tail_.empty()) {
            event = std::optional<ChatEvent>(take_tail());
            return true;
        }
        if (given_ >= events_.size()) return false;
        event = std::optional<ChatEvent>(std::move(events_[given_++]));
        if (given_ == events_.size()) {
            events_ = std::vector<ChatEvent>();
            given_ = 0;
        }
        return true;
    }

    Then take(Event& event) override {
        if (event && !*event && !finished_) {
            event = fail(Errc::incomplete, "the stream ended without saying that it was complete");
        }
        if (!event) {
            Error error = event.error();
            place_.failed(error);
            if (answer_ && answer_->can_go_on()) return stop_at(std::move(error), Then::wait_and_again);
            course_->cut(error, place_.number());
            return Then::hand_on;
        }
        if (*event && continuation_) {
            Result<bool> const handed_on = continued(**event);
            // Its bill is exact once it has ended.
            if (!handed_on) return stop_at(handed_on.error(), Then::wait);
            if (!*handed_on) return Then::again;
        }
        if (*event && answer_) answer_->sent(**event);
        if (*event) end_if_finished(**event);
        return Then::hand_on;
    }

    Then stop_at(Error error, Then then) {
        stopped_by_ = std::make_unique<Error>(std::move(error));
        return then;
    }

    /// A new answer that does not meet the one that was cut is read to its end, and told as an error.
    Task<void> rest() override {
        std::unique_ptr<Error> const error = std::move(stopped_by_);
        Task<void> pending = answer_ ? resume(*error) : drain();
        Result<void> done = co_await std::move(pending);
        if (answer_) co_return done ? done : *error;
        co_return done ? *error : done;
    }

    Task<void> drain() {
        for (;;) {
            Task<std::optional<ChatEvent>> pulling = guard(inner()->next());
            Event const event = co_await std::move(pulling);
            if (!event || !*event || std::holds_alternative<Finished>(**event)) co_return ok();
        }
    }

    void end_if_finished(ChatEvent& event) {
        auto* const finished = std::get_if<Finished>(&event);
        if (finished == nullptr) return;
        finished_ = true;
        course_->ended("ok");
        course_->warm(place_.number(), finished->usage.total_input());
        CallInfo& info = *finished->info;
        info.route = course_->explanation();
        info.warnings.insert(info.warnings.end(), joints_.begin(), joints_.end());
        place_.answered(info);
    }

    /// Has another deployment go on with the answer.
    Task<void> resume(Error error) {
        std::size_t const cut_at = place_.number();
        std::string const cut = place_.target().name;
        std::string const why = name(error.code);
        Task<Place> going_on = Course::after(course_, std::move(error), cut_at);
        Result<Place> place = co_await std::move(going_on);
        if (!place) co_return place.error();
        std::int64_t const written = inner()->info().usage.output;
        bool may_prefill = true;
        auto const prefilled_at = [&](Target const& target) {
            return may_prefill && answer_->prefilled_at(target.config);
        };
        RequestFor const request_for = [&](Target const& target) {
            return answer_->request_for(target.config, prefilled_at(target), written);
        };
        Task<Begun> beginning = begin_stream(course_, std::move(place), request_for);
        Result<Begun> begun = co_await std::move(beginning);
        if (!begun && begun.error().code == Errc::invalid_request) {
            // A model that knows no prefill refuses it, and has done nothing.
            may_prefill = false;
            std::optional<Place> again = course_->once_more();
            if (!again || !answer_->prefilled_at(again->target().config)) co_return begun.error();
            Task<Begun> anew = begin_stream(course_, std::move(*again), request_for);
            begun = co_await std::move(anew);
        }
        if (!begun) co_return begun.error();
        surround(std::move(begun->opened.source));
        events_ = std::move(begun->opened.events);
        place_ = std::move(begun->place);
        given_ = 0;
        continuation_ = std::make_unique<Continuation>(answer_->text(), prefilled_at(place_.target()));
        cut_ = "the answer was cut at " + cut + " (" + why + ") after " + std::to_string(answer_->text().size()) +
               " bytes, and goes on with that of " + place_.target().name;
        if (answer_->text().empty()) joints_.push_back(cut_);
        course_->opened(place_.number());
        co_return ok();
    }

    /// What of a new answer's event is handed on: false for nothing. An error when the two answers do not meet.
    Result<bool> continued(ChatEvent& event) {
        bool const before_the_joint = continuation_->joint() == Joint::waiting;
        if (std::holds_alternative<ReplyStarted>(event)) return false;
        if (auto* const text = std::get_if<TextDelta>(&event)) {
            text->text = continuation_->take(text->text);
            if (before_the_joint) note_joint();
            return !text->text.empty();
        }
        // What the caller has seen of thoughts and log-probabilities was the first answer's.
        if (std::holds_alternative<ReasoningDelta>(event) || std::holds_alternative<UsageUpdate>(event)) return false;
        if (std::holds_alternative<LogprobsDelta>(event) || std::holds_alternative<ExtraDelta>(event)) {
            return !before_the_joint;
        }
        if (!before_the_joint) return !(std::holds_alternative<ChoiceFinished>(event) && answer_->text_ended());
        std::string rest = continuation_->end();
        note_joint();
        if (continuation_->joint() == Joint::waiting && !answer_->text().empty()) return no_joint();
        if (rest.empty()) return !(std::holds_alternative<ChoiceFinished>(event) && answer_->text_ended());
        tail_.push_back(std::move(event));
        event = TextDelta(0, std::move(rest));
        return true;
    }

    Error no_joint() {
        place_.succeeded();
        course_->ended("no common passage");
        answer_.reset();
        return fail(Errc::incomplete, cut_ + ", which has no passage in common with it to go on from");
    }

    void note_joint() {
        if (continuation_->joint() != Joint::waiting) {
            course_->core()->count("aikit.router.resumes", place_.number(), "aikit.joint",
                                   name(continuation_->joint()));
        }
        switch (continuation_->joint()) {
            case Joint::waiting: return;
            case Joint::prefill: joints_.push_back(cut_ + ", which was asked to go on from there"); return;
            case Joint::repeated: joints_.push_back(cut_ + ", which began with the same words"); return;
            case Joint::common:
                joints_.push_back(cut_ + ", which is worded otherwise, from a passage that they have in common");
                return;
        }
    }

    ChatEvent take_tail() {
        ChatEvent event = std::move(tail_.front());
        tail_.erase(tail_.begin());
        return event;
    }

    std::vector<ChatEvent> events_;
    Place place_;
    std::shared_ptr<Course> course_;
    std::size_t given_ = 0;
    bool finished_ = false;

    // Of streams that are resumed when they are cut.
    std::unique_ptr<Answer> answer_;
    std::unique_ptr<Error> stopped_by_;  // while rest() is to be waited for
    std::unique_ptr<Continuation> continuation_;
    std::vector<ChatEvent> tail_;
    std::vector<std::string> joints_;
    std::string cut_;
};

}  // namespace

Task<Begun> begin_stream(std::shared_ptr<Course> course, Result<Place> place, RequestFor request) {
    while (place) {
        Race<Opened>::Ask const ask = [&course, &request](Place const& there) {
            return open(there.target().config.provider, request(there.target()), course->attempt_options());
        };
        Task<Outcome<Opened>> asking = ask_at<Opened>(course, std::move(*place), true, ask);
        Result<Outcome<Opened>> outcome = co_await std::move(asking);
        if (!outcome) co_return outcome.error();
        if (outcome->result) {
            outcome->place.first_token();
            co_return Begun(std::move(*outcome->result), std::move(outcome->place));
        }
        Error const error = outcome->result.error();
        outcome->place.failed(error);
        Task<Place> going_on = Course::after(course, error, outcome->place.number());
        place = co_await std::move(going_on);
    }
    co_return place.error();
}

ChatStream routed_stream(Begun begun, std::shared_ptr<Course> course, std::unique_ptr<ChatRequest> request) {
    return ChatStream(std::make_unique<RoutedStream>(std::move(begun), std::move(course), std::move(request)));
}

}  // namespace aikit::inline v0::router
