// SPDX-License-Identifier: MIT
// Covers src/policy/response_cache_question.hpp and semantic hits: no question gets the answer to another one.
#include "policy/response_cache_question.hpp"

#include "golden/plain_json.hpp"
#include "response_cache_support.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

namespace aikit::policy {
namespace {

using aikit_test::Json;

Json questions() {
    std::ifstream file(AIKIT_SOURCE_DIR "/tests/vectors/cache_questions.json");
    return Json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
}

/// Embeds every text as the same vector: nothing but the rules tells questions apart.
class Blind final : public AIProvider {
public:
    using AIProvider::embed;

    std::string const& name() const noexcept override { return name_; }

    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        inputs.push_back(std::move(request));
        calls.push_back(std::move(options));
        if (fails) co_return failure(Errc::server_error);
        EmbedReply reply;
        reply.vectors = {vector};
        reply.info.attempts.emplace_back();
        reply.info.cost = Money::nanos(7);
        reply.info.cost_exact = true;
        co_return reply;
    }

    std::vector<float> vector{3, 4};
    bool fails = false;
    std::vector<EmbedRequest> inputs;
    std::vector<CallOptions> calls;

private:
    std::string name_ = "blind";
};

struct SemanticBench : Bench {
    explicit SemanticBench(std::shared_ptr<Blind> blind_ = std::make_shared<Blind>())
        : Bench(config(blind_)), blind(std::move(blind_)) {}

    static ResponseCacheConfig config(std::shared_ptr<Blind> const& blind) {
        ResponseCacheConfig made;
        made.semantic.emplace();
        made.semantic->embedder = blind;
        made.semantic->model = "e-1";
        return made;
    }

    std::shared_ptr<Blind> blind;
};

constexpr char const* asked = "How do I reset my password?";
constexpr char const* asked_anew = "Please tell me how I reset my password.";

}  // namespace

TEST_CASE("no contradiction is served, however close its embedding is") {
    Json const all = questions();
    REQUIRE(all["contradictions"].items.size() >= 60);
    for (Json const& pair : all["contradictions"].items) {
        std::string const a = pair.items.at(0).text, b = pair.items.at(1).text;
        CAPTURE(a);
        CAPTURE(b);
        CHECK(!may_share_answer(marks_of(a), marks_of(b)));
        CHECK(!may_share_answer(marks_of(b), marks_of(a)));
    }
}

TEST_CASE("most questions that are put anew may share their answer") {
    Json const all = questions();
    std::size_t const count = all["paraphrases"].items.size();
    REQUIRE(count >= 40);
    std::size_t served = 0;
    for (Json const& pair : all["paraphrases"].items) {
        std::string const a = pair.items.at(0).text, b = pair.items.at(1).text;
        CAPTURE(a);
        CAPTURE(b);
        bool const may = may_share_answer(marks_of(a), marks_of(b));
        CHECK(may == may_share_answer(marks_of(b), marks_of(a)));
        CHECK(may_share_answer(marks_of(a), marks_of(a)));
        served += may ? 1 : 0;
    }
    MESSAGE(served << " of " << count << " paraphrases");
    CHECK(served * 10 >= count * 6);
}

TEST_CASE("what was asked in other words is answered at the price of its embedding") {
    SemanticBench bench;
    Result<ChatReply> const first = bench.chat(question(asked));
    REQUIRE(first.has_value());
    CHECK(first->info.cache == "miss");
    CHECK(first->info.cost == Money::nanos(1'000'000'007));
    CHECK(first->info.attempts.size() == 2);
    Result<ChatReply> const again = bench.chat(question(asked_anew));
    REQUIRE(again.has_value());
    CHECK(again->info.cache == "hit");
    CHECK(again->info.cost == Money::nanos(7));
    CHECK(again->info.attempts.size() == 1);
    CHECK(bench.asked() == 1);
    CHECK(bench.cache->statistics().semantic_hits == 1);
    CHECK(bench.stream(question(asked_anew))->info.cache == "hit");
    CHECK(bench.chat(question("How do I reset your password?"))->info.cache == "miss");
}

TEST_CASE("other circumstances are other questions") {
    struct Case {
        char const* what;
        std::function<void(ChatRequest&, CallOptions&)> other;
    };
    for (Case const &one : std::vector<Case>{
             {"a system message",
              [](ChatRequest&request, CallOptions&) {
                  request.messages.emplace(request.messages.begin(), Role::system, "Be rude.");
              }},
             {"another model", [](ChatRequest&request, CallOptions&) { request.model = "m-2"; }},
             {"another parameter", [](ChatRequest&request, CallOptions&) { request.temperature = 1; }},
             {"another tenant", [](ChatRequest&, CallOptions&options) { options.caller.tenant = "x"; }},
             {"another user", [](ChatRequest&, CallOptions&options) { options.caller.user = "x"; }},
             {"a tool", [](ChatRequest&request, CallOptions&) { request.tools.resize(1); }},
             {"an image",
              [](ChatRequest&request, CallOptions&) { request.messages.back().parts.emplace_back(MediaPart()); }},
             {"an earlier turn",
              [](ChatRequest&request,
                 CallOptions&) { request.messages.emplace(request.messages.begin(), Role::assistant, "Hello."); }},
             {"privacy", [](ChatRequest&, CallOptions&options) { options.privacy = Privacy::sensitive; }}}) {
        CAPTURE(one.what);
        SemanticBench bench;
        bench.chat(question(asked)).value();
        ChatRequest request = question(asked_anew);
        CallOptions options;
        one.other(request, options);
        CHECK(bench.chat(request, options)->info.cache == "miss");
    }
}

TEST_CASE("what is not close enough is asked for") {
    SemanticBench bench;
    bench.chat(question(asked)).value();
    bench.blind->vector = {4, 3};  // cosine 0.96
    CHECK(bench.chat(question(asked_anew))->info.cache == "hit");
    bench.blind->vector = {5, 3};  // (15 + 12) / (5 * 5.831) = 0.926
    CHECK(bench.chat(question("So, how do I reset my password?"))->info.cache == "miss");
}

TEST_CASE("an embedding that fails, or is no vector, fails no call") {
    SemanticBench bench;
    bench.blind->fails = true;
    CHECK(bench.chat(question(asked))->info.cache == "miss");
    CHECK(bench.cache->statistics().failed_embeddings == 1);
    bench.blind->fails = false;
    bench.blind->vector = {0, 0};
    CHECK(bench.chat(question(asked_anew))->info.cache == "miss");
}

TEST_CASE("what is no longer kept is not found in other words either") {
    SemanticBench bench;
    bench.chat(question(asked)).value();
    bench.clock->advance(hours(25));
    CHECK(bench.chat(question(asked_anew))->info.cache == "miss");
    REQUIRE(drive(*bench.clock, bench.cache->clear()).has_value());
    CHECK(bench.chat(question(asked))->info.cache == "miss");
}

TEST_CASE("the oldest questions are forgotten for want of room, in all and among equals") {
    auto const made = [](std::uint8_t circumstances, std::uint8_t key) {
        QuestionIndex::Question question;
        question.circumstances[0] = std::byte{circumstances};
        question.key[0] = std::byte{key};
        question.vector = {1, 0};
        question.marks = marks_of(asked);
        return question;
    };
    QuestionIndex index(3, 2);
    for (std::uint8_t key : {1, 2, 3}) index.put(made(1, key));
    CHECK(index.size() == 2);
    CHECK(index.find(made(1, 9), 0.9).size() == 2);
    index.put(made(1, 3));
    CHECK(index.size() == 2);
    for (std::uint8_t key : {4, 5}) index.put(made(2, key));
    CHECK(index.size() == 3);
    CHECK(index.find(made(1, 9), 0.9).size() == 1);
    index.remove([](QuestionIndex::Question const&) { return true; });
    CHECK(index.find(made(2, 9), 0.9).empty());
}

}  // namespace aikit::policy
