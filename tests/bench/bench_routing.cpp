// SPDX-License-Identifier: MIT
// tests/bench/bench_routing.cpp - what each routing policy costs on a trace of mixed requests, by the shipped prices.
//
//   bench_routing [SHARED]     ../shared when it is not named
//
// The trace: the recorded requests in OpenAI's form, the judged questions with the passages that answer them, and such
// questions with the whole document before them. Nothing is sent: each is priced where the router would send it, with
// the tokens of its answer (recorded, or those of the passages). The qualities are an example of what a user might
// configure; what they have to be for each grade is held from outside the router.
#include "bench.hpp"
#include "core/json.hpp"

#include <aikit/cost/catalog.hpp>
#include <aikit/model/json_form.hpp>
#include <aikit/router/router.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using namespace aikit;
using router::RequestGrade;
using router::RoutePolicy;

struct Asked {
    ChatRequest request;
    std::int64_t answer = 0;  // tokens
};

std::string read_file(std::filesystem::path const& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

constexpr std::int64_t bytes_of_token = 4, usual_answer = 150;

/// The tokens that the recorded answer was counted with; a usual number where it does not say.
std::int64_t recorded_answer(std::string_view body) {
    constexpr std::string_view key = "\"completion_tokens\":";
    std::size_t const at = body.rfind(key);
    if (at == std::string_view::npos) return usual_answer;
    std::int64_t const tokens = std::atoll(std::string(body.substr(at + key.size(), 12)).c_str());
    return tokens > 0 ? tokens : usual_answer;
}

void add_recorded(std::filesystem::path const& shared, std::vector<Asked>& trace) {
    std::vector<std::filesystem::path> files;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(shared / "recordings")) {
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (std::filesystem::path const& file : files) {
        Result<json::value> const recorded = json::parse(read_file(file), "a recording");
        json::value const* const request = recorded ? json::find(*recorded, "request") : nullptr;
        json::value const* const response = recorded ? json::find(*recorded, "response") : nullptr;
        json::value const* const body = request != nullptr ? json::find(*request, "body") : nullptr;
        if (body == nullptr || !body->is_object() || response == nullptr) continue;
        if (!json::text(*request, "path").value_or("").ends_with("/chat/completions")) continue;
        if (json::integer(*response, "status") != 200) continue;
        Result<json_form::ChatCall> call = json_form::read_chat(json::serialize(*body));
        if (!call) continue;
        Asked one;
        one.request = std::move(call->request);
        one.answer = recorded_answer(json::text(*response, "body").value_or(""));
        trace.push_back(std::move(one));
    }
}

void add_questions(std::filesystem::path const& shared, std::vector<Asked>& trace) {
    std::map<std::string, std::string> documents;
    std::istringstream lines(read_file(shared / "data/chunking/questions.jsonl"));
    constexpr int one_in = 20;
    int count = 0;
    for (std::string line; std::getline(lines, line);) {
        Result<json::value> const parsed = json::parse(line, "a question");
        if (!parsed) continue;
        std::string const question(json::text(*parsed, "question").value_or(""));
        std::string const corpus(json::text(*parsed, "corpus").value_or(""));
        std::string passages;
        json::array const* const references = json::member_array(*parsed, "references");
        if (references == nullptr || question.empty()) continue;
        for (json::value const& reference : *references) {
            passages += std::string(json::text(reference, "content").value_or("")) + "\n";
        }
        bool const whole = count++ % one_in == 0;
        std::string const file = (shared / "data/chunking/corpora" / (corpus + ".md")).string();
        if (whole && documents[corpus].empty()) documents[corpus] = read_file(file);
        Asked one;
        one.request = ChatRequest("", (whole ? documents[corpus] : passages) + "\n" + question);
        one.answer = static_cast<std::int64_t>(passages.size()) / bytes_of_token + 1;
        trace.push_back(std::move(one));
    }
}

class Named final : public AIProvider {
public:
    explicit Named(std::string name) : name_(std::move(name)) {}
    std::string const& name() const noexcept override { return name_; }

private:
    std::string const name_;
};

struct Model {
    char const* provider;
    char const* name;
    double quality;
};
constexpr Model models[] = {
    {"anthropic", "claude-sonnet-4-5", 0.95}, {"gemini", "gemini-2.5-pro", 0.92},   {"openai", "gpt-4.1", 0.85},
    {"anthropic", "claude-haiku-4-5", 0.78},  {"gemini", "gemini-2.5-flash", 0.75}, {"openai", "gpt-4.1-mini", 0.7},
    {"openai", "gpt-4o-mini", 0.6},           {"openai", "gpt-4.1-nano", 0.5}};

std::map<RequestGrade, double> const least{
    {RequestGrade::code, 0.75}, {RequestGrade::complex_reasoning, 0.9}, {RequestGrade::long_context, 0.7}};

struct Sum {
    std::int64_t asked = 0, refused = 0, broken = 0, unfit = 0;
    double usd = 0, quality = 0, cpu = 0;
};

Sum run(Runtime const& runtime, std::shared_ptr<cost::PriceCatalog const> const& catalog, RoutePolicy policy,
        bool constrained, std::vector<Asked> const& trace) {
    router::RouterConfig config;
    config.policy = policy;
    config.costs = std::make_shared<cost::CostIntelligence const>(catalog, runtime.clock());
    if (constrained) config.least_quality = least;
    for (Model const& model : models) {
        config.deployments.emplace_back(std::make_shared<Named>(model.provider), model.name);
        config.deployments.back().quality = model.quality;
    }
    auto const router = router::AIRouter::create(runtime, std::move(config)).value();
    Sum sum;
    double const begun = bench::cpu_seconds();
    for (Asked const& one : trace) {
        ChatRequest request = one.request;
        request.model.clear();
        Result<router::RouteDecision> const decision = router->explain(request, CallOptions(), false);
        ++sum.asked;
        if (!decision || decision->usable == 0) {
            ++sum.refused;
            continue;
        }
        std::string const& chosen = decision->candidates.front().deployment;
        Model const& model = *std::find_if(std::begin(models), std::end(models), [&](Model const& each) {
            return chosen == std::string(each.provider) + "/" + each.name;
        });
        cost::PriceQuery query;
        query.provider = model.provider;
        query.model = model.name;
        query.at = runtime.clock()->system_now();
        Result<cost::PriceEntry> const entry = catalog->find(query);
        Usage usage;
        usage.input = decision->analysis.input_tokens;
        usage.output = one.answer;
        Result<Money> const cost = entry ? cost::cost_of(*entry, usage) : Result<Money>(entry.error());
        if (!cost) {
            std::cerr << chosen << ": " << cost.error().message << "\n";
            std::exit(1);
        }
        sum.usd += static_cast<double>(cost->nanos()) / 1e9;
        sum.quality += model.quality;
        auto const needed = least.find(decision->analysis.grade);
        if (needed != least.end() && model.quality < needed->second) ++sum.broken;
        if (entry->context_window && usage.input > *entry->context_window) ++sum.unfit;
    }
    sum.cpu = bench::cpu_seconds() - begun;
    return sum;
}

}  // namespace

int main(int count, char** arguments) {
    std::filesystem::path const shared = count > 1 ? arguments[1] : "../shared";
    if (!std::filesystem::is_directory(shared)) {
        std::cerr << "there is no folder " << shared << "; name the one with recordings and data\n";
        return 2;
    }
    std::vector<Asked> trace;
    add_recorded(shared, trace);
    std::size_t const recorded = trace.size();
    add_questions(shared, trace);
    RuntimeConfig how;
    how.io = 0;
    Runtime runtime = Runtime::create(how).value();
    auto const catalog = cost::PriceCatalog::shipped();
    bench::print({{"trace", std::int64_t(trace.size())},
                  {"recorded", std::int64_t(recorded)},
                  {"questions", std::int64_t(trace.size() - recorded)}});
    double const best = run(runtime, catalog, RoutePolicy::best_quality, true, trace).usd;
    double const cheapest = run(runtime, catalog, RoutePolicy::cheapest, false, trace).usd;
    int broken = 0;
    for (bool const constrained : {false, true}) {
        for (RoutePolicy const policy :
             {RoutePolicy::best_quality, RoutePolicy::balanced, RoutePolicy::cheapest, RoutePolicy::sticky}) {
            Sum const sum = run(runtime, catalog, policy, constrained, trace);
            double const answered = static_cast<double>(std::max<std::int64_t>(sum.asked - sum.refused, 1));
            bench::print({{"policy", std::string(name(policy))},
                          {"least_quality", std::string(constrained ? "held" : "none")},
                          {"usd", sum.usd},
                          {"saved_against_best_percent", 100 * (1 - sum.usd / best)},
                          {"above_cheapest_percent", 100 * (sum.usd / cheapest - 1)},
                          {"mean_quality", sum.quality / answered},
                          {"below_least_quality", sum.broken},
                          {"beyond_window", sum.unfit},
                          {"refused", sum.refused},
                          {"us_per_decision", sum.cpu / static_cast<double>(sum.asked) * 1e6}});
            if (constrained && (sum.broken > 0 || sum.refused > 0)) ++broken;
            if (sum.unfit > 0) ++broken;
        }
    }
    runtime.close();
    return broken == 0 ? 0 : 1;
}
