// SPDX-License-Identifier: MIT
// fault/sim_network.hpp - the upstreams of a world behind a virtual network, and the books that they keep.
#ifndef AIKIT_TESTS_FAULT_SIM_NETWORK_HPP
#define AIKIT_TESTS_FAULT_SIM_NETWORK_HPP

#include "sim_plan.hpp"
#include "sim_sabotage.hpp"

#include <aikit/testing/fake_transport.hpp>
#include <aikit/testing/manual_clock.hpp>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sim {

/// Since a world's beginning.
using Time = std::chrono::microseconds;

/// What happens, a line each.
class Trace {
public:
    Trace(std::shared_ptr<aikit::testing::ManualClock> clock, bool keep)
        : clock_(std::move(clock)), began_(clock_->now()), keep_(keep) {}

    void say(std::string const& line);
    Time now() const { return std::chrono::duration_cast<Time>(clock_->now() - began_); }

    /// The same events in the same order at the same times give the same number.
    std::uint64_t digest() const noexcept { return digest_; }
    std::string const& text() const noexcept { return text_; }

private:
    std::shared_ptr<aikit::testing::ManualClock> clock_;
    aikit::SteadyTime began_;
    bool keep_;
    std::uint64_t digest_ = 0xcbf29ce484222325ULL;
    std::string text_;
};

/// How a request ended, as the side that sent it can have seen it.
enum class End {
    open,     ///< It has not.
    success,  ///< All of the answer was delivered.
    failure,  ///< What failed was the upstream, or the way to it.
    asked,    ///< It answers, and asks to be left alone.
    neutral,  ///< It says nothing of the upstream: the request was at fault, or who asked went away.
};

/// One request as its upstream has it in its books.
struct Arrival {
    int number = 0;
    std::size_t deployment = 0;
    int call = 0;
    bool routed = false;
    bool stream = false;
    int tenant = 0;
    int question = 0;

    bool reached = false;  ///< False: its time had run out before it was sent.
    Fault fault = Fault::none;
    bool executed = false;
    bool stopped = false;  ///< The model itself ended the answer.
    std::string text;      ///< All of the answer.
    std::int64_t nanos = 0;

    Time sent{0}, ended{0};
    std::int64_t sent_order = 0, ended_order = 0;
    End end = End::open;
    bool whole = false;              ///< The answer was delivered with its end marker.
    std::optional<Time> first_word;  ///< When the first of the answer's words was there whole; of a chat, all.
    bool told = false;               ///< An answer without success was delivered.
    std::optional<Time> left_alone;  ///< Where that said so: nothing is to be sent before.

    // While it is being answered: where the words end in the body, and what ends it badly.
    std::vector<std::size_t> word_ends;
    std::size_t whole_at = 0, all = 0, bad_at = 0, delivered = 0, words_billed = 0;
};

/// Answers as the plan says, within the limits of time of each request. Single-threaded.
class Network final : public aikit::net::HttpTransport {
public:
    Network(Plan const& plan, std::shared_ptr<aikit::testing::ManualClock> clock, Trace& trace, Sabotage sabotage);

    aikit::Task<aikit::net::HttpResponse> send(aikit::net::HttpRequest request) override;

    std::deque<Arrival> const& arrivals() const noexcept { return arrivals_; }

    /// What all upstreams billed each tenant; and whether that was ever more than its budget.
    std::map<int, std::int64_t> const& billed() const noexcept { return billed_; }
    std::optional<int> overspent() const noexcept { return overspent_; }

    int open_bodies() const { return fake_->open_bodies(); }

private:
    friend class Body;
    class Pending;

    static aikit::Task<aikit::net::HttpResponse> send_task(Network& self, aikit::net::HttpRequest request);
    Arrival& arrive(aikit::net::HttpRequest const& request);
    aikit::testing::FakeReply reply_to(Arrival& arrival);
    aikit::testing::FakeReply refusal(Arrival& arrival);
    void answer_whole(Arrival& arrival, aikit::testing::FakeReply& reply);
    void answer_stream(Arrival& arrival, aikit::testing::FakeReply& reply);
    void spoil(Arrival& arrival, aikit::testing::FakeReply& reply, std::string const& body);
    Fault draw_fault(Arrival const& arrival);
    void write_answer(Arrival& arrival);
    void tell_wait(Arrival& arrival, aikit::testing::FakeReply& reply);
    void judge_head(Arrival& arrival, int status);
    void deliver(Arrival& arrival, std::size_t bytes);
    void end(Arrival& arrival, End how);
    bool races(Arrival const& arrival) const;
    void bill(Arrival& arrival, std::int64_t read, std::int64_t written);

    Plan const& plan_;
    Trace& trace_;
    Sabotage const sabotage_;
    Dice dice_;
    std::shared_ptr<aikit::testing::FakeTransport> fake_;
    std::deque<Arrival> arrivals_;
    Arrival* next_ = nullptr;  ///< What the fake transport is about to answer.
    std::int64_t order_ = 0;
    std::map<int, std::int64_t> billed_;
    std::optional<int> overspent_;
};

}  // namespace sim

#endif  // AIKIT_TESTS_FAULT_SIM_NETWORK_HPP
