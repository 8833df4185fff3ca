// SPDX-License-Identifier: MIT
// Covers include/aikit/cost/intelligence.hpp: estimates against what providers billed for recorded calls.
#include "core/json.hpp"
#include "cost/image_tokens.hpp"

#include <aikit/cost/intelligence.hpp>
#include <aikit/model/json_form.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/text/tokenizer.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

namespace aikit::cost {
namespace {

CostIntelligence shipped() {
    return CostIntelligence(PriceCatalog::shipped(), std::make_shared<testing::ManualClock>());
}

bool tokenizers_installed() {
    setenv("AIKIT_DATA", AIKIT_DATA_DIR, 0);
    return text::Tokenizer::find(text::Encoding::o200k_base).has_value();
}

/// A recorded chat and what it was billed for.
struct Recorded {
    std::string name;
    std::string provider;
    ChatRequest request;
    std::int64_t input = 0;
    std::int64_t output = 0;
};

void note_usage(json::value const& reply, Recorded& call) {
    json::value const* usage = json::find(reply, "usage");
    if (usage == nullptr) return;
    call.input = json::integer(*usage, "prompt_tokens").value_or(call.input);
    call.output = json::integer(*usage, "completion_tokens").value_or(call.output);
}

/// Chats of a folder of recordings whose reply told its usage.
std::vector<Recorded> recorded(std::string const& provider) {
    std::vector<Recorded> calls;
    std::filesystem::path const folder = std::filesystem::path(AIKIT_SHARED_DIR "/recordings") / provider;
    if (!std::filesystem::exists(folder)) return calls;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".json") continue;
        std::ifstream file(entry.path());
        std::ostringstream text;
        text << file.rdbuf();
        json::value const tape = json::parse(text.str(), "recording").value();
        json::value const* request = json::find(*json::find(tape, "request"), "body");
        json::value const* reply = json::find(*json::find(tape, "response"), "body");
        if (request == nullptr || reply == nullptr || json::member_array(*request, "messages") == nullptr) continue;
        Result<json_form::ChatCall> call = json_form::read_chat(json::serialize(*request));
        if (!call) continue;
        Recorded made;
        made.name = entry.path().stem().string();
        made.provider = provider;
        made.request = call->request;
        note_usage(*reply, made);
        if (reply->is_string()) {
            std::istringstream lines(std::string(reply->as_string()));
            for (std::string line; std::getline(lines, line);) {
                if (!line.starts_with("data:")) continue;
                Result<json::value> const chunk = json::parse(line.substr(line.find_first_not_of(" ", 5)), "chunk");
                if (chunk) note_usage(*chunk, made);
            }
        }
        if (made.input > 0) calls.push_back(std::move(made));
    }
    return calls;
}

std::string png_of(std::uint32_t width, std::uint32_t height) {
    std::string bytes("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
    for (std::uint32_t const side : {width, height}) {
        for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(side >> shift);
    }
    return bytes + std::string(20, '\0');
}

MediaPart picture(std::string bytes, char const* detail = "") {
    MediaPart media;
    media.bytes = std::make_shared<std::string const>(std::move(bytes));
    media.media_type = "image/png";
    media.detail = detail;
    return media;
}

}  // namespace

TEST_CASE("the worst case is never below what recorded calls were billed for") {
    CostIntelligence const costs = shipped();
    int compared = 0;
    for (char const* provider : {"openai", "azure"}) {
        for (Recorded const& call : recorded(provider)) {
            CAPTURE(call.name);
            Result<CostEstimate> const estimate = costs.estimate_request_cost(provider, call.request);
            if (!estimate) continue;  // other makers' models behind the same endpoint
            ++compared;
            CHECK(estimate->input_tokens_at_most >= call.input);
            CHECK(estimate->output_tokens_at_most >= call.output);
            Usage usage;
            usage.input = call.input;
            usage.output = call.output;
            CHECK(estimate->at_most >= costs.price_usage(provider, call.request.model, "", usage).value().cost);
            CHECK(estimate->at_most >= estimate->expected);
        }
    }
    if (compared == 0) {
        MESSAGE("[skipped] ../shared/recordings is not there");
        return;
    }
    CHECK(compared >= 8);
}

TEST_CASE("texts of recorded calls are counted within a tenth, or one token, where the tokenizer is known") {
    if (!tokenizers_installed()) {
        MESSAGE("[skipped] build/data has no rank files; cmake/setup.sh fetches them");
        return;
    }
    CostIntelligence const costs = shipped();
    int exact = 0, good = 0;
    for (char const* provider : {"openai", "azure"}) {
        for (Recorded const& call : recorded(provider)) {
            Result<CostEstimate> const estimate = costs.estimate_request_cost(provider, call.request);
            if (!estimate || !estimate->exact_tokens) continue;
            ++exact;
            std::int64_t const off = std::abs(estimate->input_tokens - call.input);
            good += off * 10 <= call.input || off <= 1 ? 1 : 0;
            CAPTURE(call.name);
            CAPTURE(call.input);
            CHECK(estimate->input_tokens * 4 >= call.input * 3);
        }
    }
    if (exact == 0) {
        MESSAGE("[skipped] ../shared/recordings is not there");
        return;
    }
    CHECK(exact >= 5);
    CHECK(good * 10 >= exact * 9);
}

TEST_CASE("an estimate is the sum of its tokens at the model's price") {
    CostIntelligence const costs = shipped();
    ChatRequest request("gpt-4o", "hello");
    request.max_tokens = 100;
    CostEstimate const estimate = costs.estimate_request_cost("openai", request).value();

    CHECK(estimate.price_id == "openai/gpt-4o#default");
    CHECK(estimate.output_tokens == 100);
    CHECK(estimate.output_tokens_at_most == 100);
    CHECK(estimate.expected.nanos() == estimate.input_tokens * 2'500 + 100 * 10'000);
    CHECK(estimate.at_most.nanos() == estimate.input_tokens_at_most * 2'500 + 100 * 10'000);
    if (tokenizers_installed()) {
        CHECK(estimate.input_tokens == 8);  // three of frame, one of role, one of text, three that open the answer
        CHECK(estimate.exact_tokens);
    }

    request.n = 3;
    CHECK(costs.estimate_request_cost("openai", request).value().output_tokens_at_most == 300);
    request.max_tokens.reset();
    CHECK(costs.estimate_request_cost("openai", request).value().output_tokens == 3 * 256);
    CHECK(costs.estimate_request_cost("openai", request).value().output_tokens_at_most == 3 * 16'384);
    request.model = "gpt-5";
    CHECK(costs.estimate_request_cost("openai", request).value().output_tokens == 3 * 1'024);
}

TEST_CASE("what a provider may search for an answer is in the worst case, as often as it may") {
    std::shared_ptr<PriceCatalog const> const catalog =
        PriceCatalog::parse(R"({"form": 1, "providers": [{"id": "p", "models": [{"id": "m", "match": {"equals": "m"},
            "prices": [{"input": "1", "output": "1", "pieces": {"web_searches": "0.01", "web_searches_high": "0.02"}}]}]}]})")
            .value();
    CostIntelligence const costs(catalog, std::make_shared<testing::ManualClock>());
    auto const at_most = [&](std::string const& tool) {
        ChatRequest request("m", "Who won?");
        request.max_tokens = 10;
        if (!tool.empty()) request.tools.emplace_back().raw = tool;
        CostEstimate const estimate = costs.estimate_request_cost("p", request).value();
        Usage read;
        read.input = estimate.input_tokens_at_most;
        read.output = 10;
        std::int64_t const tokens = costs.price_usage("p", "m", "", read).value().cost.nanos();
        return estimate.at_most.nanos() - tokens;
    };
    CHECK(at_most("") == 0);
    CHECK(at_most(R"({"type":"code_execution"})") == 0);
    CHECK(at_most(R"({"type":"web_search","max_uses":3})") == 3 * 20'000'000);
    CHECK(at_most(R"({"type":"web_search","max_uses":100})") == 100 * 20'000'000);
    CHECK(at_most(R"({"type":"web_search"})") == 32 * 20'000'000);
    CHECK(at_most(R"({"google_search":{}})") == 32 * 20'000'000);
}

TEST_CASE("a model that searches for every request is estimated with its search, and at worst with the dearest") {
    CostIntelligence const costs = shipped();
    ChatRequest request("sonar", "Who won?");
    request.max_tokens = 10;
    CostEstimate const usual = costs.estimate_request_cost("perplexity", request).value();
    CHECK(usual.expected.nanos() == 8'000'000 + (usual.input_tokens + 10) * 1'000);
    CHECK(usual.at_most.nanos() == 12'000'000 + (usual.input_tokens_at_most + 10) * 1'000);
    request.extra = R"({"web_search_options":{"search_context_size":"low"}})";
    CHECK(costs.estimate_request_cost("perplexity", request).value().expected.nanos() ==
          5'000'000 + (usual.input_tokens + 10) * 1'000);
    // Research searches often, and reads what it cites.
    request.model = "sonar-deep-research";
    CHECK(costs.estimate_request_cost("perplexity", request).value().at_most.nanos() >=
          32 * 5'000'000 + 128'000 * 2'000);
}

TEST_CASE("without its tokenizer a text is estimated, and bounded by its bytes") {
    CostIntelligence const costs = shipped();
    std::string const text(4'000, 'x');
    CostEstimate const estimate =
        costs.estimate_request_cost("anthropic", ChatRequest("claude-sonnet-4-5", text)).value();
    CHECK_FALSE(estimate.exact_tokens);
    CHECK(estimate.input_tokens_at_most >= 4'000);
    // Whatever of it is written to the cache costs more than what is just read.
    CHECK(estimate.at_most.nanos() >= 4'000 * 3'750);
    bool exact = true;
    CHECK(costs.count_tokens("anthropic", "claude-sonnet-4-5", "some words here", &exact) > 0);
    CHECK_FALSE(exact);
    CHECK(costs.count_tokens("nobody", "nothing", "some words here", &exact) > 0);
    CHECK_FALSE(exact);
}

TEST_CASE("a request that grows never gets cheaper, and its worst case never below what is expected") {
    CostIntelligence const costs = shipped();
    std::mt19937 random(29);
    char const* const models[][2] = {{"openai", "gpt-4o"},
                                     {"anthropic", "claude-sonnet-4-5"},
                                     {"gemini", "gemini-2.5-pro"},
                                     {"deepseek", "deepseek-chat"},
                                     {"openai", "gpt-4o-mini"}};
    for (auto const& [provider, model] : models) {
        ChatRequest request(model, "x");
        request.max_tokens = 50;
        Money last_expected, last_most;
        for (int step = 0; step < 40; ++step) {
            CostEstimate const estimate = costs.estimate_request_cost(provider, request).value();
            CHECK(estimate.at_most >= estimate.expected);
            CHECK(estimate.input_tokens_at_most >= estimate.input_tokens);
            CHECK(estimate.expected >= last_expected);
            CHECK(estimate.at_most >= last_most);
            last_expected = estimate.expected;
            last_most = estimate.at_most;
            switch (random() % 4) {
                case 0: request.messages.emplace_back(Role::user, std::string(1 + random() % 3'000, 'w')); break;
                case 1:
                    request.messages.back().parts.emplace_back(
                        picture(png_of(1 + random() % 4'000, 1 + random() % 4'000)));
                    break;
                case 2:
                    request.tools.emplace_back();
                    request.tools.back().name = "tool";
                    request.tools.back().parameters = R"({"type":"object","properties":{"a":{"type":"string"}}})";
                    break;
                default: request.max_tokens = *request.max_tokens + 10; break;
            }
        }
    }
}

TEST_CASE("what nobody can bound may fill the window") {
    CostIntelligence const costs = shipped();
    ChatRequest request("gpt-4o", "read this");
    MediaPart document;
    document.kind = MediaPart::Kind::document;
    document.bytes = std::make_shared<std::string const>("%PDF-1.4");
    request.messages.back().parts.emplace_back(document);
    CHECK(costs.estimate_request_cost("openai", request).value().input_tokens_at_most >= 128'000);

    ChatRequest search("gpt-4o", "look it up");
    search.tools.emplace_back();
    search.tools.back().raw = R"({"type":"web_search"})";
    CHECK(costs.estimate_request_cost("openai", search).value().input_tokens_at_most >= 128'000);
}

TEST_CASE("a model without a price, and a request that cannot be, are refused") {
    CostIntelligence const costs = shipped();
    CHECK(costs.estimate_request_cost("openai", ChatRequest("gpt-99", "x")).error().code == Errc::unknown_price);
    ChatRequest request("gpt-4o", "x");
    request.max_tokens = -1;
    CHECK(costs.estimate_request_cost("openai", request).error().code == Errc::invalid_argument);
    request.max_tokens.reset();
    request.n = 0;
    CHECK(costs.estimate_request_cost("openai", request).error().code == Errc::invalid_argument);
    CHECK(costs.price_usage("openai", "gpt-4o", "priority", Usage()).value().price_id == "openai/gpt-4o#priority");
    CHECK(costs.estimate_request_cost("ollama", ChatRequest("llama", "x")).value().at_most == Money());
}

TEST_CASE("embeddings cost their input alone") {
    CostIntelligence const costs = shipped();
    EmbedRequest request;
    request.model = "text-embedding-3-small";
    request.inputs.emplace_back(TextPart("hello"));
    request.inputs.emplace_back(TextPart("hello world"));
    CostEstimate const estimate = costs.estimate_request_cost("openai", request).value();
    CHECK(estimate.output_tokens_at_most == 0);
    CHECK(estimate.expected.nanos() == estimate.input_tokens * 20);
    if (tokenizers_installed()) CHECK(estimate.input_tokens == 3);
}

TEST_CASE("an image's size is read from its header, and broken headers say nothing") {
    auto const size_of = [](std::string const& bytes) {
        std::optional<ImageSize> const size = image_size(bytes);
        return size ? std::to_string(size->width) + "x" + std::to_string(size->height) : "none";
    };
    std::string const gif("GIF89a\x40\x01\xF0\x00\x80\x00\x00", 13);
    std::string const jpeg("\xFF\xD8\xFF\xE0\x00\x04zz\xFF\xFF\xC2\x00\x11\x08\x01\x2C\x02\x58\x03zzzzzzzz", 27);
    std::string const lossy("RIFF\x20\x00\x00\x00WEBPVP8 \x14\x00\x00\x00\x10\x02\x00\x9D\x01\x2A\x20\x03\x58\x02zz",
                            32);
    std::string const lossless("RIFF\x20\x00\x00\x00WEBPVP8L\x14\x00\x00\x00\x2F\x1F\xC3\x95\x00zzzzz", 30);
    std::string const extended("RIFF\x20\x00\x00\x00WEBPVP8X\x0A\x00\x00\x00\x00\x00\x00\x00\x1F\x03\x00\x57\x02\x00",
                               30);
    CHECK(size_of(png_of(800, 600)) == "800x600");
    CHECK(size_of(gif) == "320x240");
    CHECK(size_of(jpeg) == "600x300");
    CHECK(size_of(lossy) == "800x600");
    CHECK(size_of(lossless) == "800x600");
    CHECK(size_of(extended) == "800x600");
    CHECK(size_of(png_of(0, 600)) == "none");
    for (std::string const& whole : {png_of(800, 600), gif, jpeg, lossy, lossless, extended}) {
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            std::string const size = size_of(whole.substr(0, cut));
            bool const honest = size == "none" || size == size_of(whole);
            CHECK(honest);
        }
    }
    CHECK(size_of("no image at all") == "none");
}

TEST_CASE("images cost what OpenAI's guide says") {
    auto const tokens = [](char const* model, std::int64_t width, std::int64_t height, char const* detail = "high") {
        return image_tokens("openai", model, ImageSize{width, height}, detail).expected;
    };
    // The guide's own examples.
    CHECK(tokens("gpt-4o", 1024, 1024) == 765);
    CHECK(tokens("gpt-4o", 2048, 4096) == 1105);
    CHECK(tokens("gpt-4o", 4096, 8192, "low") == 85);
    CHECK(tokens("gpt-4.1-mini-2025-04-14", 1024, 1024) == 1024 * 162 / 100);
    CHECK(tokens("gpt-4o", 1, 1) == 255);
    for (char const* model : {"gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-nano", "o1", "gpt-5", "gpt-5-mini",
                              "claude-x", "gemini-x", "other"}) {
        std::int64_t const bound = image_tokens("openai", model, std::nullopt, "").at_most;
        for (std::int64_t side = 1; side <= 20'000; side = side * 3 / 2 + 1) {
            ImageTokens const image = image_tokens("openai", model, ImageSize{side, 20'001 - side}, "high");
            bool const bounded = image.expected <= image.at_most && image.at_most <= bound && image.expected > 0;
            CHECK_MESSAGE(bounded, model << " " << side);
        }
    }
}

}  // namespace aikit::cost
