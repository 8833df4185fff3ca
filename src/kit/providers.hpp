// SPDX-License-Identifier: MIT
// kit/providers.hpp - the configured providers, each with its decorators, and which of them a model's name means.
#ifndef AIKIT_SRC_KIT_PROVIDERS_HPP
#define AIKIT_SRC_KIT_PROVIDERS_HPP

#include <aikit/kit.hpp>
#include <aikit/policy/observed.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0 {

/// A provider as it is used. One that could not be made keeps the reason, so that the others work.
struct ProviderEntry {
    ProviderEntry() = default;

    ProviderConfig config;
    std::shared_ptr<AIProvider> provider;
    std::shared_ptr<AIProvider> uncached;  ///< The same without the cache of replies.
    std::optional<Error> failure;
    bool own = false;                          ///< Brought by the host: there is no configuration of it but its name.
    std::shared_ptr<router::AIRouter> router;  ///< The provider, where it is one.
};

/// True for JSON that stands where a path may: no path starts like an object or a list.
inline bool is_inline_json(std::string const& text) noexcept {
    return text.starts_with('{') || text.starts_with('[');
}

/// The type of a provider: its own, else the one its name says.
std::string const& type_of(ProviderConfig const& config) noexcept;

/// Is there an adapter, or a known endpoint, of that name?
bool is_provider_type(std::string_view name) noexcept;

/// The price catalog's name of it.
std::string price_provider_of(ProviderConfig const& config);

/// The price catalog's name of one of its models.
std::string const& price_model_of(ProviderConfig const& config, std::string const& model) noexcept;

/// May its chats go by the Responses API?
bool has_responses(ProviderConfig const& config) noexcept;

/// Where a request goes.
struct Destination {
    Destination() = default;

    std::shared_ptr<ProviderEntry const> entry;
    std::string model;
};

/// Constant once made. Thread-safety: shared objects: safe.
class ProviderTable {
public:
    struct Parts {
        Parts() = default;

        Runtime runtime;
        std::shared_ptr<net::HttpTransport> transport;
        bool replayed = false;  ///< A cassette answers: keys are neither read nor needed.
        policy::MeterConfig meter;
        policy::ObservedConfig observed;                              ///< Its observer is the meter's.
        std::shared_ptr<policy::RateLimiter> limiter;                 ///< Null: there are no limits on calls.
        std::shared_ptr<policy::SubscriptionTiers> tiers;             ///< Null: nobody subscribes to anything.
        std::shared_ptr<policy::AIResponseCache> cache;               ///< Null: every call is made.
        std::function<Result<Secret>(std::string const& name)> keys;  ///< As KitConfig::keys.
    };

    /// Makes every provider of the configuration, the host's own ones, and "builtin".
    /// Errors: invalid_argument (a type nobody knows, a default that is not there, an alias that leads nowhere).
    static Result<ProviderTable> make(KitConfig const& config, Parts const& parts);

    /// What a model's name means: an alias, "provider/model", or a model of the default provider. Empty: the default
    /// provider's own default. Errors: the reason why that provider could not be made; invalid_argument.
    enum class Operation { chat, embed, moderate };
    Result<Destination> resolve(std::string_view model, Operation operation) const;

    /// Where a name leads, be the provider usable or not; the model may be empty. Errors: not_found.
    Result<Destination> locate(std::string_view model) const;

    /// Errors: not_found, or why it could not be made.
    Result<std::shared_ptr<ProviderEntry const>> find(std::string_view name) const;

    /// Every one of them, also those that could not be made, by name.
    std::vector<std::shared_ptr<ProviderEntry const>> entries() const;

    std::string const& default_name() const noexcept { return default_name_; }
    std::vector<std::string> names() const;

private:
    Error unknown(std::string_view name) const;
    Result<void> add_router(RouterSetup const& setup, std::string const& path, Parts const& parts);

    std::map<std::string, std::shared_ptr<ProviderEntry const>, std::less<>> entries_;
    std::map<std::string, std::string, std::less<>> aliases_;
    std::string default_name_;
};

/// The text behind a key's reference, as ProviderConfig::api_key has it; empty for an empty one. A file's last line end
/// is not part of it. `provider`, `what` and `field` are for the sentences.
/// Errors: authentication, invalid_argument (no reference).
Result<Secret> resolve_key(std::string const& reference, ProviderTable::Parts const& parts, std::string const& provider,
                           std::string const& what = "API key", std::string const& field = "api_key");

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_KIT_PROVIDERS_HPP
