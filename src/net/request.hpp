// SPDX-License-Identifier: MIT
// net/request.hpp - what a request has to be like before anything of it is sent.
#ifndef AIKIT_SRC_NET_REQUEST_HPP
#define AIKIT_SRC_NET_REQUEST_HPP

#include "net/url.hpp"

#include <aikit/net/transport.hpp>

namespace aikit::inline v0::net {

/// Checks method, URL, header fields and credential, and gives the URL's parts.
/// Errors: invalid_argument; a header field is named, its value and the URL are not repeated.
Result<Url> check_request(HttpRequest const& request);

/// The same without the URL.
Result<void> check_fields(HttpRequest const& request);

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_REQUEST_HPP
