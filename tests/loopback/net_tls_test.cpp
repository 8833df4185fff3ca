// SPDX-License-Identifier: MIT
// Covers src/net/tls.cpp: who is trusted, who is not, and how a TLS connection ends.
#include "net_support.hpp"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <fstream>

namespace aikit_test {
namespace {

Reply hello(ServerRequest const&) {
    return Reply::whole(200, "hello");
}

HttpClientConfig trusting(TestAuthority const& authority) {
    HttpClientConfig config;
    config.ca_file = authority.write(scratch() / "ca.pem");
    return config;
}

std::string url_of(LoopbackServer const& server, std::string const& host) {
    return "https://" + host + ":" + std::to_string(server.port()) + "/";
}

/// A spec changed by a function.
LeafSpec leaf(std::function<void(LeafSpec&)> const& change) {
    LeafSpec spec;
    change(spec);
    return spec;
}

}  // namespace

TEST_CASE("a server whose certificate is good is talked to, by name and by address, and its connection kept") {
    TestAuthority authority;
    LoopbackServer server(hello, authority.issue());
    auto const here = [](std::string const&) -> Result<aikit::net::Addresses> {
        return aikit::net::Addresses{boost::asio::ip::make_address("127.0.0.1")};
    };
    Net net(trusting(authority), 1, here);
    for (std::string const host : {"localhost", "127.0.0.1", "LOCALHOST", "localhost."}) {
        CAPTURE(host);
        for (int i = 0; i < 5; ++i) CHECK(net.go(post(url_of(server, host), "x")).body == "hello");
    }
    CHECK(server.connections() == 3);
    CHECK(server.received()[0].header("host") == "localhost:" + std::to_string(server.port()));
}

TEST_CASE("good certificates of other kinds are taken too") {
    TestAuthority authority;
    auto const below = authority.issue_authority("below");
    auto const further = below->issue_authority("further below");
    std::vector<std::pair<std::string, Identity>> const rows = {
        {"RSA 2048", authority.issue(leaf([](LeafSpec& s) { s.rsa_bits = 2048; }))},
        {"SHA384", authority.issue(leaf([](LeafSpec& s) { s.digest = "SHA384"; }))},
        {"one authority between", below->issue()},
        {"two authorities between", further->issue()},
        {"no extended key usage", authority.issue(leaf([](LeafSpec& s) { s.usage.clear(); }))},
        {"several names", authority.issue(leaf([](LeafSpec& s) {
             s.names = {"a.example", "localhost", "b.example"};
         }))},
        {"another common name", authority.issue(leaf([](LeafSpec& s) { s.common_name = "other.example"; }))},
    };
    for (auto const& [name, identity] : rows) {
        CAPTURE(name);
        LoopbackServer server(hello, identity);
        Net net(trusting(authority));
        CHECK(net.go(post(server.url(), "x")).body == "hello");
    }
}

TEST_CASE("no bad certificate is taken, and not a byte of the request is sent to its owner") {
    TestAuthority authority;
    TestAuthority other("another authority");
    TestAuthority twin("aikit test authority");  // the same name, another key
    TestAuthority expired_authority("expired authority", -3600);
    TestAuthority powerless("no authority", 24 * 3600, false);
    auto const below = authority.issue_authority("below");
    auto const alone = authority.issue_authority("alone", true);
    auto const leaf_as_authority = authority.issue_authority("a leaf that signs", false, -1, false);
    auto const no_further = authority.issue_authority("no further", false, 0);
    auto const too_far = no_further->issue_authority("too far");
    auto const names = [](std::vector<std::string> list) {
        return leaf([&](LeafSpec& s) {
            s.names = std::move(list);
            s.addresses.clear();
        });
    };
    auto const addresses = [](std::vector<std::string> list) {
        return leaf([&](LeafSpec& s) {
            s.names.clear();
            s.addresses = std::move(list);
        });
    };
    struct Row {
        std::string what;
        Identity identity;
        std::string host = "localhost";
    };
    std::vector<Row> const rows = {
        {"self-signed", TestAuthority::self_signed()},
        {"self-signed, as an authority", TestAuthority::self_signed(leaf([](LeafSpec& s) { s.authority = true; }))},
        {"unknown authority", other.issue()},
        {"authority of the same name", twin.issue()},
        {"expired authority", expired_authority.issue()},
        {"authority that is none", powerless.issue()},
        {"authority between is missing", alone->issue()},
        {"a leaf as authority", leaf_as_authority->issue()},
        {"path too long", too_far->issue()},
        {"expired", authority.issue(leaf([](LeafSpec& s) { s.valid_from = -7200, s.valid_until = -3600; }))},
        {"expired a minute ago", authority.issue(leaf([](LeafSpec& s) { s.valid_until = -60; }))},
        {"not yet valid", authority.issue(leaf([](LeafSpec& s) { s.valid_from = 3600; }))},
        {"expired below", below->issue(leaf([](LeafSpec& s) { s.valid_until = -60; }))},
        {"another name", authority.issue(names({"other.example"}))},
        {"name with a prefix", authority.issue(names({"xlocalhost"}))},
        {"name with a suffix", authority.issue(names({"localhost.example"}))},
        {"name below", authority.issue(names({"a.localhost"}))},
        {"wildcard below", authority.issue(names({"*.localhost"}))},
        {"wildcard for everything", authority.issue(names({"*"}))},
        {"partial wildcard", authority.issue(names({"local*"}))},
        {"wildcard inside", authority.issue(names({"l*t"}))},
        {"no name at all",
         authority.issue(leaf([](LeafSpec& s) { s.names.clear(), s.addresses.clear(), s.common_name = "x"; }))},
        {"common name only, names say otherwise",
         authority.issue(leaf([](LeafSpec& s) { s.names = {"other.example"}, s.common_name = "localhost"; }))},
        {"an address as a name", authority.issue(names({"127.0.0.1"})), "127.0.0.1"},
        {"a name for an address", authority.issue(names({"localhost"})), "127.0.0.1"},
        {"another address", authority.issue(addresses({"127.0.0.2"})), "127.0.0.1"},
        {"an IPv6 address for an IPv4 one", authority.issue(addresses({"::1"})), "127.0.0.1"},
        {"an address for a name", authority.issue(addresses({"127.0.0.1"})), "localhost"},
        {"common name as address", authority.issue(leaf([](LeafSpec& s) {
             s.names = {"x.example"}, s.addresses.clear(), s.common_name = "127.0.0.1";
         })),
         "127.0.0.1"},
        {"for clients", authority.issue(leaf([](LeafSpec& s) { s.usage = "clientAuth"; }))},
        {"for mail", authority.issue(leaf([](LeafSpec& s) { s.usage = "emailProtection"; }))},
        {"for code", authority.issue(leaf([](LeafSpec& s) { s.usage = "codeSigning"; }))},
        {"for time stamps", authority.issue(leaf([](LeafSpec& s) { s.usage = "critical,timeStamping"; }))},
        {"unknown critical extension", authority.issue(leaf([](LeafSpec& s) { s.critical_unknown = true; }))},
        {"RSA 1024", authority.issue(leaf([](LeafSpec& s) { s.rsa_bits = 1024; }))},
        {"self-signed, another name", TestAuthority::self_signed(names({"other.example"}))},
        {"self-signed, expired", TestAuthority::self_signed(leaf([](LeafSpec& s) { s.valid_until = -60; }))},
        {"unknown authority, another name", other.issue(names({"other.example"}))},
        {"unknown authority, by address", other.issue(), "127.0.0.1"},
        {"self-signed, by address", TestAuthority::self_signed(), "127.0.0.1"},
        {"signed with SHA-1", authority.issue(leaf([](LeafSpec& s) { s.digest = "SHA1"; }))},
    };
    MESSAGE("bad certificates: " << rows.size());
    CHECK(rows.size() >= 40);
    HttpClientConfig const config = trusting(authority);
    for (Row const& row : rows) {
        CAPTURE(row.what);
        LoopbackServer server(hello, row.identity);
        Net net(config);
        HttpRequest request = post(url_of(server, row.host), "prompt");
        request.credential_header = "Authorization";
        request.credential = aikit::Secret("Bearer canary");
        Outcome const outcome = net.go(request);
        CHECK(outcome.code() == Errc::connection);
        REQUIRE(outcome.error.has_value());
        CAPTURE(outcome.error->message);
        CHECK(outcome.error->message.find("certificate") != std::string::npos);
        CHECK_FALSE(outcome.error->maybe_executed);
        CHECK_FALSE(aikit::retryable(*outcome.error));
        CHECK(server.requests() == 0);
        CHECK(server.bytes_received() == 0);
        CHECK(net.client->counts().open == 0);
    }
}

TEST_CASE("a server that speaks no TLS, or nothing new enough, is a connection error that says so") {
    LoopbackServer plain(hello);
    TestAuthority authority;
    Net net(trusting(authority));
    Outcome const spoken = net.go(post(url_of(plain, "localhost"), "x"));
    CHECK(spoken.code() == Errc::connection);
    CHECK(spoken.error->message.find("TLS") != std::string::npos);
    CHECK(plain.requests() == 0);

    LoopbackServer::Options options;
    options.handler = hello;
    options.tls = authority.issue();
    options.newest_tls = TLS1_1_VERSION;
    LoopbackServer old(options);
    Outcome const refused = net.go(post(old.url(), "x"));
    CHECK(refused.code() == Errc::connection);
    CHECK(old.bytes_received() == 0);

    options.newest_tls = TLS1_2_VERSION;
    LoopbackServer older(options);
    CHECK(net.go(post(older.url(), "x")).body == "hello");
}

TEST_CASE("bodies of every size arrive whole through TLS, both ways") {
    TestAuthority authority;
    LoopbackServer server([](ServerRequest const& request) { return Reply::whole(200, request.body); },
                          authority.issue());
    Net net(trusting(authority));
    for (std::size_t const size : {0u, 1u, 16'000u, 16'384u, 16'385u, 65'536u, 65'537u, 1'000'000u, 5'000'000u}) {
        CAPTURE(size);
        std::string text;
        for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * i) + ",";
        text.resize(size);
        CHECK((net.go(post(server.url(), text)).body == text));
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("a TLS stream in small pieces arrives whole through any network") {
    TestAuthority authority;
    std::vector<std::string> const pieces(50, "data: a piece\n\n");
    LoopbackServer server([&](ServerRequest const&) { return Reply::chunked(200, pieces); }, authority.issue());
    FaultProxy proxy(server.port());
    Net net(trusting(authority));
    for (std::size_t const piece : {0u, 1u, 7u, 100u}) {
        CAPTURE(piece);
        Faults faults;
        faults.piece = piece;
        proxy.set(faults);
        Outcome const outcome = net.go(post(proxy.url("/", "https"), "x"));
        CHECK(outcome.fine());
        CHECK(outcome.body.size() == pieces.size() * pieces[0].size());
    }
}

TEST_CASE("a body that ends with the connection is whole only with TLS's closing message") {
    TestAuthority authority;
    Step ending = Step::fin();
    LoopbackServer server(
        [&](ServerRequest const&) {
            return Reply::raw("HTTP/1.1 200 OK\r\n\r\nhello").then(Step::pause(10ms)).then(ending);
        },
        authority.issue());
    Net net(trusting(authority));
    Outcome const whole = net.go(post(server.url(), "x"));
    CHECK(whole.fine());
    CHECK(whole.body == "hello");

    for (Step const& step : {Step::cut(), Step::rst()}) {
        ending = step;
        Outcome const cut = net.go(post(server.url(), "x"));
        CHECK(cut.body == "hello");
        CHECK((cut.code() == Errc::incomplete || cut.code() == Errc::connection));
        CHECK(cut.error->maybe_executed);
    }
}

TEST_CASE("a TLS connection cut at any byte never gives a whole answer") {
    TestAuthority authority;
    LoopbackServer server(
        [](ServerRequest const&) {
            return Reply::chunked(200, {"data: 1\n\n", "data: 2\n\n"});
        },
        authority.issue());
    FaultProxy proxy(server.port());
    Net net(trusting(authority));
    bool whole = false;
    int cuts = 0;
    for (int cut = 0; !whole && cut < 6'000; cut += 23) {
        for (Faults::Ending const ending : {Faults::Ending::fin, Faults::Ending::rst}) {
            Faults faults;
            faults.cut_after = cut;
            faults.ending = ending;
            proxy.set(faults);
            Outcome const outcome = net.go(post(proxy.url("/", "https"), "x"));
            // The answer is whole once its last chunk passed, whatever becomes of the connection then.
            whole = whole || outcome.body == "data: 1\n\ndata: 2\n\n";
            if (!whole) {
                CAPTURE(cut);
                CHECK_FALSE(outcome.fine());
                CHECK((outcome.code() == Errc::connection || outcome.code() == Errc::incomplete));
            }
            ++cuts;
        }
    }
    MESSAGE("cuts: " << cuts);
    CHECK(whole);
}

TEST_CASE("roots come from SSL_CERT_FILE where no file is configured") {
    TestAuthority authority;
    LoopbackServer server(hello, authority.issue());
    std::string const file = authority.write(scratch() / "environment-ca.pem");
    {
        Net net;
        CHECK(net.go(post(server.url(), "x")).code() == Errc::connection);
    }
    ::setenv("SSL_CERT_FILE", file.c_str(), 1);
    {
        Net net;
        CHECK(net.go(post(server.url(), "x")).body == "hello");
    }
    ::unsetenv("SSL_CERT_FILE");
}

// Run by the next one, in a process of its own: OpenSSL reads its configuration once.
TEST_CASE("inside: a self-signed server is refused" * doctest::skip()) {
    LoopbackServer server(hello, TestAuthority::self_signed());
    Net net;
    CHECK(net.go(post(server.url(), "x")).code() == Errc::connection);
    CHECK(server.bytes_received() == 0);
}

TEST_CASE("no variable and no configuration file turns verification off") {
    std::filesystem::path const configuration = scratch() / "openssl.cnf";
    std::ofstream(configuration) << "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = lax\n"
                                    "[lax]\nVerifyMode = \nMinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n";
    std::string const self = std::filesystem::read_symlink("/proc/self/exe").string();
    std::string const command =
        "OPENSSL_CONF='" + configuration.string() +
        "' SSL_VERIFY=0 CURL_INSECURE=1 NODE_TLS_REJECT_UNAUTHORIZED=0 PYTHONHTTPSVERIFY=0 GIT_SSL_NO_VERIFY=1 "
        "AIKIT_INSECURE=1 SSL_CERT_DIR=/nonexistent '" +
        self + "' --no-skip --test-case='inside: a self-signed server is refused' > /dev/null";
    CHECK(std::system(command.c_str()) == 0);
}

}  // namespace aikit_test
