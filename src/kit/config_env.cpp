// SPDX-License-Identifier: MIT
// kit/config_env.cpp - a Kit's configuration from the environment.
#include "core/os/os.hpp"
#include "kit/compatible.hpp"

#include <aikit/kit.hpp>
#include <aikit/provider/ollama.hpp>

#include <algorithm>

namespace aikit::inline v0 {
namespace {

std::string environment_or(char const* name, std::string otherwise) {
    std::optional<std::string> value = os::environment(name);
    return value && !value->empty() ? *value : otherwise;
}

/// The provider of that name; made when the environment speaks of it by one of `names`, else null.
ProviderConfig* provider_of_environment(std::vector<ProviderConfig>& providers, std::string const& name,
                                        std::initializer_list<char const*> names) {
    auto const found =
        std::find_if(providers.begin(), providers.end(), [&](ProviderConfig const& p) { return p.name == name; });
    if (found != providers.end()) return &*found;
    if (std::none_of(names.begin(), names.end(), [](char const* one) { return os::environment(one).has_value(); })) {
        return nullptr;
    }
    ProviderConfig made;
    made.name = name;
    return &providers.emplace_back(std::move(made));
}

void refer_to_environment(std::string& reference, char const* name) {
    if (os::environment(name)) reference = std::string("env:") + name;
}

/// The environment's word on providers: it stands above the file's, and makes a provider when there is none.
void apply_provider_environment(std::vector<ProviderConfig>& providers) {
    if (ProviderConfig* openai = provider_of_environment(providers, "openai", {"OPENAI_API_KEY", "OPENAI_BASE_URL"})) {
        openai->base_url = environment_or("OPENAI_BASE_URL", openai->base_url);
        openai->organization = environment_or("OPENAI_ORG_ID", openai->organization);
        openai->project = environment_or("OPENAI_PROJECT_ID", openai->project);
        refer_to_environment(openai->api_key, "OPENAI_API_KEY");
    }
    ProviderConfig* const anthropic = provider_of_environment(
        providers, "anthropic", {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"});
    if (anthropic != nullptr) {
        anthropic->base_url = environment_or("ANTHROPIC_BASE_URL", anthropic->base_url);
        refer_to_environment(anthropic->api_key, "ANTHROPIC_API_KEY");
        refer_to_environment(anthropic->auth_token, "ANTHROPIC_AUTH_TOKEN");
    }
    ProviderConfig* const azure = provider_of_environment(
        providers, "azure", {"AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"});
    if (azure != nullptr) {
        azure->base_url = environment_or("AZURE_OPENAI_ENDPOINT", azure->base_url);
        azure->api_version = environment_or("AZURE_OPENAI_API_VERSION", azure->api_version);
        azure->api_version = environment_or("OPENAI_API_VERSION", azure->api_version);
        refer_to_environment(azure->api_key, "AZURE_OPENAI_API_KEY");
        refer_to_environment(azure->auth_token, "AZURE_OPENAI_AD_TOKEN");
    }
    if (ProviderConfig* gemini = provider_of_environment(providers, "gemini", {"GOOGLE_API_KEY", "GEMINI_API_KEY"})) {
        refer_to_environment(gemini->api_key, "GEMINI_API_KEY");
        refer_to_environment(gemini->api_key, "GOOGLE_API_KEY");
    }
    for (Compatible const& known : compatible_endpoints()) {
        if (known.key == nullptr) continue;
        ProviderConfig* const one = provider_of_environment(providers, std::string(known.name), {known.key});
        if (one != nullptr) refer_to_environment(one->api_key, known.key);
    }
    ProviderConfig* const vertex =
        provider_of_environment(providers, "vertex", {"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"});
    if (vertex != nullptr) {
        vertex->project = environment_or("GOOGLE_CLOUD_PROJECT", vertex->project);
        vertex->location = environment_or("GOOGLE_CLOUD_LOCATION", vertex->location);
        // The variable names a file.
        std::string const file = environment_or("GOOGLE_APPLICATION_CREDENTIALS", {});
        if (!file.empty()) vertex->credentials = "file:" + file;
    }
    // An older name of the same; the newer one wins.
    ProviderConfig* const face =
        provider_of_environment(providers, "huggingface", {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"});
    if (face != nullptr && !os::environment("HF_TOKEN")) refer_to_environment(face->api_key, "HUGGING_FACE_HUB_TOKEN");
    if (ProviderConfig* ollama = provider_of_environment(providers, "ollama", {"OLLAMA_HOST"})) {
        std::string const host = environment_or("OLLAMA_HOST", {});
        if (!host.empty()) ollama->base_url = provider::ollama_base_url(host);
        refer_to_environment(ollama->api_key, "OLLAMA_API_KEY");
    }
}

}  // namespace

Result<KitConfig> KitConfig::from_env(std::string const& config_path) {
    std::string const home = environment_or("HOME", ".");
    KitConfig out;

    std::string const path = config_path.empty() ? environment_or("AIKIT_CONFIG", {}) : config_path;
    if (!path.empty()) {
        Result<KitConfig> read = from_file(path);
        if (!read) return read.error();
        out = std::move(*read);
    } else {
        for (std::string const& candidate :
             {std::string("aikit.json"), environment_or("XDG_CONFIG_HOME", home + "/.config") + "/aikit/aikit.json"}) {
            Result<KitConfig> read = from_file(candidate);
            if (!read && read.error().code == Errc::not_found) continue;
            if (!read) return read.error();
            out = std::move(*read);
            break;
        }
    }

    out.record = environment_or("AIKIT_RECORD", out.record);
    out.replay = environment_or("AIKIT_REPLAY", out.replay);
    std::string const store = environment_or("AIKIT_STORE", {});
    if (!store.empty()) {
        out.store = store;
    } else if (out.store.empty()) {
        out.store = environment_or("XDG_DATA_HOME", home + "/.local/share") + "/aikit/aikit.db";
        out.make_store_folder = true;
    }

    bool const configured = !out.providers.empty() || !out.default_provider.empty();
    apply_provider_environment(out.providers);
    // OLLAMA_HOST and Google's variables say where models may run, not that they are to answer by default.
    bool const only_places = std::all_of(out.providers.begin(), out.providers.end(), [](ProviderConfig const& one) {
        return one.name == "ollama" || one.name == "vertex";
    });
    if (!configured && only_places && !out.providers.empty()) out.default_provider = "builtin";
    net::proxies_from_env(out.http);
    return out;
}

}  // namespace aikit::inline v0
