// SPDX-License-Identifier: MIT
// aikit/testing/cassette.hpp - real traffic recorded to a file, and answered from it again: tests without a network.
//
// A cassette is text, an exchange a line: {"request": {method, host, path, headers, body}, "response": {status,
// headers, body, pieces, ending}}. Single recordings and JSON lists of them are read as well. Through a Kit:
// KitConfig::record and KitConfig::replay.
#ifndef AIKIT_TESTING_CASSETTE_HPP
#define AIKIT_TESTING_CASSETTE_HPP

#include <aikit/net/transport.hpp>

#include <functional>
#include <memory>
#include <string>

namespace aikit::inline v0::testing {

struct CassetteConfig {
    CassetteConfig() = default;

    /// The file. For replay also the text of the cassette itself: it starts with '{' or '['.
    std::string cassette;

    /// Applied to the body of each request and reply before it is written, and to requests before they are compared.
    /// What is a secret by its kind is masked without it: the credential, wherever it shows; the members access_token,
    /// refresh_token, id_token, client_secret, private_key and assertion; header fields but those that shape an answer.
    std::function<std::string(std::string)> scrub;

    bool match_host = true;  ///< Replay: a request to another host than the recorded one is another request.
    bool repeat = false;     ///< Replay: when all answers to a request were given, the last is given again.

    /// A longer body fails the read that goes beyond it, as protocol.
    std::size_t max_body = std::size_t{64} * 1024 * 1024;
};

/// Passes everything on to `next` and adds each exchange to the file once its reply has ended, however it ended: a
/// reply that was let go counts as cut. The file is emptied first. Bodies keep the pieces in which they came.
///
/// Thread-safety: shared objects: safe. Blocks the sender's thread for one write per exchange.
/// Errors: not_found, permission or storage (the file cannot be written); while recording, a write that fails fails the
/// read, or the send after it.
AIKIT_EXPORT Result<std::shared_ptr<net::HttpTransport>> record_cassette(CassetteConfig config,
                                                                         std::shared_ptr<net::HttpTransport> next);

/// Answers from a cassette and sends nothing. A request is the recorded one when its method, host, path and body are;
/// bodies of JSON are compared by value. Equal requests are answered in their order, each answer once.
///
/// Thread-safety: shared objects: safe.
/// Errors: not_found, permission, invalid_argument (no cassette: says which line). send(): those of the recorded call;
/// not_found for a request that is not in it, naming what differs from the nearest one by its path and none of its
/// text.
AIKIT_EXPORT Result<std::shared_ptr<net::HttpTransport>> replay_cassette(CassetteConfig config);

}  // namespace aikit::inline v0::testing

#endif  // AIKIT_TESTING_CASSETTE_HPP
