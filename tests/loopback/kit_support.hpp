// SPDX-License-Identifier: MIT
// loopback/kit_support.hpp - a kit over a real network, and the ways in which a stream ends too early there.
#ifndef AIKIT_TESTS_LOOPBACK_KIT_SUPPORT_HPP
#define AIKIT_TESTS_LOOPBACK_KIT_SUPPORT_HPP

#include "net_support.hpp"

#include <aikit/kit.hpp>
#include <aikit/sync.hpp>

#include <cstdlib>
#include <random>

namespace aikit_test {

using aikit::CallOptions;
using aikit::ChatReply;
using aikit::ChatRequest;
using aikit::ChatStream;
using aikit::Kit;
using aikit::KitConfig;

inline std::string head(std::string const& framing) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-Id: req_7\r\n" + framing + "\r\n";
}

/// A kit whose only provider is the one of that type at `base_url`, without retries.
inline Kit open_kit(std::string const& base_url, std::string const& ca_file = {}, std::string const& type = "openai",
                    std::string const& api = {}) {
    ::setenv("AIKIT_TEST_KEY", "sk-canary-5d0b7a41c39e", 1);
    KitConfig config;
    aikit::ProviderConfig provider;
    provider.name = "remote";
    provider.type = type;
    provider.api = api;
    provider.base_url = base_url;
    if (type != "ollama") provider.api_key = "env:AIKIT_TEST_KEY";
    provider.model = "m";
    provider.max_retries = 0;
    config.providers.push_back(provider);
    config.unknown_price = aikit::policy::UnknownPrice::allow;
    config.http.ca_file = ca_file;
    return Kit::open(std::move(config)).value();
}

/// What a stream came to.
struct Heard {
    ChatReply reply;
    std::optional<Error> error;
    int tools = 0;
};

inline Heard listen(Kit& kit, CallOptions options = CallOptions()) {
    Heard heard;
    ChatRequest request("m", "Hi");
    Result<ChatStream> stream = aikit::sync::wait(kit, kit.stream_chat(request, options));
    if (!stream) {
        heard.error = stream.error();
        return heard;
    }
    auto events = aikit::sync::events(kit, std::move(*stream));
    for (Result<aikit::ChatEvent>& next : events) {
        if (!next) heard.error = next.error();
        if (next && std::holds_alternative<aikit::ToolCallReady>(*next)) ++heard.tools;
    }
    heard.reply = events.stream().take_reply();
    return heard;
}

/// One way in which a connection ends too early; `sent` is what of the body was sent before that.
struct Ending {
    std::string name;
    std::function<Reply(std::string const& sent)> reply;
    bool reset = false;  // bytes may be lost with it
};

/// Of a body of `size` bytes.
inline std::vector<Ending> endings(std::size_t size) {
    auto const chunked = [](std::string const& sent) {
        return Reply::raw(head("Transfer-Encoding: chunked\r\n") + chunk(sent));
    };
    auto const counted = [size](std::string const& sent) {
        return Reply::raw(head("Content-Length: " + std::to_string(size) + "\r\n") + sent);
    };
    auto const open_ended = [](std::string const& sent) { return Reply::raw(head("Connection: close\r\n") + sent); };
    std::vector<Ending> out;
    for (auto const& [name, step] : std::vector<std::pair<std::string, Step>>{
             {"FIN", Step::fin()}, {"FIN without close_notify", Step::cut()}, {"RST", Step::rst()}}) {
        bool const reset = step.kind == Step::Kind::rst;
        Step const end = step;
        out.push_back({"chunks, " + name, [=](std::string const& sent) { return chunked(sent).then(end); }, reset});
        out.push_back({"length, " + name, [=](std::string const& sent) { return counted(sent).then(end); }, reset});
        out.push_back({"no length, " + name, [=](std::string const& s) { return open_ended(s).then(end); }, reset});
    }
    out.push_back(
        {"the last chunk", [=](std::string const& sent) { return chunked(sent).then(Step::send(chunk(""))); }});
    return out;
}

/// Around the end of every event, which `mark` tells, and fifty places drawn at random.
inline std::vector<std::size_t> cuts(std::string const& whole, std::string const& mark) {
    std::vector<std::size_t> found;
    for (std::size_t at = whole.find(mark); at != std::string::npos; at = whole.find(mark, at + 1)) {
        std::size_t const end = at + mark.size();
        for (std::size_t const cut : {end - 1, end, end + 1}) found.push_back(cut);
    }
    std::mt19937 draw(7);
    for (int i = 0; i < 50; ++i) found.push_back(1 + draw() % (whole.size() - 1));
    found.erase(std::remove_if(found.begin(), found.end(), [&](std::size_t cut) { return cut >= whole.size(); }),
                found.end());
    return found;
}

}  // namespace aikit_test

#endif  // AIKIT_TESTS_LOOPBACK_KIT_SUPPORT_HPP
