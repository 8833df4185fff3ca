// SPDX-License-Identifier: MIT
// Covers CallOptions::resume: a stream that was cut goes on elsewhere, with nothing twice.
#include "support.hpp"

#include <doctest/doctest.h>

namespace aikit::router {
namespace {

std::vector<std::string> const words{"One ",    "small ",     "step ", "for ",
                                     "a man, ", "one giant ", "leap ", "for mankind."};

std::string joined(std::vector<std::string> const& pieces, std::size_t first = 0) {
    std::string all;
    for (std::size_t i = first; i < pieces.size(); ++i) all += pieces[i];
    return all;
}

/// The stream's beginning, up to so many pieces, and then an error.
std::vector<Step> cut_after(std::size_t pieces, Error error) {
    std::vector<Step> steps = whole_stream(words);
    steps.resize(1 + pieces);
    steps.emplace_back(std::move(error));
    return steps;
}

struct Cut : Fleet {
    explicit Cut(std::size_t pieces, Errc code = Errc::incomplete) {
        config.resume = true;
        providers[0]->steps = cut_after(pieces, failure(code, true));
        providers[1]->steps = whole_stream(words);
        providers[2]->steps = whole_stream(words);
    }
};

bool says(CallInfo const& info, std::string_view words_of_it) {
    return std::any_of(info.warnings.begin(), info.warnings.end(),
                       [&](std::string const& warning) { return warning.find(words_of_it) != std::string::npos; });
}

}  // namespace

TEST_CASE("a stream that is cut anywhere goes on with another's answer, and no character comes twice") {
    for (Errc const code : {Errc::incomplete, Errc::connection, Errc::timeout, Errc::protocol, Errc::server_error}) {
        for (std::size_t cut = 1; cut <= words.size(); ++cut) {
            Cut f(cut, code);
            Result<Fleet::Streamed> const told = f.stream();
            REQUIRE(told.has_value());
            CHECK(told->finished);
            CHECK_FALSE(told->error.has_value());
            CHECK(told->text == joined(words));
            CHECK(f.asked(0) == 1);
            CHECK(f.asked(1) == 1);
            CHECK(f.asked(2) == 0);
            CHECK(says(told->info, "cut at a/m (" + std::string(name(code)) + ")"));
            CHECK(says(told->info, "began with the same words"));
            CHECK(told->info.route.find(R"("asked":[{"deployment":"a/m","outcome":")" + std::string(name(code)) +
                                        R"("},{"deployment":"b/m","outcome":"ok"}],"chosen":"b/m")") !=
                  std::string::npos);
        }
    }
}

TEST_CASE("a deployment with prefill is asked to go on from what was sent") {
    for (std::size_t cut = 1; cut < words.size(); ++cut) {
        Cut f(cut);
        f.config.deployments[1].prefill = true;
        std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(cut), words.end());
        rest.front().insert(0, " ");  // the blank that the prefill is without
        f.providers[1]->steps = whole_stream(rest);
        Result<Fleet::Streamed> const told = f.stream();
        REQUIRE(told.has_value());
        CHECK(told->text == joined(words));
        CHECK(told->finished);
        CHECK(says(told->info, "asked to go on"));
        Message const& last = f.providers[1]->requests.back().messages.back();
        CHECK(last.role == Role::assistant);
        std::string sent =
            joined(std::vector<std::string>(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(cut)));
        sent.pop_back();
        CHECK(std::get<TextPart>(last.parts.at(0)).text == sent);
    }
}

TEST_CASE("a deployment that refuses the prefill is asked anew, and it alone") {
    Cut f(3);
    f.config.deployments[1].prefill = true;
    f.providers[1]->refuses_prefill = true;
    Result<Fleet::Streamed> const told = f.stream();
    REQUIRE(told.has_value());
    CHECK(told->text == joined(words));
    CHECK(told->finished);
    CHECK(f.asked(1) == 2);
    CHECK(f.asked(2) == 0);
}

TEST_CASE("a second cut is gone on with too, as long as there are attempts") {
    for (std::size_t first = 1; first < words.size(); ++first) {
        for (std::size_t second = 1; second < words.size(); ++second) {
            Cut f(first);
            f.providers[1]->steps = cut_after(second, failure(Errc::connection, true));
            Result<Fleet::Streamed> const told = f.stream();
            REQUIRE(told.has_value());
            CHECK(told->text == joined(words));
            CHECK(told->finished);
            CHECK(f.asked(2) == 1);
        }
    }
}

TEST_CASE("an answer that does not meet what was sent ends the stream with the partial text") {
    Cut f(3);
    f.providers[1]->steps = whole_stream({"Quite ", "another ", "answer."});
    Result<Fleet::Streamed> const told = f.stream();
    REQUIRE(told.has_value());
    CHECK_FALSE(told->finished);
    REQUIRE(told->error.has_value());
    CHECK(told->error->code == Errc::incomplete);
    CHECK(told->error->message.find("cut at a/m") != std::string::npos);
    CHECK(told->text == "One small step ");
}

TEST_CASE("it is done only where it is asked for, and the call goes before the configuration") {
    for (bool const configured : {false, true}) {
        for (std::optional<bool> const asked :
             {std::optional<bool>(), std::optional<bool>(false), std::optional<bool>(true)}) {
            Cut f(3);
            f.config.resume = configured;
            CallOptions options;
            options.resume = asked;
            Result<Fleet::Streamed> const told = f.stream(1'000'000, options);
            REQUIRE(told.has_value());
            bool const resumed = asked.value_or(configured);
            CHECK(told->finished == resumed);
            CHECK(told->text == (resumed ? joined(words) : "One small step "));
            CHECK(f.asked(1) == (resumed ? 1 : 0));
        }
    }
}

TEST_CASE("what may not go on does not") {
    SUBCASE("replay never") {
        Cut f(3);
        CallOptions options;
        options.replay = Replay::never;
        CHECK_FALSE(f.stream(1'000'000, options)->finished);
        CHECK(f.asked(1) == 0);
    }
    SUBCASE("no attempts left") {
        Cut f(3);
        CallOptions options;
        options.max_retries = 0;
        CHECK_FALSE(f.stream(1'000'000, options)->finished);
        CHECK(f.asked(1) == 0);
    }
    SUBCASE("a call of a tool has begun") {
        Cut f(3);
        ToolCallProgress progress;
        progress.name = "look";
        f.providers[0]->steps.insert(f.providers[0]->steps.begin() + 2, Step(progress));
        CHECK_FALSE(f.stream()->finished);
        CHECK(f.asked(1) == 0);
    }
    SUBCASE("several answers were asked for") {
        Cut f(3);
        f.open();
        auto const task = [](std::shared_ptr<AIProvider> model) -> Task<ChatReply> {
            ChatRequest request("m", "Hello.");
            request.n = 2;
            Task<ChatStream> opening = model->stream_chat(std::move(request));
            Result<ChatStream> opened = co_await std::move(opening);
            if (!opened) co_return opened.error();
            Task<ChatReply> collecting = collect(std::move(*opened));
            co_return co_await std::move(collecting);
        };
        Result<ChatReply> const reply = drive(*f.clock, task(f.router));
        REQUIRE_FALSE(reply.has_value());
        CHECK(f.asked(1) == 0);
    }
    SUBCASE("nobody else is there") {
        Cut f(3);
        f.config.deployments.resize(1);
        Result<Fleet::Streamed> const told = f.stream();
        CHECK_FALSE(told->finished);
        CHECK(told->error->code == Errc::incomplete);
        CHECK(told->text == "One small step ");
    }
}

TEST_CASE("the text of an answer whose end alone was lost is not written further") {
    Cut f(3);
    std::vector<Step> lost = whole_stream(words);
    lost.back() = Step(failure(Errc::connection, true));  // all but Finished
    f.providers[0]->steps = lost;
    f.config.deployments[1].prefill = true;
    Result<Fleet::Streamed> const told = f.stream();
    REQUIRE(told.has_value());
    CHECK(told->finished);
    CHECK(told->text == joined(words));
    CHECK(f.providers[1]->requests.back().messages.back().role == Role::user);
}

TEST_CASE("thoughts of the second answer are not mixed with those of the first") {
    Cut f(2);
    ReasoningDelta thought;
    thought.text = "Hm.";
    f.providers[0]->steps.insert(f.providers[0]->steps.begin() + 1, Step(thought));
    f.providers[1]->steps.insert(f.providers[1]->steps.begin() + 1, Step(thought));
    f.open();
    auto const task = [](std::shared_ptr<AIProvider> model) -> Task<ChatReply> {
        Task<ChatStream> opening = model->stream_chat(ChatRequest("m", "Hello."));
        Result<ChatStream> opened = co_await std::move(opening);
        if (!opened) co_return opened.error();
        Task<ChatReply> collecting = collect(std::move(*opened));
        co_return co_await std::move(collecting);
    };
    Result<ChatReply> const reply = drive(*f.clock, task(f.router));
    REQUIRE(reply.has_value());
    CHECK(reply->text() == joined(words));
    CHECK(reply->complete);
    CHECK(std::get<ReasoningPart>(reply->choices.at(0).message.parts.at(0)).text == "Hm.");
}

}  // namespace aikit::router
