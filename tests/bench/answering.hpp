// SPDX-License-Identifier: MIT
// tests/bench/answering.hpp - a provider that has no network behind it, and what it is asked.
#ifndef AIKIT_TESTS_BENCH_ANSWERING_HPP
#define AIKIT_TESTS_BENCH_ANSWERING_HPP

#include <aikit/model/provider.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace bench {

inline constexpr int answer_tokens = 100;

inline aikit::Usage used() {
    aikit::Usage usage;
    usage.input = 250;
    usage.output = answer_tokens;
    usage.raw = "{}";
    return usage;
}

/// Gives the same answer to everybody, at once.
class Answering final : public aikit::AIProvider {
public:
    /// `tells`: what it used.
    explicit Answering(bool tells, std::string name = "openai", std::string model = "gpt-4o-mini-2024-07-18")
        : tells_(tells), name_(std::move(name)), model_(std::move(model)) {
        for (int i = 0; i < answer_tokens; ++i) text_ += " word";
    }

    using AIProvider::chat;
    using AIProvider::stream_chat;

    std::string const& name() const noexcept override { return name_; }

    aikit::Task<aikit::ChatReply> chat(aikit::ChatRequest, aikit::CallOptions) override {
        aikit::ChatReply reply;
        reply.model = model_;
        reply.choices.emplace_back();
        reply.choices.back().message = aikit::Message(aikit::Role::assistant, text_);
        reply.choices.back().finish = aikit::FinishReason::stop;
        if (tells_) reply.usage = used();
        reply.complete = true;
        co_return reply;
    }

    aikit::Task<aikit::ChatStream> stream_chat(aikit::ChatRequest, aikit::CallOptions) override {
        co_return aikit::ChatStream(std::make_unique<Words>(tells_, model_));
    }

private:
    class Words final : public aikit::ChatStream::Source {
    public:
        Words(bool tells, std::string model) : tells_(tells), model_(std::move(model)) {}

        aikit::Task<std::optional<aikit::ChatEvent>> next() override {
            int const at = at_++;
            std::optional<aikit::ChatEvent> event;
            if (at == 0) {
                aikit::ReplyStarted started;
                started.model = model_;
                event.emplace(std::move(started));
            } else if (at <= answer_tokens) {
                event.emplace(aikit::TextDelta(0, " word"));
            } else if (at == answer_tokens + 1) {
                aikit::ChoiceFinished end;
                end.reason = aikit::FinishReason::stop;
                event.emplace(std::move(end));
            } else if (at == answer_tokens + 2) {
                aikit::Finished end;
                if (tells_) end.usage = used();
                event.emplace(std::move(end));
            }
            co_return event;
        }

        aikit::CallInfo info() const override { return aikit::CallInfo(); }

    private:
        bool tells_;
        std::string model_;
        int at_ = 0;
    };

    bool tells_;
    std::string name_;
    std::string model_;
    std::string text_;
};

inline aikit::ChatRequest request_of_a_kibibyte() {
    std::string prompt;
    while (prompt.size() < 1'024) prompt += "Tell me what became of the quick brown fox, and of its lazy dog. ";
    prompt.resize(1'024);
    return aikit::ChatRequest("gpt-4o-mini", prompt);
}

}  // namespace bench

#endif  // AIKIT_TESTS_BENCH_ANSWERING_HPP
