// SPDX-License-Identifier: MIT
// net/tls.hpp - TLS 1.2 or later over a TCP connection, certificate and name always verified.
#ifndef AIKIT_SRC_NET_TLS_HPP
#define AIKIT_SRC_NET_TLS_HPP

#include "net/tcp.hpp"

#include <string>

namespace aikit::inline v0::net {

/// Trusted roots and settings, shared by all connections of a client. Thread-safety: shared objects: safe.
class TlsContext {
public:
    virtual ~TlsContext() = default;

    /// Reads `ca_file` (PEM), or with an empty name finds the system's roots: SSL_CERT_FILE and SSL_CERT_DIR, else what
    /// OpenSSL was built with. Blocks on the file system. Nothing turns verification off.
    /// Errors: not_found (ca_file cannot be read or holds no certificate), internal.
    static Result<std::shared_ptr<TlsContext const>> create(std::string const& ca_file);

    TlsContext(TlsContext const&) = delete;
    TlsContext& operator=(TlsContext const&) = delete;

protected:
    TlsContext() = default;
};

/// A TLS connection to be: handshake() first, then the rest of Stream.
class TlsStream : public Stream {
public:
    /// `host` is a name (sent as SNI, compared with the certificate's names) or an address (compared with its
    /// addresses).
    static Result<std::unique_ptr<TlsStream>> create(std::shared_ptr<TlsContext const> context,
                                                     std::unique_ptr<TcpStream> tcp, std::string const& host,
                                                     bool host_is_address);

    /// Agrees on keys and checks who is there; nothing of a request is sent before. A certificate that is not good
    /// gives connection with provider_retry false.
    ///
    /// Cancellation: terminal. Errors: connection, cancelled.
    virtual Task<void> handshake() = 0;
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_TLS_HPP
