// SPDX-License-Identifier: MIT
// fault/calls.cpp - calls in four dialects, a part of them over the proxy, a tenth of them with a fault.
#include "calls.hpp"

#include "sabotage.hpp"
#include "script.hpp"

#include <aikit/aikit.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>

#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <random>
#include <stdexcept>

namespace lab {
namespace {

constexpr int concurrency = 64;
constexpr std::int64_t proxy_bytes = 100'000;  // on average a fault in some tens of answers

struct Model {
    char const* name;
    char const* type;
    char const* tokenizer;
    char const* path;  // behind the mock's address
    // Dollars for a million tokens, for aikit; femto-dollars for one, for the mock.
    char const* usd[4];
    std::int64_t femtos[4];
};

constexpr Model models[] = {
    {"lab-small",
     "openai",
     "o200k_base",
     "/v1",
     {"0.15", "0.0375", "", "0.6"},
     {150'000'000, 37'500'000, 0, 600'000'000}},
    {"lab-odd",
     "openai",
     "cl100k_base",
     "/v1",
     {"0.1234567", "0.0123455", "", "0.7654321"},
     {123'456'700, 12'345'500, 0, 765'432'100}},
    {"lab-claude",
     "anthropic",
     "",
     "",
     {"3", "0.3", "3.75", "15"},
     {3'000'000'000, 300'000'000, 3'750'000'000, 15'000'000'000}},
    {"lab-gemini", "gemini", "", "/v1beta", {"0.3", "0.075", "", "2.5"}, {300'000'000, 75'000'000, 0, 2'500'000'000}},
    {"lab-llama", "ollama", "", "", {"0.0005", "", "", "0.0015"}, {500'000, 500'000, 0, 1'500'000}},
};
constexpr std::size_t model_count = std::size(models);

void write_file(std::string const& path, boost::json::value const& value) {
    std::ofstream(path) << boost::json::serialize(value);
}

/// The same prices twice: for the mock in its form, for aikit in aikit's.
void write_prices(Scratch const& scratch, std::string const& sabotage) {
    boost::json::object mock;
    boost::json::array catalog;
    for (Model const& model : models) {
        mock[model.name] = {{"input", model.femtos[0]},
                            {"cached", model.femtos[1]},
                            {"written", model.femtos[2]},
                            {"output", model.femtos[3]}};
        boost::json::object prices{{"input", model.usd[0]}, {"output", model.usd[3]}};
        if (*model.usd[1] != '\0' && sabotage != "ignore_cache") prices["cache_read"] = model.usd[1];
        if (*model.usd[2] != '\0') prices["cache_write_5m"] = model.usd[2];
        if (sabotage == "unknown_is_zero" && model.name == std::string_view("lab-gemini")) {
            prices = {{"input", "0"}, {"output", "0"}};
        }
        boost::json::object entry{{"id", model.name},
                                  {"match", {{"equals", model.name}}},
                                  {"context", 100000},
                                  {"prices", boost::json::array{std::move(prices)}}};
        if (*model.tokenizer != '\0') entry["tokenizer"] = model.tokenizer;
        catalog.push_back(std::move(entry));
    }
    boost::json::object provider{{"id", "lab"}, {"models", std::move(catalog)}};
    write_file(scratch.file("mock.json"), mock);
    write_file(scratch.file("catalog.json"),
               boost::json::object{
                   {"form", 1}, {"version", "2026-01-01"}, {"providers", boost::json::array{std::move(provider)}}});
}

aikit::Kit open_kit(Scratch const& scratch, std::int64_t direct, std::int64_t proxied) {
    ::setenv("AIKIT_LAB_KEY", "sk-lab", 1);
    aikit::KitConfig config;
    config.store = scratch.file("lab.db");
    config.price_catalog = scratch.file("catalog.json");
    for (Model const& model : models) {
        for (bool const through_proxy : {false, true}) {
            aikit::ProviderConfig provider;
            provider.name = std::string(model.name) + (through_proxy ? "-p" : "-d");
            provider.type = model.type;
            provider.base_url = "http://127.0.0.1:" + std::to_string(through_proxy ? proxied : direct) + model.path;
            if (provider.type != "ollama") provider.api_key = "env:AIKIT_LAB_KEY";
            provider.price_as = "lab";
            provider.limits.idle = std::chrono::milliseconds(1'000);
            provider.limits.first_byte = std::chrono::milliseconds(3'000);
            config.providers.push_back(std::move(provider));
        }
    }
    aikit::Result<aikit::Kit> kit = aikit::Kit::open(std::move(config));
    if (!kit) throw std::runtime_error(kit.error().message);
    return *kit;
}

/// Without the rank files aikit counts text by its length, and says so.
bool has_rank_files() {
    char const* folder = std::getenv("AIKIT_DATA");
    return folder != nullptr && std::filesystem::exists(std::filesystem::path(folder) / "o200k_base.tiktoken") &&
           std::filesystem::exists(std::filesystem::path(folder) / "cl100k_base.tiktoken");
}

/// A call as it was drawn.
struct Draw {
    Script script;
    std::string model;
    std::int64_t leave_after = -1;  // events; below zero: the caller stays
    bool stream = false;
    Heard heard;
};

Draw draw_call(std::int64_t number, unsigned seed) {
    std::mt19937 random(seed * 7'919U + static_cast<unsigned>(number));
    auto const below = [&](unsigned limit) { return static_cast<std::int64_t>(random() % limit); };
    Draw draw;
    Script& script = draw.script;
    Model const& model = models[static_cast<std::size_t>(below(model_count))];
    draw.stream = below(2) == 0;
    draw.heard.through_proxy = below(2) == 0;
    draw.heard.id = script.id = "c" + std::to_string(number);
    bool const openai = model.type == std::string_view("openai");
    static bool const ranks = has_rank_files();
    draw.heard.exact_text = openai && ranks;
    draw.model = std::string(model.name) + (draw.heard.through_proxy ? "-p/" : "-d/") + model.name;
    script.input = 1 + below(5'000);
    script.words = 1 + below(60);
    bool const caches = model.type != std::string_view("ollama");
    if (caches && below(3) == 0) script.cached = below(20'000);
    if (model.type == std::string_view("anthropic") && below(4) == 0) script.written = below(3'000);
    if (openai && below(50) == 0) script.usage = false;
    static constexpr char const* faults[] = {"429", "500",  "cut",   "reset",  "error", "drip",
                                             "429", "long", "short", "unread", "cut",   "leave"};
    if (below(12) != 0) return draw;
    script.fault = faults[static_cast<std::size_t>(below(std::size(faults)))];
    if (below(60) == 0) script.fault = "hang";
    script.at = script.fault == "429" || script.fault == "500" ? 1 + below(2) : below(60);
    if (script.fault == "leave") {
        script.fault = "none";
        draw.leave_after = 1 + below(30);
        draw.stream = true;
    }
    return draw;
}

std::int64_t words_of(std::string_view text) {
    return static_cast<std::int64_t>(std::count(text.begin(), text.end(), ' '));
}

aikit::Task<void> hear_stream(aikit::Kit kit, aikit::ChatRequest request, aikit::CallOptions options,
                              std::int64_t leave_after, Heard& heard) {
    aikit::Task<aikit::ChatStream> opening = kit.stream_chat(std::move(request), std::move(options));
    aikit::Result<aikit::ChatStream> stream = co_await std::move(opening);
    if (!stream) {
        heard.error = aikit::name(stream.error().code);
        co_return aikit::ok();
    }
    for (std::int64_t events = 0;; ++events) {
        if (events == leave_after) {
            heard.left = true;
            break;
        }
        aikit::Task<std::optional<aikit::ChatEvent>> pending = stream->next();
        aikit::Result<std::optional<aikit::ChatEvent>> const event = co_await std::move(pending);
        if (!event) heard.error = aikit::name(event.error().code);
        if (!event || !*event) break;
        if (auto const* text = std::get_if<aikit::TextDelta>(&**event)) heard.words += words_of(text->text);
        if (std::holds_alternative<aikit::Finished>(**event)) heard.complete = true;
    }
    heard.attempts = static_cast<std::int64_t>(stream->info().attempts.size());
    co_return aikit::ok();
}

aikit::Task<void> hear_whole(aikit::Kit kit, aikit::ChatRequest request, aikit::CallOptions options, Heard& heard) {
    aikit::Task<aikit::ChatReply> pending = kit.chat(std::move(request), std::move(options));
    aikit::Result<aikit::ChatReply> const reply = co_await std::move(pending);
    if (!reply) {
        heard.error = aikit::name(reply.error().code);
        co_return aikit::ok();
    }
    heard.complete = reply->complete;
    heard.words = words_of(reply->text());
    heard.attempts = static_cast<std::int64_t>(reply->info.attempts.size());
    co_return aikit::ok();
}

/// Takes the next call until there is none.
aikit::Task<void> caller(aikit::Kit kit, CallPlan const& plan, std::atomic<std::int64_t>& next,
                         std::vector<Heard>& heard) {
    for (std::int64_t number = next++; number < plan.calls; number = next++) {
        Draw draw = draw_call(number, plan.seed);
        aikit::ChatRequest request(draw.model, "Say something. " + draw.script.text());
        request.max_tokens = 100;
        aikit::CallOptions options;
        options.request_id = draw.script.id;
        aikit::Task<void> call =
            draw.stream ? hear_stream(kit, std::move(request), std::move(options), draw.leave_after, draw.heard)
                        : hear_whole(kit, std::move(request), std::move(options), draw.heard);
        aikit::Result<void> const done = co_await std::move(call);
        if (!done) co_return done.error();
        heard[static_cast<std::size_t>(number)] = draw.heard;
    }
    co_return aikit::ok();
}

void run_callers(aikit::Kit const& kit, CallPlan const& plan, std::vector<Heard>& heard) {
    std::atomic<std::int64_t> next = 0;
    std::atomic<int> running = concurrency;
    std::promise<void> done;
    for (int i = 0; i < concurrency; ++i) {
        boost::asio::co_spawn(kit.runtime().executor(), caller(kit, plan, next, heard),
                              [&](std::exception_ptr const& thrown, aikit::Result<void> const& result) {
                                  if (thrown || !result) std::abort();
                                  if (--running == 0) done.set_value();
                              });
    }
    done.get_future().wait();
}

}  // namespace

CallResult make_calls(CallPlan const& plan) {
    Scratch const scratch;
    write_prices(scratch, plan.sabotage);
    std::vector<std::string> arguments{scratch.file("mock.json"), scratch.file("invoice")};
    if (plan.keyless) arguments.emplace_back("keyless");
    Child mock("fault_mock", arguments);
    std::int64_t const port = mock.number();
    Child proxy("fault_proxy", {std::to_string(port), std::to_string(plan.seed), std::to_string(proxy_bytes)});
    aikit::Kit kit = open_kit(scratch, port, proxy.number());
    for (Sabotage const& sabotage : sabotages) {
        if (sabotage.name == plan.sabotage && *sabotage.sql != '\0') run_sql(scratch.file("lab.db"), sabotage.sql);
    }
    CallResult result;
    result.heard.resize(static_cast<std::size_t>(plan.calls));
    auto const began = std::chrono::steady_clock::now();
    run_callers(kit, plan, result.heard);
    aikit::Result<void> const flushed = aikit::sync::wait(kit, kit.flush());
    if (!flushed) throw std::runtime_error(flushed.error().message);
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    kit.close();
    result.rows = read_rows(scratch.file("lab.db"));
    result.invoice = read_invoice(scratch.file("invoice"));
    return result;
}

}  // namespace lab
