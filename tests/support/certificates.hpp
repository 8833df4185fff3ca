// SPDX-License-Identifier: MIT
// support/certificates.hpp - certificates made for one test run: an authority of our own, and leaves good and bad.
#ifndef AIKIT_TESTS_SUPPORT_CERTIFICATES_HPP
#define AIKIT_TESTS_SUPPORT_CERTIFICATES_HPP

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace aikit_test {

/// A certificate chain and its key, both PEM.
struct Identity {
    std::string chain;
    std::string key;
};

/// What a leaf says. The default is a good one for localhost and the loopback addresses.
struct LeafSpec {
    LeafSpec() = default;

    std::vector<std::string> names{"localhost"};
    std::vector<std::string> addresses{"127.0.0.1", "::1"};
    std::string common_name = "aikit test";
    long valid_from = -3600;           ///< Seconds from now.
    long valid_until = 24 * 3600;      ///< Seconds from now.
    std::string usage = "serverAuth";  ///< Extended key usage; empty: none is said.
    std::string key_usage = "digitalSignature";
    bool authority = false;  ///< It says that it is a CA.
    int rsa_bits = 0;        ///< 0: an elliptic curve.
    std::string digest = "SHA256";
    bool critical_unknown = false;  ///< It holds a critical extension nobody knows.
};

/// An authority that signs leaves.
class TestAuthority {
public:
    /// `until`: seconds from now up to which its own certificate is valid; `may_sign` false: it says that it is no CA.
    explicit TestAuthority(std::string const& name = "aikit test authority", long until = 24 * 3600,
                           bool may_sign = true);
    ~TestAuthority();
    TestAuthority(TestAuthority const&) = delete;
    TestAuthority& operator=(TestAuthority const&) = delete;

    std::string pem() const;

    /// Writes pem() to a file and gives its name back.
    std::string write(std::filesystem::path const& file) const;

    Identity issue(LeafSpec const& spec = {}) const;

    /// An authority below this one; its leaves carry its certificate along unless `alone`.
    std::unique_ptr<TestAuthority> issue_authority(std::string const& name, bool alone = false, int path_length = -1,
                                                   bool may_sign = true) const;

    /// A leaf signed by itself.
    static Identity self_signed(LeafSpec const& spec = {});

private:
    struct State;
    explicit TestAuthority(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace aikit_test

#endif  // AIKIT_TESTS_SUPPORT_CERTIFICATES_HPP
