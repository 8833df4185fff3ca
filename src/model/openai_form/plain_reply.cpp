// SPDX-License-Identifier: MIT
// model/openai_form/plain_reply.cpp - replies of the usual kind, read in one go without a tree.
//
// Whatever is not as usual here is read by read_reply(), which alone says what is wrong with it.
#include "model/json_scan.hpp"
#include "model/openai_form/form.hpp"

#include <array>
#include <optional>

namespace aikit::inline v0::openai_form {

namespace {

/// False for a second time.
bool once(unsigned& seen, unsigned bit) noexcept {
    bool const first = (seen & bit) == 0;
    seen |= bit;
    return first;
}

class PlainReader {
public:
    explicit PlainReader(std::string_view body) noexcept : scan_(body) {}

    bool read(ChatReply& reply) {
        JsonRest rest(reply.extra);
        unsigned seen = 0;
        auto const member = [&](std::string_view key) {
            if (key == "choices") return once(seen, 1) && read_choices(reply.choices);
            if (key == "id") return once(seen, 2) && text_or_rest(key, reply.id, rest);
            if (key == "object") return once(seen, 4) && scan_.string(word_) && word_ == "chat.completion";
            if (key == "created" && scan_.peek() != 'n') return once(seen, 8) && scan_.count(reply.created);
            if (key == "model") return once(seen, 16) && text_or_rest(key, reply.model, rest);
            if (key == "service_tier") return once(seen, 32) && text_or_rest(key, reply.service_tier, rest);
            if (key == "usage" && scan_.peek() != 'n') return once(seen, 64) && read_usage(reply.usage);
            if (key == "error" || key == "type") return false;  // it may be no reply at all
            return rest.keep(key, scan_);
        };
        if (!scan_.object(member) || !scan_.finished() || reply.choices.empty()) return false;
        rest.close();
        return contradictions_.empty();
    }

private:
    /// Members that are no text are kept.
    bool text_or_rest(std::string_view key, std::string& out, JsonRest& rest) {
        return scan_.peek() == '"' ? scan_.string(out) : rest.keep(key, scan_);
    }

    bool read_choices(std::vector<Choice>& choices) {
        return scan_.array([&] {
            Choice& choice = choices.emplace_back();
            choice.index = static_cast<int>(choices.size()) - 1;
            return read_choice(choice);
        });
    }

    bool read_choice(Choice& choice) {
        JsonRest rest(choice.extra);
        unsigned seen = 0;
        auto const member = [&](std::string_view key) {
            if (key == "message") return once(seen, 1) && read_message(choice.message);
            if (key == "index") return once(seen, 2) && read_index(choice.index);
            if (key == "finish_reason") return once(seen, 4) && scan_.string(choice.finish_text);
            if (key == "logprobs" && scan_.peek() == '{') return once(seen, 8) && scan_.copy(choice.logprobs);
            return key != "error" && rest.keep(key, scan_);
        };
        if (!scan_.object(member) || (seen & 1) == 0) return false;
        if ((seen & 4) != 0) choice.finish = finish_reason(choice.finish_text);
        rest.close();
        return true;
    }

    bool read_index(int& index) {
        constexpr std::int64_t largest = 1'000'000;
        std::int64_t number = 0;
        if (!scan_.count(number) || number > largest) return false;
        index = static_cast<int>(number);
        return true;
    }

    bool read_message(Message& message) {
        JsonRest rest(message.extra);
        std::optional<TextPart> content;
        std::optional<RefusalPart> refusal;
        std::optional<ReasoningPart> reasoning;
        unsigned seen = 0;
        auto const member = [&](std::string_view key) {
            bool const text = scan_.peek() == '"';
            bool const null = scan_.peek() == 'n';
            if (key == "role") return once(seen, 1) && text && scan_.skip();
            if (key == "content" && text) return once(seen, 2) && scan_.string(content.emplace().text);
            if (key == "refusal" && text) return once(seen, 4) && scan_.string(refusal.emplace().text);
            if ((key == "reasoning_content" || key == "reasoning") && text) {
                if (!once(seen, 8)) return false;
                reasoning.emplace().source = key;
                return scan_.string(reasoning->text);
            }
            bool const empty_at_most = key == "content" || key == "refusal" || key == "name" || key == "aikit" ||
                                       key == "reasoning_content" || key == "reasoning" || key == "tool_calls";
            return (!empty_at_most || null) && rest.keep(key, scan_);
        };
        if (!scan_.object(member)) return false;
        std::size_t const count =
            std::size_t(content.has_value()) + std::size_t(refusal.has_value()) + std::size_t(reasoning.has_value());
        message.parts.reserve(count);
        if (reasoning) message.parts.emplace_back(std::move(*reasoning));
        if (content) message.parts.emplace_back(std::move(*content));
        if (refusal) message.parts.emplace_back(std::move(*refusal));
        rest.close();
        return true;
    }

    bool read_usage(Usage& usage) {
        JsonScan::Mark const begin = scan_.mark();
        TokenCounts told;
        if (!read_counts(told)) return false;
        usage = usage_form::count_tokens(told, contradictions_).usage;
        scan_.copy_since(begin, usage.raw);
        return true;
    }

    /// A missing one, or null, is 0.
    bool read_count(std::int64_t& count, unsigned& seen, unsigned bit) {
        if (!once(seen, bit)) return false;
        return scan_.peek() == 'n' ? scan_.skip() : scan_.count(count);
    }

    bool read_counts(TokenCounts& told) {
        unsigned seen = 0;
        return scan_.object([&](std::string_view key) {
            if (key == "prompt_tokens") return read_count(told.prompt, seen, 1);
            if (key == "completion_tokens") return read_count(told.completion, seen, 2);
            if (key == "total_tokens") return read_count(told.total, seen, 4);
            if (key == "prompt_cache_hit_tokens") return read_count(told.cache_hit, seen, 8);
            if (key == "cached_tokens") return read_count(told.cached_beside, seen, 16);
            if (key == "prompt_tokens_details") return once(seen, 32) && (is_null() || read_input(told));
            if (key == "completion_tokens_details") return once(seen, 64) && (is_null() || read_output(told));
            // Perplexity bills its searches.
            return key != "search_context_size" && key != "num_search_queries" && scan_.skip();
        });
    }

    bool is_null() { return scan_.peek() == 'n' && scan_.skip(); }

    bool read_input(TokenCounts& told) {
        unsigned seen = 0;
        return scan_.object([&](std::string_view key) {
            if (key == "cached_tokens") return read_count(told.cached.emplace(), seen, 1);
            if (key == "audio_tokens") return read_count(told.audio_input, seen, 2);
            if (key == "cache_write_tokens") return read_count(told.cache_write, seen, 4);
            if (key == "image_tokens") return read_count(told.image_input, seen, 8);
            return scan_.skip();
        });
    }

    bool read_output(TokenCounts& told) {
        unsigned seen = 0;
        return scan_.object([&](std::string_view key) {
            if (key == "reasoning_tokens") return read_count(told.reasoning, seen, 1);
            if (key == "audio_tokens") return read_count(told.audio_output, seen, 2);
            if (key == "image_tokens") return read_count(told.image_output, seen, 4);
            return scan_.skip();
        });
    }

    JsonScan scan_;
    std::string word_;
    std::vector<std::string> contradictions_;
};

}  // namespace

bool read_plain_reply(std::string_view body, ChatReply& reply) {
    return PlainReader(body).read(reply);
}

}  // namespace aikit::inline v0::openai_form
