// SPDX-License-Identifier: MIT
// net/tls.cpp - OpenSSL between two memory ends: it never touches a socket, so it raises no SIGPIPE and holds no
// buffers while it waits.
#include "net/tls.hpp"

#include "core/os/os.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <utility>

namespace aikit::inline v0::net {
namespace {

template <auto release>
struct Releaser {
    template <class T>
    void operator()(T* object) const noexcept {
        release(object);
    }
};

using BioMethod = std::unique_ptr<BIO_METHOD, Releaser<BIO_meth_free>>;
using Context = std::unique_ptr<SSL_CTX, Releaser<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Releaser<SSL_free>>;

/// A plaintext record is at most this long (RFC 8446, section 5.1).
constexpr std::size_t max_record = 16 * 1024;

/// How much of a request one write_some takes.
constexpr std::size_t max_write = 4 * max_record;

/// A buffer that grew beyond this is given back once it is empty.
constexpr std::size_t kept_capacity = 1024;

class OpenSslContext final : public TlsContext {
public:
    OpenSslContext(Context context, BioMethod method) : context_(std::move(context)), method_(std::move(method)) {}
    SSL_CTX* context() const noexcept { return context_.get(); }
    BIO_METHOD* method() const noexcept { return method_.get(); }

private:
    Context context_;
    BioMethod method_;
};

class OpenSslStream final : public TlsStream {
public:
    OpenSslStream(std::shared_ptr<OpenSslContext const> context, Session session, std::unique_ptr<TcpStream> tcp,
                  std::string host)
        : context_(std::move(context)), session_(std::move(session)), tcp_(std::move(tcp)), host_(std::move(host)) {}
    ~OpenSslStream() override { say_goodbye(); }

    Task<void> handshake() override;
    Task<std::size_t> write_some(std::string_view first, std::string_view second) override;
    Task<void> wait() override;
    Result<std::size_t> take(char* into, std::size_t size) override;
    bool ended() const noexcept override { return ended_; }
    bool quiet() noexcept override;
    std::uint64_t sent() const noexcept override { return tcp_->sent(); }
    void close() noexcept override;

    /// OpenSSL's two ends.
    int pull(BIO* bio, char* into, int size);
    void push(std::string_view bytes) { outgoing_.append(bytes); }
    bool peer_is_gone() const noexcept { return tcp_->ended(); }

private:
    Task<void> flush();
    Error handshake_error();
    Error read_error();
    Result<std::size_t> encrypt(std::string_view first, std::string_view second);
    void say_goodbye() noexcept;

    std::shared_ptr<OpenSslContext const> context_;
    Session session_;
    std::unique_ptr<TcpStream> tcp_;
    std::string const host_;
    std::uint64_t const process_ = os::process_generation();
    std::string outgoing_;  // encrypted, not yet sent
    bool established_ = false;
    bool ended_ = false;         // the peer said so
    bool hungry_ = false;        // the last read needs bytes from the network
    std::optional<Error> lost_;  // what broke the connection
};

// No exception may pass through OpenSSL: running out of memory breaks the connection instead.

int bio_read(BIO* bio, char* into, int size) noexcept try {
    BIO_clear_retry_flags(bio);
    return static_cast<OpenSslStream*>(BIO_get_data(bio))->pull(bio, into, size);
} catch (...) {
    return -1;
}

int bio_write(BIO* bio, char const* bytes, int size) noexcept try {
    static_cast<OpenSslStream*>(BIO_get_data(bio))->push(std::string_view(bytes, static_cast<std::size_t>(size)));
    return size;
} catch (...) {
    return -1;
}

long bio_control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return static_cast<OpenSslStream*>(BIO_get_data(bio))->peer_is_gone() ? 1 : 0;
    return 0;
}

int bio_create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
}

BioMethod make_bio_method() {
    BioMethod method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "aikit"));
    if (!method) return nullptr;
    BIO_meth_set_read(method.get(), bio_read);
    BIO_meth_set_write(method.get(), bio_write);
    BIO_meth_set_ctrl(method.get(), bio_control);
    BIO_meth_set_create(method.get(), bio_create);
    return method;
}

/// OpenSSL's own words for the oldest error of this thread; nothing of the peer's.
std::string reason() {
    char const* const words = ERR_reason_error_string(ERR_peek_error());
    return words == nullptr ? "no reason given" : words;
}

}  // namespace

Result<std::shared_ptr<TlsContext const>> TlsContext::create(std::string const& ca_file) {
    ERR_clear_error();
    Context context(SSL_CTX_new(TLS_client_method()));
    BioMethod method = make_bio_method();
    if (!context || !method) return fail(Errc::internal, "net: OpenSSL could not be set up: " + reason());
    // After SSL_CTX_new, which applies the system's configuration file: that one may only ask for more.
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_get_min_proto_version(context.get()) < TLS1_2_VERSION) {
        SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    }
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_clear_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context.get(), 1);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    static constexpr unsigned char http_1_1[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(context.get(), http_1_1, sizeof http_1_1 - 1);
    if (ca_file.empty()) {
        SSL_CTX_set_default_verify_paths(context.get());
    } else if (SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) != 1) {
        return fail(Errc::not_found, "net: ca_file cannot be read or holds no certificate in PEM form: " + ca_file);
    }
    ERR_clear_error();
    return std::shared_ptr<TlsContext const>(
        std::make_shared<OpenSslContext const>(std::move(context), std::move(method)));
}

Result<std::unique_ptr<TlsStream>> TlsStream::create(std::shared_ptr<TlsContext const> context,
                                                     std::unique_ptr<TcpStream> tcp, std::string const& host,
                                                     bool host_is_address) {
    auto const ours = std::static_pointer_cast<OpenSslContext const>(std::move(context));
    ERR_clear_error();
    Session session(SSL_new(ours->context()));
    BIO* const bio = session ? BIO_new(ours->method()) : nullptr;
    if (bio == nullptr) return fail(Errc::out_of_memory, "out of memory");
    SSL_set_bio(session.get(), bio, bio);
    SSL_set_connect_state(session.get());
    std::string const name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
    bool set = false;
    if (host_is_address) {
        set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), name.c_str()) == 1;
    } else {
        SSL_set_hostflags(session.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        set = SSL_set1_host(session.get(), name.c_str()) == 1 &&
              SSL_set_tlsext_host_name(session.get(), name.c_str()) == 1;
    }
    if (!set) return fail(Errc::internal, "net: the host's name could not be set for TLS: " + reason());
    auto stream = std::make_unique<OpenSslStream>(ours, std::move(session), std::move(tcp), name);
    BIO_set_data(bio, stream.get());
    return std::unique_ptr<TlsStream>(std::move(stream));
}

namespace {

int OpenSslStream::pull(BIO* bio, char* into, int size) {
    if (lost_) return -1;
    Result<std::size_t> const taken = tcp_->take(into, static_cast<std::size_t>(size));
    if (!taken) {
        lost_ = taken.error();
        return -1;
    }
    if (*taken > 0) return static_cast<int>(*taken);
    if (tcp_->ended()) return 0;
    BIO_set_retry_read(bio);
    return -1;
}

Task<void> OpenSslStream::flush() {
    std::size_t used = 0;
    while (used < outgoing_.size()) {
        std::string_view const rest = std::string_view(outgoing_).substr(used);
        std::string_view const nothing;
        Result<std::size_t> const size = co_await tcp_->write_some(rest, nothing);
        if (!size) co_return size.error();
        used += *size;
    }
    if (outgoing_.capacity() > kept_capacity) {
        outgoing_ = std::string();
    } else {
        outgoing_.clear();
    }
    co_return ok();
}

Task<void> OpenSslStream::handshake() {
    for (;;) {
        ERR_clear_error();
        int const result = SSL_do_handshake(session_.get());
        std::optional<Error> failed;
        if (result != 1 && SSL_get_error(session_.get(), result) != SSL_ERROR_WANT_READ) failed = handshake_error();
        // Also when it failed: the peer is told why.
        Result<void> const flushed = co_await flush();
        if (failed) co_return *failed;
        if (!flushed) co_return flushed.error();
        if (result == 1) break;
        Result<void> const waited = co_await tcp_->wait();
        if (!waited) co_return waited.error();
    }
    established_ = true;
    co_return ok();
}

Error OpenSslStream::handshake_error() {
    if (long const verdict = SSL_get_verify_result(session_.get()); verdict != X509_V_OK) {
        Error error = fail(Errc::connection, "net: the certificate of " + host_ + " is not good: " +
                                                 X509_verify_cert_error_string(verdict) + "; nothing was sent");
        error.provider_retry = false;
        return error;
    }
    if (lost_) return *lost_;
    if (tcp_->ended()) {
        return fail(Errc::connection, "net: " + host_ + " ended the connection during the TLS handshake; is it https?");
    }
    return fail(Errc::connection, "net: the TLS handshake with " + host_ + " failed: " + reason());
}

Result<std::size_t> OpenSslStream::encrypt(std::string_view first, std::string_view second) {
    std::size_t accepted = 0;
    std::array<char, max_record> record;
    while (accepted < max_write && first.size() + second.size() > 0) {
        // Both parts share a record where they fit.
        std::size_t size = first.copy(record.data(), record.size());
        first.remove_prefix(size);
        std::size_t const more = second.copy(record.data() + size, record.size() - size);
        second.remove_prefix(more);
        size += more;
        std::size_t written = 0;
        ERR_clear_error();
        int const result = SSL_write_ex(session_.get(), record.data(), size, &written);
        os::overwrite(record.data(), std::min<std::size_t>(size, 4096));  // where a credential may stand
        if (result != 1) {
            lost_ = fail(Errc::connection, "net: the TLS connection broke: " + reason());
            return *lost_;
        }
        accepted += written;
    }
    return accepted;
}

Task<std::size_t> OpenSslStream::write_some(std::string_view first, std::string_view second) {
    if (lost_) co_return *lost_;
    Result<std::size_t> const accepted = encrypt(first, second);
    if (!accepted) co_return accepted.error();
    Result<void> const flushed = co_await flush();
    if (!flushed) co_return flushed.error();
    co_return *accepted;
}

Task<void> OpenSslStream::wait() {
    if (!hungry_ || ended_ || lost_) co_return ok();
    if (!outgoing_.empty()) {  // what reading gave rise to, such as new keys
        Result<void> const flushed = co_await flush();
        if (!flushed) co_return flushed.error();
    }
    co_return co_await tcp_->wait();
}

Result<std::size_t> OpenSslStream::take(char* into, std::size_t size) {
    std::size_t taken = 0;
    hungry_ = false;
    while (taken < size && !ended_ && !lost_) {
        std::size_t got = 0;
        ERR_clear_error();
        if (SSL_read_ex(session_.get(), into + taken, size - taken, &got) == 1) {
            taken += got;
            continue;
        }
        int const why = SSL_get_error(session_.get(), 0);
        if (why == SSL_ERROR_WANT_READ) {
            hungry_ = true;
            break;
        }
        if (why == SSL_ERROR_ZERO_RETURN) {
            ended_ = true;
        } else if (!lost_) {
            lost_ = read_error();
        }
    }
    if (taken == 0 && lost_) return *lost_;
    return taken;
}

Error OpenSslStream::read_error() {
    if (tcp_->ended()) {
        return fail(Errc::incomplete, "net: the connection was cut: it ended without TLS's closing message");
    }
    return fail(Errc::connection, "net: the TLS connection broke: " + reason());
}

bool OpenSslStream::quiet() noexcept {
    return established_ && !ended_ && !lost_ && outgoing_.empty() && SSL_has_pending(session_.get()) == 0 &&
           tcp_->quiet();
}

void OpenSslStream::say_goodbye() noexcept {
    // Not after an error or in the middle of a record, and not in a forked child: that would end its parent's
    // connection.
    bool const fit = established_ && !lost_ && outgoing_.empty() && process_ == os::process_generation();
    established_ = false;
    if (!fit) return;
    ERR_clear_error();
    SSL_shutdown(session_.get());
    tcp_->write_now(outgoing_);
}

void OpenSslStream::close() noexcept {
    say_goodbye();
    tcp_->close();
}

}  // namespace

}  // namespace aikit::inline v0::net
