// SPDX-License-Identifier: MIT
// Keys: wherever one is configured and whatever goes wrong, it is in no error, log, metric, file or memory left behind.
#include "net_support.hpp"

#include <aikit/kit.hpp>
#include <aikit/model/json_form.hpp>
#include <aikit/sync.hpp>

#include <fcntl.h>
#include <mutex>
#include <span>
#include <sys/wait.h>
#include <unistd.h>

namespace aikit_test {
namespace {

using aikit::CallOptions;
using aikit::ChatReply;
using aikit::ChatRequest;
using aikit::ChatStream;
using aikit::Kit;
using aikit::KitConfig;
using aikit::ProviderConfig;

/// With characters that base64 and URLs write otherwise.
std::string const key = "sk-canary/5d0b+7a41=c39e~f2";

std::string base64(std::string const& text) {
    constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at + 3 <= text.size(); at += 3) {
        unsigned three = 0;
        for (std::size_t i = 0; i < 3; ++i) three = three << 8 | static_cast<unsigned char>(text[at + i]);
        for (int shift = 18; shift >= 0; shift -= 6) out += letters[three >> shift & 63];
    }
    return out;
}

/// The key in every dress: as it is, its end, in URLs, in base64 wherever it begins.
std::vector<std::string> dresses() {
    std::string encoded;
    for (char const c : key) {
        char text[4];
        bool const plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '~';
        std::snprintf(text, sizeof text, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
        encoded += plain ? std::string(1, c) : std::string(text);
    }
    return {key, key.substr(key.size() - 8), encoded, base64(key), base64(key.substr(1)), base64(key.substr(2))};
}

void check_clean(std::string const& text, std::string const& where) {
    CAPTURE(where);
    for (std::string const& dress : dresses()) {
        CAPTURE(text);
        CHECK(text.find(dress) == std::string::npos);
    }
}

/// Everything the library tells its host.
struct Ears final : aikit::LogSink, aikit::Observer {
    bool wants(aikit::LogLevel) const noexcept override { return true; }
    void write(aikit::LogRecord const& record) noexcept override { note(aikit::to_json_line(record)); }
    void count(std::string_view metric, std::int64_t, std::span<aikit::LogField const> labels) noexcept override {
        note(metric, labels);
    }
    void record(std::string_view metric, std::int64_t, std::span<aikit::LogField const> labels) noexcept override {
        note(metric, labels);
    }
    void note(std::string_view metric, std::span<aikit::LogField const> labels) {
        aikit::LogRecord made(aikit::LogLevel::info, metric, {labels.begin(), labels.end()});
        note(aikit::to_json_line(made));
    }
    void note(std::string const& line) {
        std::lock_guard const lock(mutex);
        heard += line + "\n";
    }

    std::mutex mutex;
    std::string heard;
};

std::string all_of(Error const& error) {
    return error.message + "\n" + error.remote_detail + "\n" + error.provider_code + "\n" + error.request_id + "\n" +
           aikit::json_form::write_error(error);
}

/// What a call gives to see, with what it was made of.
std::string ask(Kit& kit, bool streamed) {
    ChatRequest request("m", "Hi");
    CallOptions options;
    options.limits.connect = 300ms;
    options.limits.first_byte = 300ms;
    options.limits.idle = 300ms;
    auto const partial = std::make_shared<ChatReply>();
    Result<ChatReply> reply = [&]() -> Result<ChatReply> {
        if (!streamed) return aikit::sync::wait(kit, kit.chat(request, options));
        Result<ChatStream> stream = aikit::sync::wait(kit, kit.stream_chat(request, options));
        if (!stream) return stream.error();
        return aikit::sync::wait(kit, aikit::collect(std::move(*stream), partial));
    }();
    std::string text = aikit::json_form::write_reply(*partial);
    for (aikit::Attempt const& attempt : partial->info.attempts) text += attempt.outcome + attempt.provider_request_id;
    return text + (reply ? aikit::json_form::write_reply(*reply) : all_of(reply.error()));
}

std::string bytes_of(std::filesystem::path const& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

ProviderConfig remote(std::string const& base_url) {
    ProviderConfig provider;
    provider.name = "remote";
    provider.type = "openai";
    provider.base_url = base_url;
    provider.model = "m";
    provider.max_retries = 0;
    return provider;
}

/// How servers fail, repeating the key wherever they can.
std::vector<Reply> failures() {
    std::string const error = R"({"error":{"message":"Bad key )" + key + R"(","type":")" + key + R"(","code":")" + key +
                              R"(","param":")" + key.substr(key.size() - 8) + "\"}}";
    HeaderList const headers = {{"Content-Type", "application/json"}, {"X-Request-Id", key}, {"X-Key", key}};
    std::vector<Reply> out;
    for (int const status : {200, 301, 400, 401, 403, 404, 408, 409, 418, 422, 429, 500, 502, 503, 529}) {
        out.push_back(Reply::whole(status, error, headers));
        out.push_back(Reply::whole(status, "<html>" + key + "</html>", headers));
    }
    out.push_back(Reply::whole(302, "", {{"Location", "http://127.0.0.1:1/?key=" + key}}));
    out.push_back(Reply::raw("HTTP/1.1 999 " + key + "\r\n\r\n"));
    out.push_back(Reply::raw(key + "\r\n\r\n"));
    out.push_back(Reply::raw("HTTP/1.1 200 OK\r\n" + key + "\r\n\r\n"));
    out.push_back(Reply::raw("HTTP/1.1 200 OK\r\nX: " + key + "\r\nContent-Length: " + key + "\r\n\r\n"));
    out.push_back(Reply::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + key + "\r\n"));
    out.push_back(Reply::raw("HTTP/1.1 200 OK\r\nContent-Encoding: " + key + "\r\n\r\n"));
    out.push_back(Reply().then(Step::rst()));
    out.push_back(Reply().then(Step::fin()));
    out.push_back(Reply().then(Step::hang()));
    for (std::string const& event :
         {"data: " + error, "data: " + key, "event: error\ndata: " + key, "data: {\"" + key + "\":", key}) {
        out.push_back(Reply::chunked(200, {event + "\n\n"}));
    }
    return out;
}

}  // namespace

TEST_CASE("a key is in no error, log, metric or file, however a provider fails and repeats it") {
    std::filesystem::path const folder = scratch() / "secret";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "key") << key << "\n";
    ::setenv("AIKIT_TEST_CANARY", key.c_str(), 1);
    auto const ears = std::make_shared<Ears>();
    Answer next;
    LoopbackServer server([&](ServerRequest const& request) { return next(request); });
    int answers = 0;
    for (std::string const& from : {std::string("env:AIKIT_TEST_CANARY"), "file:" + (folder / "key").string()}) {
        KitConfig config;
        ProviderConfig provider = remote(server.url("/v1"));
        provider.api_key = from;
        config.providers.push_back(provider);
        config.unknown_price = aikit::policy::UnknownPrice::allow;
        config.store = (folder / "store.db").string();
        config.runtime.log = ears;
        config.observer = ears;
        check_clean(config.to_json(), "the configuration");
        Kit kit = Kit::open(config).value();
        for (Reply const& failure : failures()) {
            next.set(failure);
            for (bool const streamed : {false, true}) {
                check_clean(ask(kit, streamed), "an answer");
                ++answers;
            }
        }
        kit.close();
    }
    ::unsetenv("AIKIT_TEST_CANARY");
    // It was really sent, so there was something to leak.
    CHECK(server.requests() == answers);
    CHECK(server.received().front().header("authorization") == "Bearer " + key);
    check_clean(ears->heard, "what was logged and counted");
    for (auto const& file : std::filesystem::directory_iterator(folder)) {
        if (file.path().filename() != "key") check_clean(bytes_of(file.path()), file.path().string());
    }
    MESSAGE("answers looked through: " << answers);
}

TEST_CASE("a key in a place where none belongs is refused without being repeated") {
    std::vector<std::pair<std::string, std::function<void(KitConfig&, ProviderConfig&)>>> const places = {
        {"api_key", [](KitConfig&, ProviderConfig& p) { p.api_key = key; }},
        {"a variable that is not set", [](KitConfig&, ProviderConfig& p) { p.api_key = "env:AIKIT_TEST_NOT_SET"; }},
        {"user of base_url", [](KitConfig&, ProviderConfig& p) { p.base_url = "http://" + key + "@127.0.0.1/v1"; }},
        {"password of base_url", [](KitConfig&, ProviderConfig& p) { p.base_url = "http://u:" + key + "@h/v1"; }},
        {"query of base_url", [](KitConfig&, ProviderConfig& p) { p.base_url = "http://h/v1?key=" + key; }},
        {"fragment of base_url", [](KitConfig&, ProviderConfig& p) { p.base_url = "http://h/v1#" + key; }},
        {"a header", [](KitConfig&, ProviderConfig& p) { p.headers.emplace_back("X-Key", key + "\r\nX: y"); }},
        {"a header's name", [](KitConfig&, ProviderConfig& p) { p.headers.emplace_back(key + " ", "x"); }},
        {"organization", [](KitConfig&, ProviderConfig& p) { p.organization = key + "\n"; }},
        {"project", [](KitConfig&, ProviderConfig& p) { p.project = key + "\n"; }},
        {"proxy", [](KitConfig& c, ProviderConfig&) { c.http.https_proxy = "http://u:" + key + "@a b"; }},
        {"proxy of another kind", [](KitConfig& c, ProviderConfig&) { c.http.http_proxy = "socks5://" + key; }},
        {"user agent", [](KitConfig& c, ProviderConfig&) { c.http.user_agent = key + "\n"; }},
    };
    for (auto const& [place, put] : places) {
        CAPTURE(place);
        KitConfig config;
        ProviderConfig provider = remote("http://127.0.0.1:1/v1");
        put(config, provider);
        config.providers.push_back(provider);
        config.unknown_price = aikit::policy::UnknownPrice::allow;
        Result<Kit> kit = Kit::open(config);
        std::string told = kit ? ask(*kit, false) : all_of(kit.error());
        check_clean(told, place);
        Result<KitConfig> const read = KitConfig::from_json(R"({"providers":[{"name":"x","api_key":")" + key + "\"}]}");
        CHECK(read.has_error());
        check_clean(read ? "" : all_of(read.error()), "a configuration's text");
    }
}

TEST_CASE("a proxy's password is in no error or log and does not reach the server") {
    auto const ears = std::make_shared<Ears>();
    TestAuthority authority;
    LoopbackServer server([](ServerRequest const&) { return Reply::whole(500, "{}"); }, authority.issue());
    std::string answer;
    TunnelProxy proxy([&](std::string const&) { return answer; });
    KitConfig config;
    config.providers.push_back(remote(server.url("/v1")));
    config.unknown_price = aikit::policy::UnknownPrice::allow;
    config.http.ca_file = authority.write(scratch() / "secret-ca.pem");
    std::string const password = "canary5d0b7a41c39ef2";
    config.http.https_proxy = "http://user:" + password + "@127.0.0.1:" + std::to_string(proxy.port());
    config.runtime.log = ears;
    config.observer = ears;
    Kit kit = Kit::open(config).value();
    for (std::string const line : {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 407 No\r\n\r\n", "garbage\r\n\r\n", ""}) {
        answer = line;
        std::string const told = ask(kit, true);
        CHECK(told.find(password) == std::string::npos);
        CHECK(told.find(base64("user:" + password).substr(8, 12)) == std::string::npos);
    }
    CHECK(proxy.heads().front().find("Proxy-Authorization: Basic ") != std::string::npos);
    CHECK(server.received().front().head.find("Proxy-Authorization") == std::string::npos);
    CHECK(ears->heard.find(password) == std::string::npos);
}

#if AIKIT_TEST_MEASURES_MEMORY

namespace {

/// How often a text stands in this process's writable memory. It is given masked, so as not to find itself.
int copies_in_memory(std::string const& masked, char mask) {
    int found = 0;
    std::ifstream maps("/proc/self/maps");
    int const memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    std::vector<std::pair<std::size_t, std::size_t>> ranges;
    for (std::string line; std::getline(maps, line);) {
        if (line.find(" rw") == std::string::npos || line.find("[v") != std::string::npos) continue;
        std::size_t dash = 0;
        std::size_t const begin = std::stoull(line, &dash, 16);
        ranges.emplace_back(begin, std::stoull(line.substr(dash + 1), nullptr, 16));
    }
    std::vector<char> page(1 << 20);
    for (auto const& [begin, end] : ranges) {
        std::size_t const step = page.size() - masked.size();
        for (std::size_t at = begin; at < end; at += step) {
            ssize_t const got = ::pread(memory, page.data(), std::min(page.size(), end - at), static_cast<off_t>(at));
            if (got < static_cast<ssize_t>(masked.size())) break;
            for (std::size_t i = 0; i + masked.size() <= static_cast<std::size_t>(got); ++i) {
                std::size_t same = 0;
                while (same < masked.size() && static_cast<char>(page[i + same] ^ mask) == masked[same]) ++same;
                if (same == masked.size()) ++found;
            }
        }
    }
    ::close(memory);
    return found;
}

/// A process of its own that uses a kit: the copies of the key in its memory once the kit is closed. Exits with 100
/// when something else failed.
int use_and_count(std::string const& url, std::string const& key_file, std::string const& ca, std::string const& masked,
                  char mask) {
    {
        KitConfig config;
        config.providers.push_back(remote(url));
        config.providers.back().api_key = "file:" + key_file;
        config.unknown_price = aikit::policy::UnknownPrice::allow;
        config.http.ca_file = ca;
        Kit kit = Kit::open(config).value();
        for (int i = 0; i < 20; ++i) {
            std::string const told = ask(kit, i % 2 == 0);
            if (told.find("incomplete") == std::string::npos && told.find("Hello") == std::string::npos) return 100;
        }
        if (copies_in_memory(masked, mask) == 0) return 101;  // in use it has to be somewhere: the search works
        kit.close();
    }
    return std::min(copies_in_memory(masked, mask), 99);
}

}  // namespace

TEST_CASE("once a kit is closed its key is nowhere in the process's memory") {
    constexpr char mask = 0x2A;
    std::filesystem::path const key_file = scratch() / "memory-key";
    TestAuthority authority;
    std::string const ca = authority.write(scratch() / "memory-ca.pem");
    for (bool const tls : {false, true}) {
        CAPTURE(tls);
        // A key of each turn's own: this process has seen the one before as a server.
        std::string masked;
        for (char const c : std::string_view(tls ? "sk-KVXDUHMELQ-2390571846" : "sk-WPBRTZCYFA-8147203965")) {
            masked += static_cast<char>(c ^ mask);
        }
        // The process that is searched begins before anything else here knows the key.
        int go[2];
        REQUIRE(::pipe(go) == 0);
        pid_t const child = ::fork();
        if (child == 0) {
            ::alarm(60);
            char url[256] = {};
            if (::read(go[0], url, sizeof url - 1) <= 0) ::_exit(102);
            ::_exit(use_and_count(url, key_file.string(), ca, masked, mask));
        }
        {
            std::ofstream file(key_file);
            for (char const c : masked) file << static_cast<char>(c ^ mask);
        }
        int turn = 0;
        auto const answer = [&](ServerRequest const&) {
            std::string const text = R"({"choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},)"
                                     R"("finish_reason":"stop"}]})";
            if (turn++ % 2 == 0) return Reply::chunked(200, {"data: {\"choices\":[]}\n\n"});
            return Reply::whole(200, text);
        };
        auto server = tls ? std::make_unique<LoopbackServer>(answer, authority.issue())
                          : std::make_unique<LoopbackServer>(answer);
        std::string const url = server->url("/v1");
        REQUIRE(::write(go[1], url.data(), url.size()) == static_cast<ssize_t>(url.size()));
        int status = -1;
        ::waitpid(child, &status, 0);
        ::close(go[0]);
        ::close(go[1]);
        CHECK(server->requests() == 20);
        REQUIRE(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
    }
    std::filesystem::remove(key_file);
}

#endif

}  // namespace aikit_test
