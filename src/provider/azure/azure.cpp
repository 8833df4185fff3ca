// SPDX-License-Identifier: MIT
// provider/azure/azure.cpp - where Azure keeps what OpenAI has at one place: deployments, versions, keys of its own.
#include "core/os/os.hpp"
#include "provider/carrier/jobs.hpp"
#include "provider/openai_responses/adapter.hpp"
#include "provider/openai_responses/count.hpp"

#include <aikit/provider/azure.hpp>

namespace aikit::inline v0::provider {

namespace {

constexpr std::string_view configuration = "The Azure configuration";

enum class Surface {
    deployments,  ///< The model is a part of the URL.
    v1,           ///< As OpenAI's own.
    inference,    ///< Models of many makers, the name in the body.
};

struct Endpoint final : openai_wire::Endpoint {
    std::string path(std::string_view operation, std::string_view model) const override {
        std::string path;
        if (surface == Surface::v1) path = "/openai/v1";
        if (surface == Surface::deployments) path = "/openai";
        if (surface == Surface::deployments && !model.empty()) path += "/deployments/" + carrier::escaped(model);
        path += operation;
        if (!version.empty()) path += "?api-version=" + carrier::escaped(version);
        return path;
    }

    Surface surface = Surface::v1;
    std::string version;
};

bool is_dated(std::string_view version) noexcept {
    return !version.empty() && version != "v1" && version != "preview";
}

Surface surface_of(AzureConfig const& config) {
    if (config.base_url.ends_with("/models")) return Surface::inference;
    return is_dated(config.api_version) ? Surface::deployments : Surface::v1;
}

Task<Secret> give(Secret token) {
    co_return token;
}

}  // namespace

Result<std::shared_ptr<AIProvider>> make_azure(AzureConfig config, Runtime runtime,
                                               std::shared_ptr<net::HttpTransport> transport) {
    while (config.base_url.ends_with('/')) config.base_url.pop_back();
    auto const wrong = [](char const* field, char const* why) {
        return carrier::wrong_field(configuration, field, why);
    };
    // Others copy the whole address of the v1 surface, which has no dated versions.
    if (is_dated(config.api_version) && config.base_url.ends_with("/openai/v1")) config.api_version.clear();
    for (std::string_view const tail : {"/openai/v1", "/openai"}) {
        if (config.base_url.ends_with(tail)) config.base_url.resize(config.base_url.size() - tail.size());
    }
    if (config.base_url.empty()) return wrong("base_url", "is missing; it is the resource's endpoint");
    if (carrier::has_control(config.api_version)) return wrong("api_version", "holds a control character");
    if (config.max_embed_inputs < 1) return wrong("max_embed_inputs", "must be 1 or more");
    if (config.max_embed_bytes < 1) return wrong("max_embed_bytes", "must be 1 or more");

    auto endpoint = std::make_shared<Endpoint>();
    endpoint->surface = surface_of(config);
    if (endpoint->surface == Surface::inference && config.api_version.empty()) {
        return wrong("api_version", "is missing; model inference has no default");
    }
    if (endpoint->surface == Surface::inference && config.api == AzureConfig::Api::responses) {
        return wrong("api", "must be chat; model inference has no Responses API");
    }
    endpoint->version = std::move(config.api_version);
    endpoint->moderates = false;
    endpoint->jobs = endpoint->surface != Surface::inference;
    endpoint->quirks.only_openai_parts = false;
    endpoint->quirks.max_embed_inputs = static_cast<std::size_t>(config.max_embed_inputs);
    endpoint->quirks.max_embed_bytes = static_cast<std::size_t>(config.max_embed_bytes);
    endpoint->key_missing = "The provider " + config.name +
                            " has no API key; set AZURE_OPENAI_API_KEY, its configuration, or give a token.";
    endpoint->name = std::move(config.name);
    endpoint->base_url = std::move(config.base_url);
    endpoint->headers = std::move(config.headers);
    if (!config.api_key.empty()) {
        endpoint->key = std::move(config.api_key);
        endpoint->key_header = "api-key";
        endpoint->key_prefix = "";
    } else {
        endpoint->token = std::move(config.token);
    }
    endpoint->limits = config.limits;
    endpoint->max_reply_bytes = config.max_reply_bytes;
    endpoint->runtime = std::move(runtime);
    endpoint->transport = std::move(transport);
    if (Result<void> good = carrier::check(*endpoint, configuration); !good) return good.error();
    bool const responses = config.api == AzureConfig::Api::responses;
    std::shared_ptr<AIProvider> made =
        responses ? openai_responses::make_adapter(endpoint) : openai_wire::make_adapter(endpoint);
    // Its older surface has no Responses, and so no counts.
    return endpoint->surface == Surface::v1 ? openai_responses::with_counts(std::move(made), endpoint) : made;
}

std::function<Task<Secret>()> fixed_token(Secret token) {
    return [token = std::move(token)] { return give(token); };
}

AzureConfig azure_config_from_env() {
    AzureConfig config;
    config.api_key = Secret(os::environment("AZURE_OPENAI_API_KEY").value_or(""));
    if (std::optional<std::string> const token = os::environment("AZURE_OPENAI_AD_TOKEN"); token && !token->empty()) {
        config.token = fixed_token(Secret(*token));
    }
    config.base_url = os::environment("AZURE_OPENAI_ENDPOINT").value_or("");
    config.api_version =
        os::environment("OPENAI_API_VERSION").value_or(os::environment("AZURE_OPENAI_API_VERSION").value_or(""));
    return config;
}

}  // namespace aikit::inline v0::provider
