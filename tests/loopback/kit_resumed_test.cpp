// SPDX-License-Identifier: MIT
// Answers that were recorded of every dialect, cut after each tenth of their pieces and gone on with by a router.
#include "golden/recordings.hpp"
#include "kit_support.hpp"

#include <aikit/router/router.hpp>
#include <aikit/testing/scripted_provider.hpp>

namespace aikit_test {
namespace {

using aikit::Result;
using aikit::Task;
using aikit::testing::ScriptedProvider;
using aikit::testing::ScriptedReply;
using Pieces = std::vector<std::string>;

std::string joined(Pieces const& pieces, std::size_t first, std::size_t last) {
    std::string all;
    for (std::size_t i = first; i < last; ++i) all += pieces[i];
    return all;
}

/// The pieces of text in which a recorded stream came, through its dialect.
Pieces pieces_of_stream(Kit& kit) {
    Pieces pieces;
    Result<ChatStream> stream = aikit::sync::wait(kit, kit.stream_chat(ChatRequest("m", "Hi"), CallOptions()));
    if (!stream) return {};
    auto events = aikit::sync::events(kit, std::move(*stream));
    for (Result<aikit::ChatEvent>& next : events) {
        if (!next) return {};
        auto const* const text = std::get_if<aikit::TextDelta>(&*next);
        if (text != nullptr && text->choice == 0) pieces.push_back(text->text);
        // Half a call of a tool is not gone on with.
        if (std::holds_alternative<aikit::ToolCallProgress>(*next)) return {};
    }
    return pieces;
}

/// The text of a recorded answer that came whole, in words.
Pieces pieces_of_reply(Kit& kit) {
    Result<ChatReply> const reply = aikit::sync::wait(kit, kit.chat(ChatRequest("m", "Hi"), CallOptions()));
    Pieces pieces;
    std::string const text = reply ? reply->text() : std::string();
    for (std::size_t at = 0; at < text.size();) {
        std::size_t const end = std::min(text.find(' ', at), text.size() - 1) + 1;
        pieces.push_back(text.substr(at, end - at));
        at = end;
    }
    return pieces;
}

struct Answers {
    std::vector<Pieces> streamed, whole;
};

Answers recorded_answers() {
    struct Spoken {
        Form form;
        std::string type, base, api;
    };
    Answers all;
    Reply next;
    LoopbackServer server([&](ServerRequest const&) { return next; });
    for (Spoken const& spoken :
         {Spoken{Form::openai, "openai", "/v1", {}}, Spoken{Form::responses, "openai", "/v1", "responses"},
          Spoken{Form::anthropic, "anthropic", "", {}}, Spoken{Form::gemini, "gemini", "/v1beta", {}},
          Spoken{Form::ollama, "ollama", "", {}}}) {
        Kit kit = open_kit(server.url(spoken.base), {}, spoken.type, spoken.api);
        for (std::string const folder :
             {"anthropic", "azure", "huggingface", "ollama", "openai", "openai-compat", "vertex"}) {
            for (Recorded const& one : recordings(folder)) {
                if (form_of(one) != spoken.form || one.status != 200) continue;
                bool const streamed = is_streamed(one);
                next = streamed ? Reply::chunked(200, {one.body}) : Reply::whole(200, one.body);
                Pieces pieces = streamed ? pieces_of_stream(kit) : pieces_of_reply(kit);
                if (!pieces.empty()) (streamed ? all.streamed : all.whole).push_back(std::move(pieces));
            }
        }
    }
    return all;
}

struct Told {
    std::string text;
    std::optional<aikit::Error> error;
    aikit::CallInfo info;
};

Task<Told> read_to_end(std::shared_ptr<aikit::AIProvider> model) {
    Task<ChatStream> opening = model->stream_chat(ChatRequest("m", "Hi"));
    Result<ChatStream> stream = co_await std::move(opening);
    if (!stream) co_return stream.error();
    Result<Told> told;
    for (;;) {
        Task<std::optional<aikit::ChatEvent>> pending = stream->next();
        Result<std::optional<aikit::ChatEvent>> const event = co_await std::move(pending);
        if (!event) told->error = event.error();
        if (!event || !*event) break;
        if (auto const* const text = std::get_if<aikit::TextDelta>(&**event)) told->text += text->text;
    }
    told->info = stream->info();
    co_return told;
}

enum class Second { same, prefilled, otherwise, unrelated };

/// What one answer came to, cut after so many pieces, with a second deployment that answers in this way.
Told resumed(aikit::Runtime const& runtime, Pieces const& pieces, std::size_t cut, Second way) {
    auto const first = ScriptedProvider::create("first", runtime);
    auto const second = ScriptedProvider::create("second", runtime);
    ScriptedReply lost;
    lost.pieces.assign(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(cut));
    lost.fail_after = static_cast<int>(cut) + 1;  // the reply's beginning, and the pieces
    first->add(std::move(lost));
    std::string sent = joined(pieces, 0, cut);
    ScriptedReply answer;
    switch (way) {
        case Second::same: answer.pieces = pieces; break;
        case Second::prefilled: {
            sent.erase(sent.find_last_not_of(" \n\t\r") + 1);
            answer.pieces = {joined(pieces, 0, pieces.size()).substr(sent.size())};
            break;
        }
        case Second::otherwise:
            answer.pieces = {"As far as is known:\n"};
            answer.pieces.insert(answer.pieces.end(), pieces.begin(), pieces.end());
            break;
        case Second::unrelated: answer.pieces = {"@", "It ", "is ", "otherwise."}; break;
    }
    std::erase(answer.pieces, std::string());
    second->add(std::move(answer));
    aikit::router::RouterConfig config;
    config.resume = true;
    config.deployments.emplace_back(first, "m");
    config.deployments.emplace_back(second, "m");
    config.deployments.back().prefill = way == Second::prefilled;
    config.costs =
        std::make_shared<aikit::cost::CostIntelligence const>(aikit::cost::PriceCatalog::shipped(), runtime.clock());
    auto const router = aikit::router::AIRouter::create(runtime, std::move(config)).value();
    return aikit::sync::wait(runtime, read_to_end(router)).value();
}

bool is_flagged(Told const& told) {
    return std::any_of(told.info.warnings.begin(), told.info.warnings.end(),
                       [](std::string const& warning) { return warning.find("was cut at first/m") != warning.npos; });
}

}  // namespace

TEST_CASE("recorded answers that are cut after each tenth go on elsewhere as they would have, or are said not to") {
    if (!std::filesystem::is_directory(recordings_folder())) {
        MESSAGE("[skipped] there are no recordings beside the repository");
        return;
    }
    Answers answers = recorded_answers();
    std::size_t const streamed = answers.streamed.size();
    std::vector<Pieces> all = std::move(answers.streamed);
    all.insert(all.end(), answers.whole.begin(), answers.whole.end());
    aikit::Runtime runtime = aikit::Runtime::create(aikit::RuntimeConfig()).value();
    std::size_t cuts = 0, met = 0, ended = 0;
    for (Pieces const& pieces : all) {
        std::string const clean = joined(pieces, 0, pieces.size());
        CAPTURE(clean);
        std::size_t before = 0;
        for (std::size_t tenth = 1; tenth <= 9; ++tenth) {
            std::size_t const cut = pieces.size() * tenth / 10;
            if (cut == before) continue;
            before = cut;
            CAPTURE(cut);
            std::string const sent = joined(pieces, 0, cut);
            ++cuts;
            for (Second const way : {Second::same, Second::prefilled}) {
                Told const told = resumed(runtime, pieces, cut, way);
                REQUIRE_FALSE(told.error.has_value());
                REQUIRE(told.text == clean);
                REQUIRE(is_flagged(told));
            }
            Told const otherwise = resumed(runtime, pieces, cut, Second::otherwise);
            if (otherwise.error) {
                REQUIRE(otherwise.error->code == Errc::incomplete);
                REQUIRE(otherwise.text == sent);
                ++ended;
            } else {
                REQUIRE(otherwise.text == clean);
                REQUIRE(is_flagged(otherwise));
                ++met;
            }
            Told const unrelated = resumed(runtime, pieces, cut, Second::unrelated);
            REQUIRE(unrelated.error.has_value());
            REQUIRE(unrelated.text == sent);
        }
    }
    runtime.close();
    MESSAGE(streamed << " recorded streams and " << all.size() - streamed << " whole answers, " << cuts
                     << " cuts; worded otherwise " << met << " met what was sent, " << ended << " did not");
    CHECK(streamed > 60);
    CHECK(cuts > 1'000);
    CHECK(met > ended);
}

}  // namespace aikit_test
