// SPDX-License-Identifier: MIT
// Covers what AIRouter chooses, and what it leaves out.
#include "core/json.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>

namespace aikit::router {
namespace {

std::vector<std::string> order_of(RouteDecision const& decision) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < decision.usable; ++i) names.push_back(decision.candidates[i].deployment);
    return names;
}

std::string left_out(RouteDecision const& decision, std::string const& deployment) {
    for (RouteCandidate const& candidate : decision.candidates) {
        if (candidate.deployment == deployment) return candidate.left_out;
    }
    return "not a candidate";
}

using Names = std::vector<std::string>;

struct Chosen : Fleet {
    RouteDecision decide(ChatRequest const& request = ChatRequest("m", "Hello."),
                         CallOptions const& options = CallOptions(), bool stream = false) {
        open();
        return router->explain(request, options, stream).value();
    }
};

}  // namespace

TEST_CASE("each policy has its order") {
    SUBCASE("ordered") {
        Chosen f;
        CHECK(order_of(f.decide()) == Names{"a/m", "b/m", "c/m"});
    }
    SUBCASE("cheapest") {
        Chosen f;
        std::swap(f.config.deployments[0], f.config.deployments[2]);
        f.config.policy = RoutePolicy::cheapest;
        CHECK(order_of(f.decide()) == Names{"a/m", "b/m", "c/m"});
    }
    SUBCASE("best_quality, then the cheapest") {
        Chosen f;
        f.config.policy = RoutePolicy::best_quality;
        f.config.deployments[2].quality = f.config.deployments[1].quality = 0.9;
        CHECK(order_of(f.decide()) == Names{"b/m", "c/m", "a/m"});
    }
    SUBCASE("local_only") {
        Chosen f;
        f.config.policy = RoutePolicy::local_only;
        f.config.deployments[1].local = true;
        RouteDecision const decision = f.decide();
        CHECK(order_of(decision) == Names{"b/m"});
        CHECK(left_out(decision, "a/m") == "it is not local");
    }
}

TEST_CASE("the fastest is the one with the shortest median, and what is not known is found out first") {
    Fleet f;
    f.config.policy = RoutePolicy::fastest;
    f.providers[0]->takes = milliseconds(300);
    f.providers[1]->takes = milliseconds(100);
    f.providers[2]->takes = milliseconds(200);
    for (int i = 0; i < 3; ++i) REQUIRE(f.chat().has_value());
    for (int i = 0; i < 3; ++i) CHECK(f.asked(static_cast<std::size_t>(i)) == 1);
    for (int i = 0; i < 10; ++i) REQUIRE(f.chat().has_value());
    CHECK(f.asked(1) == 11);
}

TEST_CASE("weights are the shares of the calls") {
    Fleet f;
    f.config.policy = RoutePolicy::weighted;
    f.config.deployments[0].weight = 1;
    f.config.deployments[1].weight = 2;
    f.config.deployments[2].weight = 7;
    f.open();
    std::map<std::string, int> first;
    int const times = 10'000;
    for (int i = 0; i < times; ++i) {
        ++first[f.router->explain(ChatRequest("m", "x"), CallOptions(), false)->candidates[0].deployment];
    }
    // Four standard deviations of a share of a tenth, a fifth, seven tenths.
    CHECK(std::abs(first["a/m"] - 1'000) < 120);
    CHECK(std::abs(first["b/m"] - 2'000) < 160);
    CHECK(std::abs(first["c/m"] - 7'000) < 184);
}

TEST_CASE("the least busy has the fewest calls for its weight") {
    Fleet f;
    f.config.policy = RoutePolicy::least_busy;
    f.config.deployments[1].weight = 3;
    for (auto const& provider : f.providers) provider->steps = whole_stream({"x"});
    f.open();
    auto several = [](std::shared_ptr<AIProvider> model, int count) -> Task<std::vector<ChatStream>> {
        Result<std::vector<ChatStream>> open;
        for (int i = 0; i < count; ++i) {
            Task<ChatStream> opening = model->stream_chat(ChatRequest("m", "x"));
            Result<ChatStream> stream = co_await std::move(opening);
            if (stream) open->push_back(std::move(*stream));
        }
        co_return open;
    };
    Result<std::vector<ChatStream>> const open = drive(*f.clock, several(f.router, 10));
    REQUIRE(open->size() == 10);
    CHECK(f.asked(0) == 2);
    CHECK(f.asked(1) == 6);
    CHECK(f.asked(2) == 2);
}

TEST_CASE("what is asked for has to be taken, and the reason says what is not") {
    ChatRequest picture("m", "What is this?");
    MediaPart part;
    part.kind = MediaPart::Kind::image;
    picture.messages[0].parts.emplace_back(part);
    ChatRequest large("m", std::string(20'000, 'x'));
    ChatRequest wordy("m", "Write a book.");
    wordy.max_tokens = 1'000;
    Chosen f;
    CHECK(left_out(f.decide(picture), "a/m") == "its model does not take: image");
    CHECK(left_out(f.decide(large), "a/m") == "its context window is too small");
    CHECK(left_out(f.decide(wordy), "b/m") == "it cannot write as much as was asked for");
    CHECK(order_of(f.decide(picture)) == Names{"b/m", "c/m"});
}

TEST_CASE("sensitive requests reach local deployments only, and none where there is none") {
    CallOptions options;
    options.privacy = Privacy::sensitive;
    Fleet f;
    Result<ChatReply> const refused = f.chat(options);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::unsupported);
    CHECK(refused.error().message.find("not local") != std::string::npos);
    CHECK(f.asked(0) + f.asked(1) + f.asked(2) == 0);

    Fleet local;
    local.config.deployments[2].local = true;
    local.config.sensitive_local = true;
    CHECK(local.chat(options).value().text() == "from c");
    CHECK(local.ask(ChatRequest("m", "Write to jane.doe@example.org")).value().text() == "from c");
    CHECK(local.ask(ChatRequest("m", "Write to the office")).value().text() == "from a");
    // However often it fails, it goes nowhere else.
    local.providers[2]->error = failure(Errc::server_error);
    CHECK_FALSE(local.chat(options).has_value());
    CHECK(local.asked(0) == 1);
    CHECK(local.asked(1) == 0);
}

TEST_CASE("a region that is asked for is promised by the deployment, or it is left out") {
    CallOptions options;
    options.region = "eu";
    Chosen f;
    f.config.deployments[1].regions = {"us", "eu"};
    f.config.deployments[2].regions = {"us"};
    CHECK(order_of(f.decide(ChatRequest("m", "x"), options)) == Names{"b/m"});
}

TEST_CASE("the least quality of a grade is never undercut") {
    Chosen f;
    f.config.policy = RoutePolicy::cheapest;
    f.config.deployments[2].quality = 0.9;
    f.config.least_quality[RequestGrade::code] = 0.8;
    CHECK(order_of(f.decide(ChatRequest("m", "```\nint x;\n```"))) == Names{"c/m"});
    CHECK(order_of(f.decide(ChatRequest("m", "Hello."))) == Names{"a/m", "b/m", "c/m"});
}

TEST_CASE("balanced weighs cost for what is simple, and quality for what is not") {
    Chosen f;
    f.config.policy = RoutePolicy::balanced;
    f.config.deployments[2].quality = 1.0;
    CHECK(order_of(f.decide(ChatRequest("m", "Hello.")))[0] == "a/m");
    CHECK(order_of(f.decide(ChatRequest("m", "Prove the theorem step by step.")))[0] == "c/m");
}

TEST_CASE("a conversation stays where its prompt is cached as long as that is cheaper") {
    Fleet f;
    f.config.policy = RoutePolicy::sticky;
    ChatRequest request("m", std::string(16'000, 'x'));
    request.max_tokens = 1;
    f.providers[0]->input_tokens = f.providers[1]->input_tokens = 4'000;
    f.providers[1]->error = failure(Errc::server_error);
    // Too long for a, and b fails: so the conversation is read at c, the dearest, which has it for a tenth of a dollar
    // a million tokens from then on.
    f.providers[2]->input_tokens = 4'000;
    REQUIRE(f.ask(request).value().text() == "from c");
    RouteDecision decision = f.router->explain(request, CallOptions(), false).value();
    CHECK(decision.candidates[0].deployment == "c/m");
    CHECK(decision.candidates[0].warm_cache);
    // Another's conversation is not there, nor is this one for ever.
    CallOptions other;
    other.caller.user = "somebody else";
    CHECK(f.router->explain(request, other, false)->candidates[0].deployment == "b/m");
    f.clock->advance(std::chrono::minutes(6));
    CHECK(f.router->explain(request, CallOptions(), false)->candidates[0].deployment == "b/m");
}

TEST_CASE("conversations of one price are spread, and each keeps its place") {
    Fleet f;
    f.config.policy = RoutePolicy::sticky;
    for (std::size_t i = 0; i < 3; ++i) {
        f.config.deployments[i] = Deployment(f.providers[i], "m");
        f.config.deployments[i].price_provider = "a";
    }
    f.open();
    std::map<std::string, int> firsts;
    for (int conversation = 0; conversation < 300; ++conversation) {
        ChatRequest request("m", "Conversation " + std::to_string(conversation));
        std::string const first = f.router->explain(request, CallOptions(), false)->candidates[0].deployment;
        ++firsts[first];
        request.messages.emplace_back(Role::assistant, "Yes?");
        request.messages.emplace_back(Role::user, "Go on.");
        CHECK(f.router->explain(request, CallOptions(), false)->candidates[0].deployment == first);
    }
    for (char const* name : {"a/m", "b/m", "c/m"}) CHECK(firsts[name] > 60);
}

TEST_CASE("a request names a policy, a model, a deployment, or nothing of them") {
    Chosen f;
    f.config.deployments[1].model = "other";
    f.config.deployments[2].quality = 0.9;
    CHECK(order_of(f.decide(ChatRequest("", "x"))) == Names{"a/m", "b/other", "c/m"});
    CHECK(order_of(f.decide(ChatRequest("router", "x"))) == Names{"a/m", "b/other", "c/m"});
    CHECK(order_of(f.decide(ChatRequest("best_quality", "x")))[0] == "c/m");
    CHECK(order_of(f.decide(ChatRequest("other", "x"))) == Names{"b/other"});
    CHECK(order_of(f.decide(ChatRequest("c/m", "x"))) == Names{"c/m"});
    Result<ChatReply> const nobody = f.ask(ChatRequest("cheapst", "x"));
    REQUIRE_FALSE(nobody.has_value());
    CHECK(nobody.error().code == Errc::not_found);
    CHECK(nobody.error().message.find("cheapst") != std::string::npos);
}

TEST_CASE("a deployment that cannot be used is never asked, and the reason is told") {
    Chosen f;
    Deployment keyless;
    keyless.name = "d/m";
    keyless.model = "m";
    keyless.unusable = "it has no key";
    f.config.deployments.insert(f.config.deployments.begin(), keyless);
    RouteDecision const decision = f.decide();
    CHECK(order_of(decision) == Names{"a/m", "b/m", "c/m"});
    CHECK(left_out(decision, "d/m") == "it has no key");
    CHECK(f.chat().value().text() == "from a");
}

TEST_CASE("a decision is JSON that names all candidates, and why each is left out") {
    Chosen f;
    f.config.deployments[1].local = true;
    CallOptions options;
    options.privacy = Privacy::sensitive;
    std::string const text = f.decide(ChatRequest("m", "Hello."), options).to_json();
    Result<json::value> const read = json::parse(text, "route");
    REQUIRE(read.has_value());
    json::array const& candidates = read->at("candidates").as_array();
    REQUIRE(candidates.size() == 3);
    CHECK(candidates[0].at("deployment").as_string() == "b/m");
    CHECK(candidates[0].at("cost_usd").is_string());
    CHECK(candidates[1].at("left_out").as_string() == "the request is sensitive, and it is not local");
    CHECK(read->at("policy").as_string() == "ordered");
    CHECK(read->at("grade").as_string() == "simple");
}

TEST_CASE("names of policies and grades go there and back") {
    for (RoutePolicy const policy : {RoutePolicy::ordered, RoutePolicy::cheapest, RoutePolicy::fastest,
                                     RoutePolicy::best_quality, RoutePolicy::balanced, RoutePolicy::weighted,
                                     RoutePolicy::least_busy, RoutePolicy::sticky, RoutePolicy::local_only}) {
        CHECK(policy_from_name(name(policy)) == policy);
    }
    for (RequestGrade const grade :
         {RequestGrade::simple, RequestGrade::complex_reasoning, RequestGrade::code, RequestGrade::long_context}) {
        CHECK(grade_from_name(name(grade)) == grade);
    }
    CHECK_FALSE(policy_from_name("").has_value());
    CHECK_FALSE(grade_from_name("hard").has_value());
}

}  // namespace aikit::router
