// SPDX-License-Identifier: MIT
// support/certificates.cpp - certificates by OpenSSL.
#include "support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <stdexcept>

namespace aikit_test {
namespace {

template <auto release>
struct Releaser {
    template <class T>
    void operator()(T* object) const noexcept {
        release(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Releaser<X509_free>>;
using Memory = std::unique_ptr<BIO, Releaser<BIO_free>>;

void need(bool fine, char const* what) {
    if (!fine) throw std::runtime_error(std::string("test certificates: ") + what);
}

Key make_key(int rsa_bits) {
    Key key(rsa_bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(rsa_bits)) : EVP_EC_gen("P-256"));
    need(key != nullptr, "no key");
    return key;
}

std::string text(Memory const& memory) {
    char* data = nullptr;
    long const size = BIO_get_mem_data(memory.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

std::string to_pem(X509* certificate) {
    Memory const memory(BIO_new(BIO_s_mem()));
    need(PEM_write_bio_X509(memory.get(), certificate) == 1, "no PEM");
    return text(memory);
}

std::string to_pem(EVP_PKEY* key) {
    Memory const memory(BIO_new(BIO_s_mem()));
    need(PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "no PEM");
    return text(memory);
}

void add_extension(X509* certificate, X509* issuer, int kind, std::string const& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>> const extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    need(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "no extension");
}

void add_unknown_critical(X509* certificate) {
    std::unique_ptr<ASN1_OBJECT, Releaser<ASN1_OBJECT_free>> const object(OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1));
    std::unique_ptr<ASN1_OCTET_STRING, Releaser<ASN1_OCTET_STRING_free>> const value(ASN1_OCTET_STRING_new());
    unsigned char const null_value[] = {5, 0};
    ASN1_OCTET_STRING_set(value.get(), null_value, 2);
    std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>> const extension(
        X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 1, value.get()));
    need(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "no extension");
}

Certificate blank(EVP_PKEY* key, std::string const& name, long from, long until) {
    Certificate certificate(X509_new());
    need(certificate != nullptr, "no certificate");
    X509_set_version(certificate.get(), X509_VERSION_3);
    unsigned char serial[8];
    need(RAND_bytes(serial, sizeof serial) == 1, "no serial");
    serial[0] = static_cast<unsigned char>((serial[0] & 0x7F) | 0x40);
    std::unique_ptr<BIGNUM, Releaser<BN_free>> const number(BN_bin2bn(serial, sizeof serial, nullptr));
    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), until);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME* const subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<unsigned char const*>(name.c_str()), -1,
                               -1, 0);
    return certificate;
}

void fill_leaf(X509* certificate, X509* issuer, LeafSpec const& spec) {
    std::string names;
    for (std::string const& name : spec.names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
    for (std::string const& address : spec.addresses) names += (names.empty() ? "IP:" : ",IP:") + address;
    if (!names.empty()) add_extension(certificate, issuer, NID_subject_alt_name, names);
    add_extension(certificate, issuer, NID_basic_constraints,
                  spec.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!spec.usage.empty()) add_extension(certificate, issuer, NID_ext_key_usage, spec.usage);
    if (!spec.key_usage.empty()) add_extension(certificate, issuer, NID_key_usage, "critical," + spec.key_usage);
    if (spec.critical_unknown) add_unknown_critical(certificate);
}

}  // namespace

struct TestAuthority::State {
    Key key;
    Certificate certificate;
    std::string chain;  // what its leaves carry along
};

TestAuthority::TestAuthority(std::unique_ptr<State> state) : state_(std::move(state)) {}
TestAuthority::~TestAuthority() = default;

TestAuthority::TestAuthority(std::string const& name, long until, bool may_sign) : state_(std::make_unique<State>()) {
    state_->key = make_key(0);
    state_->certificate = blank(state_->key.get(), name, -2 * 24 * 3600, until);
    X509* const certificate = state_->certificate.get();
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    add_extension(certificate, certificate, NID_basic_constraints, may_sign ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(certificate, certificate, NID_key_usage,
                  may_sign ? "critical,keyCertSign,cRLSign" : "digitalSignature");
    add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
    need(X509_sign(certificate, state_->key.get(), EVP_sha256()) > 0, "not signed");
}

std::string TestAuthority::pem() const {
    return to_pem(state_->certificate.get());
}

std::string TestAuthority::write(std::filesystem::path const& file) const {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << pem();
    return file.string();
}

Identity TestAuthority::issue(LeafSpec const& spec) const {
    Key const key = make_key(spec.rsa_bits);
    Certificate const certificate = blank(key.get(), spec.common_name, spec.valid_from, spec.valid_until);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(state_->certificate.get()));
    fill_leaf(certificate.get(), state_->certificate.get(), spec);
    need(X509_sign(certificate.get(), state_->key.get(), EVP_get_digestbyname(spec.digest.c_str())) > 0, "not signed");
    Identity identity;
    identity.chain = to_pem(certificate.get()) + state_->chain;
    identity.key = to_pem(key.get());
    return identity;
}

std::unique_ptr<TestAuthority> TestAuthority::issue_authority(std::string const& name, bool alone, int path_length,
                                                              bool may_sign) const {
    auto below = std::make_unique<State>();
    below->key = make_key(0);
    below->certificate = blank(below->key.get(), name, -3600, 24 * 3600);
    X509* const certificate = below->certificate.get();
    X509_set_issuer_name(certificate, X509_get_subject_name(state_->certificate.get()));
    std::string constraints = may_sign ? "critical,CA:TRUE" : "critical,CA:FALSE";
    if (path_length >= 0) constraints += ",pathlen:" + std::to_string(path_length);
    add_extension(certificate, state_->certificate.get(), NID_basic_constraints, constraints);
    add_extension(certificate, state_->certificate.get(), NID_key_usage,
                  may_sign ? "critical,keyCertSign" : "digitalSignature");
    need(X509_sign(certificate, state_->key.get(), EVP_sha256()) > 0, "not signed");
    if (!alone) below->chain = to_pem(certificate) + state_->chain;
    return std::unique_ptr<TestAuthority>(new TestAuthority(std::move(below)));
}

Identity TestAuthority::self_signed(LeafSpec const& spec) {
    Key const key = make_key(spec.rsa_bits);
    Certificate const certificate = blank(key.get(), spec.common_name, spec.valid_from, spec.valid_until);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
    fill_leaf(certificate.get(), certificate.get(), spec);
    need(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "not signed");
    Identity identity;
    identity.chain = to_pem(certificate.get());
    identity.key = to_pem(key.get());
    return identity;
}

}  // namespace aikit_test
