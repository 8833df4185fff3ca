// SPDX-License-Identifier: MIT
// Covers src/policy/settlement.cpp: what a recorded stream delivered before it was cut is counted as OpenAI's own
// tiktoken counts it (tests/golden/cuts.jsonl, made by tests/golden/make_cuts.py).
#include "unit/provider/openai_support.hpp"

#include <aikit/policy/meter.hpp>
#include <aikit/text/tokenizer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

namespace aikit::policy {
namespace {

struct Cut {
    std::string recording;
    std::string model;
    std::size_t at = 0;
    std::int64_t text = 0;
    std::int64_t tokens = 0;
    std::optional<std::int64_t> told;  // by the provider, before the cut
};

std::vector<Cut> cuts() {
    std::vector<Cut> all;
    auto const golden = std::filesystem::path(AIKIT_SOURCE_DIR) / "tests/golden/cuts.jsonl";
    for (boost::json::object const& line : aikit_test::read_json_lines(golden)) {
        Cut cut;
        cut.recording = aikit_test::text_of(line, "recording");
        cut.model = aikit_test::text_of(line, "model");
        cut.at = static_cast<std::size_t>(line.at("at").as_int64());
        cut.text = line.at("text").as_int64();
        cut.tokens = line.at("tokens").as_int64();
        if (line.at("told").is_int64()) cut.told = line.at("told").as_int64();
        all.push_back(std::move(cut));
    }
    return all;
}

/// What came of a recorded stream that was cut.
struct Outcome {
    std::optional<Errc> error;
    std::int64_t text = 0;  // bytes that the caller got
    CallInfo info;
};

Task<Outcome> pull(std::shared_ptr<AIProvider> model, std::string name) {
    Task<ChatStream> opening = model->stream_chat(ChatRequest(std::move(name), "Say hello."), CallOptions());
    Result<ChatStream> stream = co_await std::move(opening);
    if (!stream) co_return stream.error();
    Outcome outcome;
    for (;;) {
        Result<std::optional<ChatEvent>> event = co_await stream->next();
        if (!event) outcome.error = event.error().code;
        if (!event || !*event) break;
        if (auto const* text = std::get_if<TextDelta>(&**event)) {
            outcome.text += static_cast<std::int64_t>(text->text.size());
        } else if (auto const* refusal = std::get_if<RefusalDelta>(&**event)) {
            outcome.text += static_cast<std::int64_t>(refusal->text.size());
        }
    }
    outcome.info = stream->info();
    co_return outcome;
}

Outcome play(testing::Recording const& recording, Cut const& cut, testing::Ending ending) {
    aikit_test::FakeOpenAi fake;
    testing::FakeReply reply = recording.reply;
    reply.deliver = cut.at;
    reply.ending = ending;
    fake.transport->reply(std::move(reply));
    MeterConfig config;
    config.costs = std::make_shared<cost::CostIntelligence const>(cost::PriceCatalog::shipped(), fake.clock);
    config.clock = fake.clock;
    config.price_provider = "openai";
    std::shared_ptr<AIProvider> const metered = make_meter(fake.provider, std::move(config)).value();
    return testing::run(pull(metered, cut.model)).value();
}

}  // namespace

TEST_CASE("a recorded stream that is cut counts what it delivered, within two in a hundred or two tokens") {
    setenv("AIKIT_DATA", AIKIT_DATA_DIR, 0);
    if (!text::Tokenizer::find(text::Encoding::o200k_base) || !text::Tokenizer::find(text::Encoding::cl100k_base)) {
        MESSAGE("[skipped] the rank files are not installed");
        return;
    }
    if (!std::filesystem::exists(aikit_test::recordings_folder())) {
        MESSAGE("[skipped] there are no recordings beside the repository");
        return;
    }
    std::set<std::string> played;
    std::int64_t counted = 0;
    for (Cut const& cut : cuts()) {
        std::string const document = aikit_test::read_file(aikit_test::recordings_folder() / cut.recording);
        testing::Recording const recording = testing::parse_recording(document).value();
        for (auto const ending : {testing::Ending::cut, testing::Ending::reset}) {
            Outcome const outcome = play(recording, cut, ending);
            CAPTURE(cut.recording);
            CAPTURE(cut.at);
            CHECK(outcome.error.has_value());
            CHECK(outcome.text == cut.text);
            REQUIRE(outcome.info.attempts.size() == 1);
            Usage const& usage = outcome.info.attempts.front().usage;
            CHECK(outcome.info.usage.output == usage.output);
            if (cut.told) {
                CHECK(usage.output == *cut.told);
                continue;
            }
            CHECK(usage.estimated);
            ++counted;
            std::int64_t const slack = std::max<std::int64_t>(2, cut.tokens / 50);
            CHECK(std::abs(usage.output - cut.tokens) <= slack);
        }
        played.insert(cut.recording);
    }
    CHECK(played.size() >= 6);
    CHECK(counted >= 180);
}

}  // namespace aikit::policy
