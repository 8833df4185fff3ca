// SPDX-License-Identifier: MIT
// provider/gemini/credentials.hpp - access tokens of a service account: asked for once, kept, renewed in time.
#ifndef AIKIT_SRC_PROVIDER_GEMINI_CREDENTIALS_HPP
#define AIKIT_SRC_PROVIDER_GEMINI_CREDENTIALS_HPP

#include "core/waiter.hpp"
#include "provider/gemini/service_account.hpp"

#include <aikit/core/runtime.hpp>
#include <aikit/net/transport.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0::provider::gemini {

/// However many calls want a token at once, one request asks for it; the call that began it may be cancelled without
/// harm to the others.
///
/// Thread-safety: shared objects: safe.
class Credentials {
public:
    Credentials(ServiceAccount account, std::string provider, Runtime runtime,
                std::shared_ptr<net::HttpTransport> transport);

    /// A token that holds for a while yet.
    ///
    /// Cancellation: terminal; a request that runs goes on for the others. Errors: authentication (the account is
    /// refused), those of the transport, protocol; all without key, token or what was signed.
    static Task<Secret> token(std::shared_ptr<Credentials> self);

    /// The provider would not take this token: it is not given again.
    void refuse(Secret const& token) noexcept;

private:
    using Waiting = Waiter<Secret>;
    class Asking;

    static Task<void> ask(Asking asking);
    Task<AccessToken> request() const;
    void finish(Result<AccessToken> outcome);
    std::optional<Secret> kept(SteadyTime now) const;  // with the mutex held

    ServiceAccount const account_;
    std::string const provider_;
    Runtime const runtime_;
    std::shared_ptr<net::HttpTransport> const transport_;

    std::mutex mutex_;
    Secret token_;
    SteadyTime renew_at_;
    SteadyTime ends_at_;
    bool asking_ = false;
    std::vector<std::weak_ptr<Waiting>> waiting_;
};

}  // namespace aikit::inline v0::provider::gemini

#endif  // AIKIT_SRC_PROVIDER_GEMINI_CREDENTIALS_HPP
