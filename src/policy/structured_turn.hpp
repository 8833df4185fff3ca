// SPDX-License-Identifier: MIT
// policy/structured_turn.hpp - what is asked for, what came of it, and what to say next: no provider, no clock.
#ifndef AIKIT_SRC_POLICY_STRUCTURED_TURN_HPP
#define AIKIT_SRC_POLICY_STRUCTURED_TURN_HPP

#include "model/strict_schema.hpp"

#include <aikit/model/event.hpp>
#include <aikit/model/json_schema.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::policy {

class StructuredTurn {
public:
    /// Whether there is anything to do for such a call.
    static bool wanted(ChatRequest const& request, CallOptions const& options) noexcept;

    /// Puts the request into the form that the model takes. Without `repairs` nothing is checked.
    static Result<StructuredTurn> begin(ChatRequest& request, std::optional<int> repairs, StructuredSupport support);

    enum class Verdict {
        good,   ///< The reply is what was asked for, or says why not in a way of its own.
        again,  ///< It is not; tell() says so to the model.
        bad,    ///< It is not, and asking again is over, or would not help.
    };

    /// Looks at a reply and puts its text into order.
    Verdict judge(ChatReply& reply);

    /// Adds the reply that was judged, and what is wrong with it.
    void tell(ChatRequest& request) const;

    /// What is wrong with the last reply.
    Error error(std::string const& provider) const;

    /// A stream's event as the caller sees it; nothing: it is not for the caller.
    std::optional<ChatEvent> show(ChatEvent event);

    /// Text of a stream that has ended and was kept back, because a tool was to be called in its place.
    std::string take_unshown();

    /// The text of a stream that has ended: good or bad. Before take_unshown().
    Verdict judge_stream();

    int asked_again() const noexcept { return asked_again_; }
    std::vector<std::string> const& warnings() const noexcept { return warnings_; }

private:
    Result<void> prepare(ChatRequest& request, StructuredSupport support);
    void use_tool(ChatRequest& request);
    void use_prompt(ChatRequest& request, bool json_mode);
    void take_tool_call(Choice& choice) const;
    bool accept(std::string& text, bool in_place);
    Verdict failed(bool may_ask);

    JsonSchema schema_;
    StrictSchema strict_;
    std::string tool_;  ///< The tool whose arguments are the reply. Empty: another way.
    bool checks_ = false;
    int repairs_ = 0;
    int asked_again_ = 0;
    bool cut_ = false;
    std::string text_;  ///< Of the last reply.
    std::string why_;   ///< Why it does not fit.
    std::string detail_;
    std::vector<std::string> warnings_;

    // Of a stream's first choice.
    std::string streamed_;
    std::string beside_;
    FinishReason finish_ = FinishReason::unknown;
    bool other_calls_ = false;
    bool refused_ = false;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_STRUCTURED_TURN_HPP
