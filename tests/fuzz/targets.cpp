// SPDX-License-Identifier: MIT
// fuzz/targets.cpp - what arbitrary bytes are given to, and what has to hold whatever they are.
#include "fuzz/targets.hpp"

#include "net/sse.hpp"
#include "unit/provider/sweeps.hpp"

#include <aikit/kit.hpp>
#include <aikit/model/json_form.hpp>

#include <cstdio>
#include <cstdlib>

using namespace aikit;
using provider::carrier::ReplyDecoder;

namespace aikit_test {

namespace {

/// Crashes, which is what a fuzzer looks for.
void hold(bool right, char const* what) {
    if (right) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

/// The first byte says how large the pieces are in which the others come; 0: all at once.
std::vector<std::string_view> pieces_of(std::string_view body, std::size_t size) {
    std::vector<std::string_view> pieces;
    if (size == 0) size = body.size() + 1;
    for (std::size_t at = 0; at < body.size(); at += size) pieces.push_back(body.substr(at, size));
    return pieces;
}

template <class Decoder, class Show>
std::string framed(std::vector<std::string_view> const& pieces, Show show) {
    Decoder decoder;
    std::string out;
    auto const drain = [&] {
        while (auto const event = decoder.next()) out += show(*event) + '\n';
    };
    bool right = true;
    for (std::string_view const piece : pieces) {
        if (right) right = decoder.feed(piece).has_value();
        drain();
    }
    if (right) right = decoder.finish().has_value();
    drain();
    return out + (right ? "whole" : "broken");
}

template <class Decoder, class Show>
std::function<void(std::string_view)> framing(Show show) {
    return [show](std::string_view data) {
        if (data.empty()) return;
        std::string_view const body = data.substr(1);
        std::size_t const size = static_cast<unsigned char>(data[0]) % 16U;
        hold(framed<Decoder>({body}, show) == framed<Decoder>(pieces_of(body, size), show),
             "the same events however the bytes are cut");
    };
}

void run_stream(Dialect const& dialect, std::string_view data) {
    if (data.empty()) return;
    std::string_view const body = data.substr(1);
    Recorded recorded;
    recorded.body = std::string(body);
    std::unique_ptr<ReplyDecoder> const at_once = dialect.decoder(recorded);
    Trace const whole = trace(*at_once, {body});
    hold(whole.finished != whole.error.has_value(), "a stream is whole or an error");
    if (whole.error) hold(*whole.error != Errc::internal, "no mistake of ours");
    hold(!whole.error || whole.calls == 0, "no call of a stream that failed is handed over");
    hold(check(at_once->usage()).has_value(), "usage that makes sense");
    std::unique_ptr<ReplyDecoder> const in_pieces = dialect.decoder(recorded);
    std::size_t const size = static_cast<unsigned char>(data[0]) % 16U;
    hold(trace(*in_pieces, pieces_of(body, size)) == whole, "the same events however the bytes are cut");
}

void run_whole(WholeReader const& reader, std::string const& dialect, std::string_view data) {
    std::optional<Error> error;
    try {
        error = reader(plain_exchange(dialect), data);
    } catch (std::exception const& thrown) {
        hold(false, thrown.what());
    }
    if (!error) return;
    hold(error->code != Errc::internal, "no mistake of ours");
    hold(!error->message.empty(), "an error has a sentence");
}

void run_error(std::string_view data) {
    provider::carrier::Exchange exchange = plain_exchange("fuzz");
    exchange.status = 400 + (data.empty() ? 0 : static_cast<unsigned char>(data[0]) % 200);
    Error const error = provider::carrier::http_error(exchange, data.empty() ? data : data.substr(1));
    hold(error.remote_detail.size() <= 4'096, "what they said is bounded");
    hold(!error.message.empty(), "an error has a sentence");
    hold(error.http_status == exchange.status, "an error has its status");
    (void)Json::parse(json_form::write_error(error));
}

void run_config(std::string_view data) {
    Result<KitConfig> const config = KitConfig::from_json(data);
    if (!config) hold(config.error().code == Errc::invalid_argument, "what is wrong is the argument");
}

void run_request(std::string_view data) {
    Result<json_form::ChatCall> const call = json_form::read_chat(data);
    if (!call) return;
    Result<std::string> const written = json_form::write_chat(call->request);
    if (!written) return;
    hold(json_form::read_chat(*written).has_value(), "what was written can be read");
}

// ---- seeds ----

/// The recordings of all folders that `wanted` gives something of.
std::function<std::vector<std::string>()> seeds(std::function<std::string(Recorded const&)> wanted) {
    return [wanted] {
        std::vector<std::string> found;
        for (std::string const folder :
             {"anthropic", "azure", "huggingface", "ollama", "openai", "openai-compat", "vertex"}) {
            for (Recorded const& one : recordings(folder)) {
                std::string seed = wanted(one);
                if (!seed.empty() && seed.size() < 20'000) found.push_back(std::move(seed));
            }
        }
        return found;
    };
}

std::vector<std::string> configurations() {
    return {R"({"providers":[{"name":"openai","api_key":"env:KEY","limits":{"connect":1,"idle":2.5}}]})",
            R"({"providers":[{"name":"v","type":"vertex","location":"global","project":"p","headers":{"a":"b"}}],)"
            R"("aliases":{"small":"v/gemini-2.5-flash"},"unknown_price":"allow","runtime":{"io":1}})",
            R"({"store":"s.db","chunking":{"kind":"markdown","size":100,"overlap":10},"answers":{"top":3}})"};
}

std::vector<Target> make_targets() {
    std::vector<Target> all;
    auto const streamed = [](Recorded const& one) { return is_streamed(one) ? '\3' + one.body : std::string(); };
    auto const show_event = [](net::SseEvent const& event) { return event.type + ':' + event.data; };
    auto const show_line = [](std::string const& line) { return line; };
    all.push_back({"sse", framing<net::SseDecoder>(show_event), seeds(streamed)});
    all.push_back({"ndjson", framing<net::NdjsonDecoder>(show_line), seeds([](Recorded const& one) {
                       bool const lines = form_of(one) == Form::ollama && is_streamed(one);
                       return lines ? '\5' + one.body : std::string();
                   })});
    all.push_back({"error", run_error, seeds([](Recorded const& one) {
                       return one.status >= 400 ? static_cast<char>(one.status - 400) + one.body : std::string();
                   })});
    all.push_back({"config", run_config, configurations});
    all.push_back({"request", run_request, seeds([](Recorded const& one) {
                       return one.is_chat() && one.request.is_object() ? one.request.dump() : std::string();
                   })});
    for (Dialect const& dialect : dialects()) {
        Form const form = dialect.form;
        all.push_back({dialect.name + "_stream", [&dialect](std::string_view data) { run_stream(dialect, data); },
                       seeds([form](Recorded const& one) {
                           return form_of(one) == form && is_streamed(one) ? '\7' + one.body : std::string();
                       })});
        // The first byte says which kind of answer it is.
        all.push_back({dialect.name + "_reply",
                       [&dialect](std::string_view data) {
                           if (data.empty()) return;
                           std::size_t const kind = static_cast<unsigned char>(data[0]) % (dialect.others.size() + 1);
                           run_whole(kind == 0 ? dialect.read_chat : dialect.others[kind - 1].second, dialect.name,
                                     data.substr(1));
                       },
                       seeds([&dialect](Recorded const& one) -> std::string {
                           if (one.status != 200 || is_streamed(one)) return {};
                           if (form_of(one) == dialect.form) return '\0' + one.body;
                           std::string const route = one.path.substr(0, one.path.find('?'));
                           for (std::size_t i = 0; i < dialect.others.size(); ++i) {
                               if (route.ends_with(dialect.others[i].first)) return static_cast<char>(i + 1) + one.body;
                           }
                           return {};
                       })});
    }
    return all;
}

}  // namespace

std::vector<Target> const& targets() {
    static std::vector<Target> const all = make_targets();
    return all;
}

Target const* target(std::string_view name) {
    for (Target const& one : targets()) {
        if (one.name == name) return &one;
    }
    return nullptr;
}

}  // namespace aikit_test
