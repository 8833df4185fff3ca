// SPDX-License-Identifier: MIT
// kit/config.cpp - a Kit's configuration as JSON, and from files.
#include "core/os/files.hpp"
#include "kit/config_fields.hpp"
#include "kit/providers.hpp"
#include "model/json_exact.hpp"

#include <aikit/kit.hpp>

#include <algorithm>
#include <array>

namespace aikit::inline v0 {

bool is_key_reference(std::string_view text) noexcept {
    return text.starts_with("env:") || text.starts_with("file:") || text.starts_with("callback:");
}

namespace {

constexpr std::int64_t max_config_bytes = 4 * 1024 * 1024;

bool valid_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > 64) return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    });
}

/// One list of fields for both directions would have to name types twice; the round trip is tested instead.
Result<void> read_limits(json::Fields& parent, CallLimits& out) {
    json::object const* object = parent.take_object("limits");
    if (!object) return ok();
    json::Fields fields(*object, parent.path() + ".limits");
    read_seconds(fields, "connect", out.connect);
    read_seconds(fields, "first_byte", out.first_byte);
    read_seconds(fields, "idle", out.idle);
    read_seconds(fields, "total", out.total);
    return fields.finish();
}

json::value write_limits(CallLimits const& limits) {
    json::object out;
    if (limits.connect) out["connect"] = seconds(*limits.connect);
    if (limits.first_byte) out["first_byte"] = seconds(*limits.first_byte);
    if (limits.idle) out["idle"] = seconds(*limits.idle);
    if (limits.total) out["total"] = seconds(*limits.total);
    return out;
}

/// A path, or what stands in the file itself.
void read_text_or_json(json::Fields& fields, std::string_view key, std::string& out, std::string_view why) {
    json::value const* const given = fields.take(key);
    if (given == nullptr) return;
    if (given->is_string()) out = std::string(given->get_string());
    if (given->is_object() || given->is_array()) out = json_exact::write(*given);
    if (out.empty()) fields.refuse(key, why);
}

void put_text_or_json(json::object& out, std::string_view key, std::string const& text) {
    if (text.empty()) return;
    Result<json::value> inner = is_inline_json(text) ? json::parse(text, key) : Result<json::value>(json::value());
    out[key] = inner && !inner->is_null() ? std::move(*inner) : json::value(text);
}

Result<ProviderConfig> read_provider(json::value const& source, std::string const& path) {
    if (!source.is_object()) return fail(Errc::invalid_argument, path + " must be an object");
    json::Fields fields(source.get_object(), path);
    ProviderConfig out;
    fields.read("name", out.name);
    fields.read("type", out.type);
    fields.read("base_url", out.base_url);
    fields.read("api_key", out.api_key);
    fields.read("auth_token", out.auth_token);
    fields.read("credentials", out.credentials);
    fields.read("api_version", out.api_version);
    fields.read("api", out.api);
    if (!out.api.empty() && out.api != "chat" && out.api != "responses") {
        fields.refuse("api", "must be \"chat\" or \"responses\"");
    }
    fields.read("organization", out.organization);
    fields.read("project", out.project);
    fields.read("location", out.location);
    fields.read("model", out.model);
    fields.read("embedding_model", out.embedding_model);
    fields.read("price_as", out.price_as);
    fields.read("region", out.region);
    fields.read("local", out.local);
    fields.read("max_retries", out.max_retries);
    read_text_or_json(fields, "script", out.script, "must be a path, or a script as an object");
    auto const add_header = [&](std::string name, std::string value) {
        out.headers.emplace_back(std::move(name), std::move(value));
    };
    auto const add_model = [&](std::string name, std::string value) {
        out.price_models[std::move(name)] = std::move(value);
    };
    for (Result<void> const& part :
         {read_text_members(fields, "headers", add_header), read_text_members(fields, "price_models", add_model)}) {
        if (!part) return part.error();
    }
    if (!valid_name(out.name)) {
        fields.refuse("name", "must be 1 to 64 of a-z, 0-9, '_', '-', '.'");
    }
    if (out.max_retries && (*out.max_retries < 0 || *out.max_retries > 10)) {
        fields.refuse("max_retries", "must be 0 to 10");
    }
    for (auto const& [field, reference] : {std::pair("api_key", &out.api_key), std::pair("auth_token", &out.auth_token),
                                           std::pair("credentials", &out.credentials)}) {
        if (reference->empty() || is_key_reference(*reference)) continue;
        fields.refuse(field,
                      "must be a reference, \"env:NAME\", \"file:PATH\" or \"callback:NAME\": keys do not belong in "
                      "configurations");
    }
    if (Result<void> limits = read_limits(fields, out.limits); !limits) return limits.error();
    if (Result<void> done = fields.finish(); !done) return done.error();
    return out;
}

json::value write_provider(ProviderConfig const& config) {
    json::object out;
    out["name"] = config.name;
    auto const text = [&](char const* key, std::string const& value) {
        if (!value.empty()) out[key] = value;
    };
    text("type", config.type);
    text("base_url", config.base_url);
    text("api_key", config.api_key);
    text("auth_token", config.auth_token);
    text("credentials", config.credentials);
    text("api_version", config.api_version);
    text("api", config.api);
    text("organization", config.organization);
    text("project", config.project);
    text("location", config.location);
    if (!config.headers.empty()) {
        json::object headers;
        for (auto const& [key, value] : config.headers) headers[key] = value;
        out["headers"] = std::move(headers);
    }
    text("model", config.model);
    text("embedding_model", config.embedding_model);
    text("price_as", config.price_as);
    text("region", config.region);
    json::object price_models;
    for (auto const& [key, value] : config.price_models) price_models[key] = value;
    if (!price_models.empty()) out["price_models"] = std::move(price_models);
    if (config.local) out["local"] = true;
    out["limits"] = write_limits(config.limits);
    if (config.max_retries) out["max_retries"] = *config.max_retries;
    put_text_or_json(out, "script", config.script);
    return out;
}

Result<void> read_chunking(json::Fields& parent, knowledge::ChunkingStrategy& out) {
    using Kind = knowledge::ChunkingStrategy::Kind;
    json::object const* object = parent.take_object("chunking");
    if (!object) return ok();
    json::Fields fields(*object, parent.path() + ".chunking");
    std::string kind = knowledge::name(out.kind);
    fields.read("kind", kind);
    fields.read("size", out.size);
    fields.read("overlap", out.overlap);
    bool known = false;
    for (Kind const candidate : {Kind::fixed, Kind::paragraph, Kind::markdown}) {
        if (kind != knowledge::name(candidate)) continue;
        out.kind = candidate;
        known = true;
    }
    if (!known) fields.refuse("kind", "must be \"fixed\", \"paragraph\" or \"markdown\"");
    return fields.finish();
}

constexpr std::array<std::pair<knowledge::SearchMode, char const*>, 3> search_modes{{
    {knowledge::SearchMode::dense, "dense"},
    {knowledge::SearchMode::sparse, "sparse"},
    {knowledge::SearchMode::hybrid, "hybrid"},
}};

Result<void> read_answers(json::Fields& parent, rag::RAGConfig& out) {
    json::object const* object = parent.take_object("answers");
    if (!object) return ok();
    json::Fields fields(*object, parent.path() + ".answers");
    std::string mode;
    fields.read("model", out.model);
    fields.read("top", out.top);
    fields.read("mode", mode);
    fields.read("diversity", out.diversity);
    fields.read("context_window", out.context_window);
    fields.read("max_answer_tokens", out.max_answer_tokens);
    fields.read("instructions", out.instructions);
    if (!mode.empty()) {
        auto const* found =
            std::find_if(search_modes.begin(), search_modes.end(), [&](auto const& m) { return mode == m.second; });
        if (found == search_modes.end()) {
            fields.refuse("mode", "must be \"dense\", \"sparse\" or \"hybrid\"");
        } else {
            out.mode = found->first;
        }
    }
    return fields.finish();
}

json::value write_answers(rag::RAGConfig const& config) {
    json::object out;
    if (!config.model.empty()) out["model"] = config.model;
    out["top"] = config.top;
    for (auto const& [mode, text] : search_modes) {
        if (mode == config.mode) out["mode"] = text;
    }
    out["diversity"] = config.diversity;
    out["context_window"] = config.context_window;
    out["max_answer_tokens"] = config.max_answer_tokens;
    if (!config.instructions.empty()) out["instructions"] = config.instructions;
    return out;
}

Result<void> read_http(json::Fields& parent, net::HttpClientConfig& out) {
    json::object const* object = parent.take_object("http");
    if (!object) return ok();
    json::Fields fields(*object, parent.path() + ".http");
    fields.read("user_agent", out.user_agent);
    fields.read("ca_file", out.ca_file);
    fields.read("https_proxy", out.https_proxy);
    fields.read("http_proxy", out.http_proxy);
    fields.read("no_proxy", out.no_proxy);
    fields.read("gzip", out.gzip);
    fields.read("max_connections_per_origin", out.max_connections_per_origin);
    fields.read("max_idle_per_origin", out.max_idle_per_origin);
    fields.read("max_head", out.max_head);
    fields.read("max_body", out.max_body);
    read_seconds(fields, "max_idle_time", out.max_idle_time);
    read_seconds(fields, "max_life", out.max_life);
    read_seconds(fields, "next_address_after", out.next_address_after);
    read_seconds(fields, "tcp_user_timeout", out.tcp_user_timeout);
    return fields.finish();
}

json::value write_http(net::HttpClientConfig const& config) {
    json::object out;
    if (!config.user_agent.empty()) out["user_agent"] = config.user_agent;
    if (!config.ca_file.empty()) out["ca_file"] = config.ca_file;
    if (!config.https_proxy.empty()) out["https_proxy"] = config.https_proxy;
    if (!config.http_proxy.empty()) out["http_proxy"] = config.http_proxy;
    if (!config.no_proxy.empty()) out["no_proxy"] = config.no_proxy;
    out["gzip"] = config.gzip;
    out["max_connections_per_origin"] = config.max_connections_per_origin;
    out["max_idle_per_origin"] = config.max_idle_per_origin;
    out["max_head"] = config.max_head;
    out["max_body"] = config.max_body;
    out["max_idle_time"] = seconds(config.max_idle_time);
    out["max_life"] = seconds(config.max_life);
    out["next_address_after"] = seconds(config.next_address_after);
    out["tcp_user_timeout"] = seconds(config.tcp_user_timeout);
    return out;
}

Result<void> read_runtime(json::Fields& parent, RuntimeConfig& out) {
    json::object const* object = parent.take_object("runtime");
    if (!object) return ok();
    json::Fields fields(*object, parent.path() + ".runtime");
    fields.read("io", out.io);
    fields.read("cpu", out.cpu);
    fields.read("storage", out.storage);
    fields.read("resolver", out.resolver);
    return fields.finish();
}

Result<void> read_lists(json::Fields& fields, KitConfig& out) {
    if (json::array const* providers = fields.take_array("providers")) {
        std::size_t index = 0;
        for (json::value const& provider : *providers) {
            std::string const path = fields.path() + ".providers[" + std::to_string(index++) + "]";
            Result<ProviderConfig> read = read_provider(provider, path);
            if (!read) return read.error();
            for (ProviderConfig const& other : out.providers) {
                if (other.name == read->name) {
                    return fail(Errc::invalid_argument, path + ".name is that of another provider; names must differ");
                }
            }
            out.providers.push_back(std::move(*read));
        }
    }
    if (json::object const* aliases = fields.take_object("aliases")) {
        for (auto const& [key, value] : *aliases) {
            if (!value.is_string() || value.get_string().empty()) {
                return fail(Errc::invalid_argument,
                            fields.path() + ".aliases." + std::string(key) + " must be a model's name");
            }
            out.aliases[std::string(key)] = std::string(value.get_string());
        }
    }
    return ok();
}

}  // namespace

Result<KitConfig> KitConfig::from_json(std::string_view text) {
    Result<json::value> parsed = json::parse(text, "configuration", Errc::invalid_argument);
    if (!parsed) return parsed.error();
    if (!parsed->is_object()) return fail(Errc::invalid_argument, "the configuration must be a JSON object");
    json::Fields fields(parsed->get_object(), "configuration");
    KitConfig out;
    fields.read("store", out.store);
    fields.read("make_store_folder", out.make_store_folder);
    fields.read("ledger", out.ledger);
    fields.read("default_provider", out.default_provider);
    fields.read("embedding_provider", out.embedding_provider);
    fields.read("embedding_model", out.embedding_model);
    fields.read("price_catalog", out.price_catalog);
    fields.read("app", out.app);
    fields.read("record", out.record);
    read_text_or_json(fields, "replay", out.replay, "must be a path, or the exchanges themselves");
    if (!out.record.empty() && !out.replay.empty()) fields.refuse("replay", "excludes 'record'");
    std::string unknown_price;
    fields.read("unknown_price", unknown_price);
    if (unknown_price == "allow") {
        out.unknown_price = policy::UnknownPrice::allow;
    } else if (!unknown_price.empty() && unknown_price != "deny") {
        fields.refuse("unknown_price", "must be \"deny\" or \"allow\"");
    }
    for (Result<void> const& part :
         {read_lists(fields, out), read_chunking(fields, out.chunking), read_answers(fields, out.answers),
          read_http(fields, out.http), read_call_limits(fields, out.call_limits), read_budgets(fields, out.budgets),
          read_tiers(fields, out.tiers), read_cache(fields, out.cache), read_telemetry(fields, out.telemetry),
          read_routers(fields, out.routers), read_price_discounts(fields, out.price_discounts),
          read_runtime(fields, out.runtime), fields.finish()}) {
        if (!part) return part.error();
    }
    return out;
}

Result<KitConfig> KitConfig::from_file(std::string const& path) {
    Result<std::string> text = os::read_file(path, max_config_bytes);
    if (!text) return text.error();
    Result<KitConfig> config = from_json(*text);
    if (config) return config;
    // Which file it is may be the environment's doing.
    Error named = config.error();
    named.message = path + ": " + named.message;
    return named;
}

std::string KitConfig::to_json() const {
    json::object out;
    auto const text = [&](char const* key, std::string const& value) {
        if (!value.empty()) out[key] = value;
    };
    text("store", store);
    if (make_store_folder) out["make_store_folder"] = true;
    text("ledger", ledger);
    json::array list;
    for (ProviderConfig const& provider : providers) list.push_back(write_provider(provider));
    out["providers"] = std::move(list);
    text("default_provider", default_provider);
    text("embedding_provider", embedding_provider);
    text("embedding_model", embedding_model);
    json::object names;
    for (auto const& [key, value] : aliases) names[key] = value;
    out["aliases"] = std::move(names);
    if (!routers.empty()) out["routers"] = write_routers(routers);
    out["chunking"] = {
        {"kind", knowledge::name(chunking.kind)}, {"size", chunking.size}, {"overlap", chunking.overlap}};
    out["answers"] = write_answers(answers);
    out["unknown_price"] = unknown_price == policy::UnknownPrice::deny ? "deny" : "allow";
    text("price_catalog", price_catalog);
    if (!price_discounts.empty()) out["price_discounts"] = write_price_discounts(price_discounts);
    if (call_limits) out["call_limits"] = write_call_limits(*call_limits);
    if (budgets) out["budgets"] = write_budgets(*budgets);
    if (tiers) out["tiers"] = write_tiers(*tiers);
    if (telemetry) out["telemetry"] = write_telemetry(*telemetry);

    if (cache) out["cache"] = write_cache(*cache);
    out["http"] = write_http(http);
    text("app", app);
    text("record", record);
    put_text_or_json(out, "replay", replay);
    out["runtime"] = {
        {"io", runtime.io}, {"cpu", runtime.cpu}, {"storage", runtime.storage}, {"resolver", runtime.resolver}};
    return json::serialize(out);
}

}  // namespace aikit::inline v0
