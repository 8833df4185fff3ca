// SPDX-License-Identifier: MIT
// tests/bench/bench_overhead.cpp - what everything between a caller and the network adds: CPU of a call, and time
// before the first token of a stream.
//
// Router, limits, budgets, ledger, cache and telemetry are those of a Kit. What answers answers at once, and is asked
// without them in rounds that alternate; the difference is theirs. It is a provider, so that only the features are
// between; or a transport, so that the JSON of requests and replies is between as well. Each prompt is a new one, so
// that the cache never has it. A call is the CPU time of the process on all its threads, until its row is in the file;
// a first token the CPU time of the one thread that a stream runs on, with the time that passed beside it. A figure
// above its limit makes the program end with 1. bench_overhead [SHARE] does a share of the work, in percent, and is
// then no measurement; bench_overhead SHARE SETTING does one setting, counted from 1.
#include "answering.hpp"
#include "bench.hpp"
#include "everything.hpp"
#include "reading.hpp"

#include <aikit/aikit.hpp>

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>

namespace asio = boost::asio;
namespace net = aikit::net;

namespace {

constexpr int callers = 32;
constexpr int rounds = 9;

int share = 100;
bool kept = true;

int part_of(int count) {
    return std::max(1, count * share / 100);
}

/// A question that nobody has asked before.
aikit::ChatRequest new_request() {
    static aikit::ChatRequest const pattern = bench::request_of_a_kibibyte();
    static std::atomic<int> count = 0;
    aikit::ChatRequest request = pattern;
    request.model = bench::router_name;
    request.max_tokens = 200;
    std::string const number = std::to_string(++count);
    std::copy(number.begin(), number.end(), std::get<aikit::TextPart>(request.messages[0].parts[0]).text.begin());
    return request;
}

/// Answers every request at once.
class Answered final : public net::HttpTransport {
public:
    Answered() : whole_(bench::chat_reply_body()), pieces_(bench::stream_chunks(bench::answer_tokens + 3)) {
        std::string words;
        for (int i = 0; i < bench::answer_tokens; ++i) words += " word";
        std::size_t const text = whole_.find("The quick");
        whole_.replace(text, whole_.find("\",\"refusal\"", text) - text, words);
        for (std::string& piece : pieces_) piece = "data: " + piece + "\n\n";
        pieces_.back() += "data: [DONE]\n\n";
    }

    aikit::Task<net::HttpResponse> send(net::HttpRequest request) override {
        net::HttpResponse response;
        response.status = 200;
        bool const streams = request.headers.find("accept") == "text/event-stream";
        response.headers.add("Content-Type", streams ? "text/event-stream" : "application/json");
        response.headers.add("x-request-id", "req_bench");
        response.body = std::make_unique<Body>(*this, streams);
        co_return response;
    }

private:
    class Body final : public net::HttpBody {
    public:
        Body(Answered const& of, bool streams) : of_(of), streams_(streams) {}

        aikit::Task<std::string> read() override {
            std::size_t const at = at_++;
            if (!streams_) co_return at == 0 ? of_.whole_ : std::string();
            co_return at < of_.pieces_.size() ? of_.pieces_[at] : std::string();
        }

    private:
        Answered const& of_;
        bool streams_;
        std::size_t at_ = 0;
    };

    std::string whole_;
    std::vector<std::string> pieces_;
};

/// Who is asked, in one of two ways.
struct Asked {
    std::function<aikit::Task<void>(aikit::ChatRequest)> chat;

    /// Reads a stream to its end, and calls `first` at its first token.
    std::function<aikit::Task<void>(aikit::ChatRequest, std::function<void()> first)> stream;
};

Asked by_provider(std::shared_ptr<aikit::AIProvider> const& provider) {
    Asked asked;
    asked.chat = [provider](aikit::ChatRequest request) {
        return bench::until_answered(provider->chat(std::move(request), bench::somebody()));
    };
    asked.stream = [provider](aikit::ChatRequest request, std::function<void()> first) {
        return bench::until_ended(provider->stream_chat(std::move(request), bench::somebody()), std::move(first));
    };
    return asked;
}

Asked by_kit(aikit::Kit kit) {
    Asked asked;
    asked.chat = [kit = aikit::Kit(kit)](aikit::ChatRequest request) mutable {
        return bench::until_answered(kit.chat(std::move(request), bench::somebody()));
    };
    asked.stream = [kit = std::move(kit)](aikit::ChatRequest request, std::function<void()> first) mutable {
        return bench::until_ended(kit.stream_chat(std::move(request), bench::somebody()), std::move(first));
    };
    return asked;
}

aikit::Task<void> exchange(std::shared_ptr<net::HttpTransport> transport, std::shared_ptr<std::string const> body,
                           bool streams, std::function<void()> first) {
    net::HttpRequest request;
    request.url = "http://127.0.0.1:1/v1/chat/completions";
    request.headers.add("Accept", streams ? "text/event-stream" : "application/json");
    request.body = std::move(body);
    aikit::Task<net::HttpResponse> pending = transport->send(std::move(request));
    aikit::Result<net::HttpResponse> response = co_await std::move(pending);
    if (!response) co_return response.error();
    for (std::size_t pieces = 0;; ++pieces) {
        aikit::Task<std::string> reading = response->body->read();
        aikit::Result<std::string> const piece = co_await std::move(reading);
        if (!piece) co_return piece.error();
        if (piece->empty()) co_return aikit::ok();
        if (pieces == 1 && first) first();  // the first chunk of a stream holds no text
    }
}

/// The transport alone: the text is written before the call, and nobody reads the answer.
Asked by_transport(std::shared_ptr<net::HttpTransport> const& transport) {
    auto const body = std::make_shared<std::string const>(bench::must(aikit::json_form::write_chat(new_request())));
    Asked asked;
    asked.chat = [=](aikit::ChatRequest const&) { return exchange(transport, body, false, {}); };
    asked.stream = [=](aikit::ChatRequest const&, std::function<void()> first) {
        return exchange(transport, body, true, std::move(first));
    };
    return asked;
}

aikit::Task<void> caller(Asked const* asked, int calls) {
    for (int i = 0; i < calls; ++i) {
        aikit::Task<void> asking = asked->chat(new_request());
        aikit::Result<void> const answered = co_await std::move(asking);
        if (!answered) co_return answered;
    }
    co_return aikit::ok();
}

/// CPU of one call, of many at once.
double round_of_calls(aikit::Kit kit, Asked const& asked, int calls) {
    std::atomic<int> running = callers;
    std::promise<void> done;
    double const before = bench::cpu_seconds();
    for (int i = 0; i < callers; ++i) {
        asio::co_spawn(kit.runtime().executor(), caller(&asked, calls),
                       [&](std::exception_ptr thrown, aikit::Result<void> result) {
                           if (thrown || !result) bench::die(thrown ? "exception" : result.error().message);
                           if (--running == 0) done.set_value();
                       });
    }
    done.get_future().wait();
    bench::must(aikit::sync::wait(kit, kit.flush()));
    return (bench::cpu_seconds() - before) * 1e6 / (static_cast<double>(calls) * callers);
}

struct FirstTokens {
    std::vector<double> cpu;
    std::vector<double> passed;
};

aikit::Task<void> one_by_one(Asked const* asked, int streams, FirstTokens* into) {
    using Steady = std::chrono::steady_clock;
    for (int i = 0; i < streams; ++i) {
        aikit::ChatRequest request = new_request();
        Steady::time_point const began = Steady::now();
        double const before = bench::thread_cpu_seconds();
        std::function<void()> first = [=] {
            into->cpu.push_back((bench::thread_cpu_seconds() - before) * 1e6);
            into->passed.push_back(std::chrono::duration<double, std::micro>(Steady::now() - began).count());
        };
        aikit::Task<void> asking = asked->stream(std::move(request), std::move(first));
        aikit::Result<void> const answered = co_await std::move(asking);
        if (!answered) co_return answered;
    }
    co_return aikit::ok();
}

/// Prints a figure; a limit of 0 is none.
void tell(std::string what, double us, double limit, bench::Field beside, std::int64_t times) {
    bool const good = limit == 0 || us <= limit;
    kept = kept && good;
    std::string const verdict = limit == 0 ? "no limit" : good ? "yes" : "no";
    bench::print({{"bench", "overhead"},
                  {"what", std::move(what)},
                  {"added_cpu_us", us},
                  std::move(beside),
                  {"limit_us", limit},
                  {"times", times},
                  {"kept", verdict}});
}

struct Deployed {
    char const* provider;
    char const* model;
};
constexpr Deployed deployed[] = {
    {"openai", "gpt-4o-mini"}, {"anthropic", "claude-sonnet-4-5"}, {"google", "gemini-2.5-flash"}};

/// As answering providers of the host's, or as endpoints that speak OpenAI's dialect.
aikit::KitConfig config_of(std::string const& store, std::shared_ptr<net::HttpTransport> const& transport) {
    aikit::KitConfig config;
    config.transport = transport;
    std::vector<std::string> names;
    for (auto const& [name, model] : deployed) {
        names.push_back(std::string(name) + "/" + model);
        if (!transport) {
            config.own_providers[name] = std::make_shared<bench::Answering>(true, name, model);
            continue;
        }
        aikit::ProviderConfig& provider = config.providers.emplace_back();
        provider.name = name;
        provider.type = "openai";
        provider.base_url = "http://127.0.0.1:1/v1";
    }
    bench::turn_everything_on(config, names, store);
    return config;
}

enum class Told { nobody, prometheus, collector };

struct Setting {
    char const* what;
    Told told;
    bool json;
    bool cache_in_file;
    double most_of_a_call;  ///< 0: no limit; as the next.
    double most_of_a_first_token;
};
constexpr Setting settings[] = {
    {"all on, telemetry off", Told::nobody, false, false, 20, 50},
    {"all on, telemetry on", Told::prometheus, false, false, 20, 50},
    {"all on, and its JSON, telemetry off", Told::nobody, true, false, 20, 50},
    {"all on, and its JSON, telemetry on", Told::prometheus, true, false, 20, 50},
    {"all on, telemetry on and its spans sent", Told::collector, false, false, 0, 50},
    {"all on, the cache in a file, telemetry off", Told::nobody, false, true, 0, 0},
};

void compare(aikit::Kit const& kit, Asked const& without, Setting const& setting) {
    std::string const what = setting.what;
    Asked const all = by_kit(kit);
    int const calls = part_of(200);
    round_of_calls(kit, without, calls);
    round_of_calls(kit, all, calls);
    std::vector<double> bare;
    std::vector<double> differences;
    for (int round = 0; round < rounds; ++round) {
        bare.push_back(round_of_calls(kit, without, calls));
        differences.push_back(round_of_calls(kit, all, calls) - bare.back());
    }
    tell("a call: " + what, bench::median(differences), setting.most_of_a_call, {"without_us", bench::median(bare)},
         std::int64_t{calls} * callers * rounds);

    FirstTokens with_all;
    FirstTokens with_none;
    int const streams = part_of(200);
    for (int round = 0; round < rounds; ++round) {
        bench::must(aikit::sync::wait(kit, one_by_one(&without, streams, &with_none)));
        bench::must(aikit::sync::wait(kit, one_by_one(&all, streams, &with_all)));
    }
    tell("a first token: " + what, bench::median(with_all.cpu) - bench::median(with_none.cpu),
         setting.most_of_a_first_token,
         {"added_time_us", bench::median(with_all.passed) - bench::median(with_none.passed)},
         std::int64_t{streams} * rounds);
}

void run(Setting const& setting, std::string const& collector) {
    bench::StoreFile const store("bench_overhead");
    auto const transport = setting.json ? std::make_shared<Answered>() : nullptr;
    aikit::KitConfig config = config_of(store.path(), transport);
    if (setting.cache_in_file) config.cache->stored_entries = 100'000;
    if (setting.told != Told::nobody) {
        config.telemetry.emplace().prometheus = true;
        config.telemetry->tell_callers = true;
    }
    if (setting.told == Told::collector) config.telemetry->otlp.emplace().endpoint = collector;
    aikit::Kit kit = bench::must(aikit::Kit::open(std::move(config)));
    Asked const without = setting.json ? by_transport(transport)
                                       : by_provider(std::make_shared<bench::Answering>(true, "openai", "gpt-4o-mini"));
    compare(kit, without, setting);
    kit.close();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) share = std::clamp(std::atoi(argv[1]), 1, 100);
    bench::Answer answer;
    answer.fixed = bench::http_response("application/json", "{}");
    bench::Server const collector(answer);
    std::string const endpoint = "http://127.0.0.1:" + std::to_string(collector.port());
    int const only = argc > 2 ? std::atoi(argv[2]) : 0;
    int at = 0;
    for (Setting const& setting : settings) {
        if (++at == only || only == 0) run(setting, endpoint);
    }
    return kept ? 0 : 1;
}
