// SPDX-License-Identifier: MIT
// cli/session.cpp - from flags to a configuration and an open kit.
#include "cli/commands.hpp"
#include "core/os/files.hpp"
#include "kit/providers.hpp"

#include <algorithm>
#include <cmath>

namespace aikit::cli {
namespace {

constexpr std::int64_t max_argument_bytes = 256 * 1024 * 1024;

/// The provider a flag names, made when the configuration has none of that name.
ProviderConfig& named_provider(KitConfig& config, std::string const& name, bool has_base_url) {
    auto const found = std::find_if(config.providers.begin(), config.providers.end(),
                                    [&](ProviderConfig const& provider) { return provider.name == name; });
    if (found != config.providers.end()) return *found;
    ProviderConfig made;
    made.name = name;
    // An endpoint aikit has no adapter of its own for speaks OpenAI's dialect, as nearly all do.
    if (has_base_url && !is_provider_type(name)) made.type = "openai";
    return config.providers.emplace_back(std::move(made));
}

}  // namespace

Result<KitConfig> configure(CommonOptions const& common, CallSettings const& call) {
    Result<KitConfig> config = KitConfig::from_env(common.config);
    if (!config) return config.error();
    if (!common.store.empty()) {
        config->store = common.store;
        config->make_store_folder = false;
    }
    if (!call.provider.empty() || !call.base_url.empty()) {
        std::string const name = !call.provider.empty()              ? call.provider
                                 : !config->default_provider.empty() ? config->default_provider
                                                                     : "openai";
        ProviderConfig& provider = named_provider(*config, name, !call.base_url.empty());
        if (!call.base_url.empty()) provider.base_url = call.base_url;
        config->default_provider = name;
        if (!call.api.empty()) provider.api = call.api;
    } else if (!call.api.empty()) {
        for (ProviderConfig& provider : config->providers) {
            if (has_responses(provider)) provider.api = call.api;
        }
    }
    if (!call.record.empty() || !call.replay.empty()) {
        config->record = call.record;
        config->replay = call.replay;
    }
    // An endpoint given by hand may serve models no catalog knows: they run, and the reply says it has no price.
    if (!call.base_url.empty()) config->unknown_price = policy::UnknownPrice::allow;
    if (call.unknown_price == "allow") config->unknown_price = policy::UnknownPrice::allow;
    if (call.unknown_price == "deny") config->unknown_price = policy::UnknownPrice::deny;
    return config;
}

Result<CallOptions> call_options(CallSettings const& call) {
    CallOptions options;
    if (call.timeout) {
        if (!(*call.timeout > 0 && *call.timeout <= 1e6)) {
            return fail(Errc::invalid_argument, "--timeout must be more than 0 and at most 1000000 seconds");
        }
        options.limits.total = std::chrono::milliseconds(std::llround(*call.timeout * 1000));
    }
    options.max_retries = call.max_retries;
    options.caller.user = call.user;
    options.caller.project = call.project;
    options.caller.tags = call.tags;
    return options;
}

Result<Session> open_kit(KitConfig config) {
    // The command waits for its calls, so it needs a thread that drives them.
    config.runtime.io = std::max(config.runtime.io, 1);
    Result<Kit> kit = Kit::open(std::move(config));
    if (!kit) return kit.error();
    return Session(std::move(*kit));
}

Result<std::string> read_argument_file(std::string const& path) {
    if (path == "-") return os::read_descriptor(0, "standard input", max_argument_bytes);
    return os::read_file(path, max_argument_bytes);
}

void settle(Session& kit, std::vector<std::string>& warnings) {
    Result<void> const noted = sync::wait(kit, kit.flush());
    if (noted) return;
    warnings.push_back("the ledger does not have this call, so aikit cost will not show it: " + noted.error().message);
}

void settle(Session& kit, Console& console) {
    std::vector<std::string> warnings;
    settle(kit, warnings);
    for (std::string const& warning : warnings) console.warn(warning);
}

int fail_call(Console& console, Session& kit, Error const& error, std::string_view partial) {
    settle(kit, console);
    return console.fail(error, partial);
}

void note_cost(Console& console, CallInfo const& info) {
    std::string line = info.provider + "/" + info.model + "  " + std::to_string(info.usage.total_input()) +
                       " tokens in, " + std::to_string(info.usage.output) + " out  ";
    line += info.cost ? "$" + info.cost->usd() : "price unknown";
    if (info.cost && !info.cost_exact) line += " (estimated)";
    if (info.usage.has_interval()) {
        line += ", " + std::to_string(info.usage.output_at_least) + " to " + std::to_string(info.usage.output_at_most) +
                " tokens out";
    }
    console.note(line);
    for (std::string const& warning : info.warnings) console.warn(warning);
}

}  // namespace aikit::cli
