// SPDX-License-Identifier: MIT
// What <aikit/aikit.hpp> must not bring into a program. Each check names the macro by which the header is known.
#include <aikit/aikit.hpp>

#if defined(BOOST_BEAST_VERSION) || defined(BOOST_BEAST_DEPRECATION_STRING)
#error "aikit.hpp leaks Boost.Beast"
#endif
#if defined(OPENSSL_VERSION_NUMBER) || defined(HEADER_EVP_H) || defined(OPENSSL_EVP_H)
#error "aikit.hpp leaks OpenSSL"
#endif
#ifdef BOOST_ASIO_SSL_HPP
#error "aikit.hpp leaks the TLS of Asio"
#endif
#ifdef BOOST_ASIO_HPP
#error "aikit.hpp leaks all of Asio"
#endif
#ifdef SQLITE_VERSION
#error "aikit.hpp leaks SQLite"
#endif
#if defined(USE_SSE) || defined(PORTABLE_ALIGN32)
#error "aikit.hpp leaks hnswlib"
#endif
#if defined(BOOST_JSON_VALUE_HPP) || defined(BOOST_JSON_HPP)
#error "aikit.hpp leaks Boost.JSON beyond its forward declarations"
#endif
#if defined(BOOST_URL_URL_VIEW_HPP) || defined(BOOST_URL_HPP)
#error "aikit.hpp leaks Boost.URL"
#endif
#ifdef ZLIB_VERSION
#error "aikit.hpp leaks zlib"
#endif
#ifdef UTF8PROC_VERSION_MAJOR
#error "aikit.hpp leaks utf8proc"
#endif
#ifdef CMARK_GFM_H
#error "aikit.hpp leaks cmark"
#endif
#ifdef DOCTEST_VERSION
#error "aikit.hpp leaks the test framework"
#endif
