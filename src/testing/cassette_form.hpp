// SPDX-License-Identifier: MIT
// testing/cassette_form.hpp - a cassette's exchanges as values and as text; knows no file and no network.
#ifndef AIKIT_SRC_TESTING_CASSETTE_FORM_HPP
#define AIKIT_SRC_TESTING_CASSETTE_FORM_HPP

#include <aikit/testing/cassette.hpp>
#include <aikit/testing/fake_transport.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::testing {

/// What tells one request from another, already scrubbed.
struct CassetteRequest {
    CassetteRequest() = default;

    std::string method;
    std::string host;  ///< As the Host field says it. Empty: not told.
    std::string path;  ///< With its query.
    net::Headers headers;
    std::string body;
};

struct CassetteExchange {
    CassetteExchange() = default;

    CassetteRequest request;
    FakeReply reply;
};

/// Takes secrets out of one call's texts.
class Scrubber {
public:
    Scrubber(Secret const& credential, std::function<std::string(std::string)> own);

    std::string clean(std::string body) const;

private:
    std::string key_;
    std::function<std::string(std::string)> own_;
};

/// The request as a cassette has it. Errors: invalid_argument (its URL).
Result<CassetteRequest> cassette_request(net::HttpRequest const& request, Scrubber const& scrubber);

/// The reply's head as a cassette has it.
net::Headers cassette_headers(net::Headers const& headers);

/// One line, with its end.
std::string write_exchange(CassetteExchange const& exchange);

/// The exchanges of a cassette's text. Errors: invalid_argument, with the line or position.
Result<std::vector<CassetteExchange>> read_cassette(std::string_view text);

/// Where two requests differ: "method", "host", "path", "body", "body.messages[0].content"; empty: nowhere.
std::string cassette_difference(CassetteRequest const& one, CassetteRequest const& other, bool with_host);

}  // namespace aikit::inline v0::testing

#endif  // AIKIT_SRC_TESTING_CASSETTE_FORM_HPP
