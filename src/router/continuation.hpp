// SPDX-License-Identifier: MIT
// router/continuation.hpp - the text of an answer that was cut, gone on with by another's.
#ifndef AIKIT_SRC_ROUTER_CONTINUATION_HPP
#define AIKIT_SRC_ROUTER_CONTINUATION_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace aikit::inline v0::router {

/// How another answer follows on what was sent.
enum class Joint {
    waiting,   ///< It is not known yet: nothing of it may be handed on.
    prefill,   ///< It was asked to go on, and does.
    repeated,  ///< It began with all that was sent, word for word.
    common,    ///< It is worded otherwise, and goes on after the passage that what was sent ends with.
};

/// "waiting", "prefill", "repeated", "common". Static storage.
char const* name(Joint joint) noexcept;

/// What of a new answer is new to someone who has read `sent`. A pure machine; its memory is that of the new answer
/// until the joint is found, and its time linear.
class Continuation {
public:
    /// `prefilled`: the new answer was asked for with what was sent, without the blanks at its end, as its beginning.
    Continuation(std::string sent, bool prefilled);

    /// Takes the next piece of the new answer; gives what of it is to be handed on. Whole UTF-8 characters both.
    std::string take(std::string_view piece);

    /// At the end of the new answer: what was still held back, if it can be handed on.
    std::string end();

    Joint joint() const noexcept { return joint_; }

    /// What goes before the request's answer when it is prefilled. Empty: it cannot be.
    static std::string_view prefill_of(std::string_view sent) noexcept;

private:
    std::string begun_over();
    std::string after_anchor();

    std::string const sent_;
    std::string held_;           // of the new answer, while nothing is decided
    std::size_t blanks_ = 0;     // of those at the end of sent_, so many come again
    std::size_t looked_at_ = 0;  // of held_, where the anchor does not begin
    std::size_t anchor_ = 0;     // bytes of the end of sent_; 0: there is no passage to meet at
    bool prefilled_;
    bool differs_ = false;
    Joint joint_ = Joint::waiting;
};

}  // namespace aikit::inline v0::router

#endif  // AIKIT_SRC_ROUTER_CONTINUATION_HPP
