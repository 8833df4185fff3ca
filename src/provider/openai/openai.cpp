// SPDX-License-Identifier: MIT
// provider/openai/openai.cpp - OpenAI's own endpoint, and others that are configured like it.
#include "core/os/os.hpp"
#include "provider/openai_responses/adapter.hpp"
#include "provider/openai_responses/count.hpp"

#include <aikit/provider/openai.hpp>

namespace aikit::inline v0::provider {

namespace {

constexpr std::string_view configuration = "The OpenAI configuration";

/// OpenAI's own host?
bool is_openai_host(std::string_view base_url) noexcept {
    std::size_t const scheme = base_url.find("://");
    if (scheme == std::string_view::npos) return false;
    std::string_view host = base_url.substr(scheme + 3);
    host = host.substr(0, host.find_first_of("/?#"));
    host = host.substr(0, host.find(':'));
    constexpr std::string_view domain = "openai.com";
    return host == domain || (host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

openai_wire::Quirks quirks_of(OpenAiConfig const& config) {
    openai_wire::Quirks quirks;
    bool const automatic = config.dialect == OpenAiConfig::Dialect::automatic;
    quirks.only_openai_parts =
        automatic ? is_openai_host(config.base_url) : config.dialect == OpenAiConfig::Dialect::openai;
    quirks.include_usage = config.stream_usage;
    quirks.done_marker_required = config.done_marker_required;
    quirks.embed_base64 = config.embed_base64;
    quirks.max_embed_inputs = static_cast<std::size_t>(config.max_embed_inputs);
    quirks.max_embed_bytes = static_cast<std::size_t>(config.max_embed_bytes);
    return quirks;
}

}  // namespace

Result<std::shared_ptr<AIProvider>> make_openai(OpenAiConfig config, Runtime runtime,
                                                std::shared_ptr<net::HttpTransport> transport) {
    while (config.base_url.ends_with('/')) config.base_url.pop_back();
    auto const wrong = [](char const* field, char const* why) {
        return carrier::wrong_field(configuration, field, why);
    };
    if (carrier::has_control(config.organization)) return wrong("organization", "holds a control character");
    if (carrier::has_control(config.project)) return wrong("project", "holds a control character");
    if (config.max_embed_inputs < 1) return wrong("max_embed_inputs", "must be 1 or more");
    if (config.max_embed_bytes < 1) return wrong("max_embed_bytes", "must be 1 or more");

    auto endpoint = std::make_shared<openai_wire::Endpoint>();
    endpoint->quirks = quirks_of(config);
    endpoint->jobs = config.jobs;
    if (is_openai_host(config.base_url)) {
        endpoint->key_missing =
            "The provider " + config.name + " has no API key; set OPENAI_API_KEY or its configuration.";
    }
    endpoint->name = std::move(config.name);
    endpoint->base_url = std::move(config.base_url);
    endpoint->headers = std::move(config.headers);
    if (!config.organization.empty()) carrier::put_header(*endpoint, "OpenAI-Organization", config.organization);
    if (!config.project.empty()) carrier::put_header(*endpoint, "OpenAI-Project", config.project);
    endpoint->key = std::move(config.api_key);
    endpoint->id_header = "X-Client-Request-Id";
    endpoint->idempotency_header = "Idempotency-Key";
    endpoint->limits = config.limits;
    endpoint->max_reply_bytes = config.max_reply_bytes;
    endpoint->runtime = std::move(runtime);
    endpoint->transport = std::move(transport);
    if (Result<void> good = carrier::check(*endpoint, configuration); !good) return good.error();
    bool const responses = config.api == OpenAiConfig::Api::responses;
    std::shared_ptr<AIProvider> made =
        responses ? openai_responses::make_adapter(endpoint) : openai_wire::make_adapter(endpoint);
    return endpoint->jobs ? openai_responses::with_counts(std::move(made), endpoint) : made;
}

OpenAiConfig openai_config_from_env() {
    OpenAiConfig config;
    config.api_key = Secret(os::environment("OPENAI_API_KEY").value_or(""));
    if (std::optional<std::string> url = os::environment("OPENAI_BASE_URL"); url && !url->empty()) {
        config.base_url = std::move(*url);
    }
    config.organization = os::environment("OPENAI_ORG_ID").value_or("");
    config.project = os::environment("OPENAI_PROJECT_ID").value_or("");
    return config;
}

}  // namespace aikit::inline v0::provider
