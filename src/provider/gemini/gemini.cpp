// SPDX-License-Identifier: MIT
// provider/gemini/gemini.cpp - the Gemini adapter: carries requests and replies, by Google's own API or Vertex AI.
#include "core/async.hpp"
#include "core/os/os.hpp"
#include "provider/carrier/count.hpp"
#include "provider/carrier/lists.hpp"
#include "provider/carrier/stream.hpp"
#include "provider/gemini/credentials.hpp"
#include "provider/gemini/jobs.hpp"
#include "provider/gemini/wire.hpp"

#include <aikit/provider/gemini.hpp>

#include <algorithm>

namespace aikit::inline v0::provider {

namespace {

using carrier::Answer;
using carrier::Call;
using carrier::Encoded;
using carrier::named;
using carrier::Whole;

constexpr std::string_view configuration = "The Gemini configuration";

struct Endpoint final : carrier::Endpoint {
    /// "/models/gemini-x:generateContent", below whatever stands in front of it at Vertex AI.
    std::string path(std::string_view model, std::string_view method) const {
        constexpr std::string_view folder = "models/";
        if (model.starts_with(folder)) model.remove_prefix(folder.size());
        std::string path = in_front;
        // "endpoints/123" and "publishers/anthropic/models/x" are names of Vertex AI's own.
        bool const whole = vertex && model.find('/') != std::string_view::npos;
        path.append(vertex && !whole ? "/publishers/google" : "").append(whole ? "/" : "/models/");
        return path.append(model).append(":").append(method);
    }

    std::string in_front;  // "/v1/projects/P/locations/L"
    std::string models = "/models?pageSize=1000";
    bool vertex = false;
    std::size_t max_embed_inputs = 0;
};

using Shared = std::shared_ptr<Endpoint const>;

/// A model's name becomes a part of the URL.
Result<void> check_model(std::string_view model, Endpoint const& endpoint) {
    bool const plain = !model.empty() && std::all_of(model.begin(), model.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '_' || c == '/' || c == '@';
    });
    if (plain && model.find("..") == std::string_view::npos) return ok();
    return named(fail(Errc::invalid_argument, model.empty()
                                                  ? "The request is wrong: model is missing."
                                                  : "The request is wrong: model is no name of one for this provider."),
                 endpoint);
}

Call call_of(std::string path, Encoded& encoded, CallOptions options, bool streaming) {
    Call call;
    call.path = std::move(path);
    call.body = std::move(encoded.body);
    call.options = std::move(options);
    call.streaming = streaming;
    call.reasoning = true;
    return call;
}

Task<ChatReply> run_chat(Shared endpoint, ChatRequest request, CallOptions options) {
    if (Result<void> fine = check_model(request.model, *endpoint); !fine) co_return fine.error();
    Result<Encoded> encoded = gemini::encode_chat(request);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    Call call = call_of(endpoint->path(request.model, "generateContent"), *encoded, std::move(options), false);
    Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<ChatReply> reply = gemini::decode_chat(whole->head.exchange, whole->body);
    if (!reply) co_return carrier::without_key(reply.error(), *endpoint, whole->head);
    std::string const model = reply->model.empty() ? request.model : reply->model;
    carrier::tell(*reply, *endpoint, whole->head, model, reply->usage, std::move(encoded->warnings));
    co_return reply;
}

Task<ChatStream> run_stream(Shared endpoint, ChatRequest request, CallOptions options) {
    if (Result<void> fine = check_model(request.model, *endpoint); !fine) co_return fine.error();
    Result<Encoded> encoded = gemini::encode_chat(request);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    std::string path = endpoint->path(request.model, "streamGenerateContent?alt=sse");
    Call call = call_of(std::move(path), *encoded, std::move(options), true);
    Result<Answer> answer = co_await carrier::send(endpoint, std::move(call));
    if (!answer) co_return answer.error();
    auto decoder = std::make_unique<gemini::StreamDecoder>(answer->head.exchange);
    co_return carrier::make_stream(endpoint, std::move(*answer), std::move(decoder), std::move(request.model),
                                   std::move(encoded->warnings));
}

Task<EmbedReply> run_embed_batch(Shared endpoint, std::shared_ptr<EmbedRequest const> request, std::size_t first,
                                 std::size_t count, CallOptions options) {
    gemini::EmbedForm const form = gemini::embed_form(request->model, endpoint->vertex);
    Result<Encoded> encoded = gemini::encode_embed(*request, first, count, form);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    std::string path = endpoint->path(request->model, gemini::embed_method(form));
    Call call = call_of(std::move(path), *encoded, std::move(options), false);
    call.reasoning = false;
    Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<EmbedReply> reply = gemini::decode_embeddings(whole->head.exchange, whole->body, count, form);
    if (!reply) co_return carrier::without_key(reply.error(), *endpoint, whole->head);
    carrier::tell(*reply, *endpoint, whole->head, request->model, reply->usage, std::move(encoded->warnings));
    co_return reply;
}

Task<EmbedReply> run_embed(Shared endpoint, EmbedRequest asked, CallOptions options) {
    if (Result<void> fine = check_model(asked.model, *endpoint); !fine) co_return fine.error();
    carrier::Batches batches;
    batches.fit = [endpoint](EmbedRequest const& request, std::size_t first) {
        gemini::EmbedForm const form = gemini::embed_form(request.model, endpoint->vertex);
        return gemini::embed_batch(request, first, form, endpoint->max_embed_inputs);
    };
    batches.embed = [endpoint](std::shared_ptr<EmbedRequest const> request, std::size_t first, std::size_t count,
                               CallOptions own) {
        return run_embed_batch(endpoint, std::move(request), first, count, std::move(own));
    };
    Task<EmbedReply> pending =
        carrier::embed_in_batches(endpoint, std::move(asked), std::move(options), std::move(batches));
    co_return co_await std::move(pending);
}

Task<ModelList> run_models(Shared endpoint, CallOptions options) {
    carrier::Pages pages;
    pages.path = [endpoint](std::string const& next) {
        return endpoint->models + (next.empty() ? std::string() : "&pageToken=" + next);
    };
    pages.decode = gemini::decode_models;
    Task<ModelList> pending = carrier::list_models(endpoint, std::move(options), std::move(pages));
    co_return co_await std::move(pending);
}

Task<TokenCount> run_count(Shared endpoint, ChatRequest request, CallOptions options) {
    if (Result<void> fine = check_model(request.model, *endpoint); !fine) co_return fine.error();
    Result<Encoded> encoded = gemini::encode_count(request, endpoint->vertex);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    carrier::Counting counting;
    counting.call = call_of(endpoint->path(request.model, "countTokens"), *encoded, std::move(options), false);
    counting.model = std::move(request.model);
    counting.member = "totalTokens";
    counting.zero_is_left_out = true;
    counting.warnings = std::move(encoded->warnings);
    Task<TokenCount> pending = carrier::count_tokens(endpoint, std::move(counting));
    co_return co_await std::move(pending);
}

class Gemini final : public AIProvider {
public:
    explicit Gemini(Shared endpoint) : endpoint_(std::move(endpoint)) {
        if (endpoint_->vertex) return;  // whose batches are read from and written to buckets
        batch_ = gemini::make_batch(
            endpoint_, [of = endpoint_](std::string const& model, std::string_view method) -> Result<std::string> {
                if (Result<void> fine = check_model(model, *of); !fine) return fine.error();
                return of->path(model, method);
            });
        files_ = gemini::make_files(endpoint_);
    }

    using AIProvider::chat;
    using AIProvider::count_tokens;
    using AIProvider::embed;
    using AIProvider::stream_chat;

    std::string const& name() const noexcept override { return endpoint_->name; }
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        return guard(run_chat(endpoint_, std::move(request), std::move(options)));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        return guard(run_stream(endpoint_, std::move(request), std::move(options)));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        return guard(run_embed(endpoint_, std::move(request), std::move(options)));
    }
    Task<ModelList> models(CallOptions options) override { return guard(run_models(endpoint_, std::move(options))); }
    Task<TokenCount> count_tokens(ChatRequest request, CallOptions options) override {
        return guard(run_count(endpoint_, std::move(request), std::move(options)));
    }
    BatchApi* batch() noexcept override { return batch_.get(); }
    FilesApi* files() noexcept override { return files_.get(); }

private:
    Shared endpoint_;
    std::unique_ptr<BatchApi> batch_;
    std::unique_ptr<FilesApi> files_;
};

bool is_plain(std::string_view name) noexcept {
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.' || c == ':';
    });
}

/// Where Vertex AI keeps a location.
std::string vertex_host(std::string const& location) {
    if (location == "global") return "https://aiplatform.googleapis.com";
    if (location == "us" || location == "eu") return "https://aiplatform." + location + ".rep.googleapis.com";
    return "https://" + location + "-aiplatform.googleapis.com";
}

/// Where Vertex AI keeps what is asked for, below the base URL; without a project it is told by the key ("express").
void place(Endpoint& endpoint, GeminiConfig const& config) {
    bool const versioned = config.base_url.ends_with("/v1") || config.base_url.ends_with("/v1beta1");
    std::string const version = versioned ? "" : "/v1";
    endpoint.in_front = version;
    if (!config.project.empty()) endpoint.in_front += "/projects/" + config.project + "/locations/" + config.location;
    // Only the beta lists them.
    std::string const beta = versioned ? "" : "/v1beta1";
    endpoint.models = beta + "/publishers/google/models?pageSize=1000";
}

/// The service account's, where its file is the credential that counts; it may say the project too.
Result<std::shared_ptr<gemini::Credentials>> credentials_of(GeminiConfig& config, Runtime const& runtime,
                                                            std::shared_ptr<net::HttpTransport> const& transport) {
    if (!config.api_key.empty() || config.service_account.empty()) return std::shared_ptr<gemini::Credentials>();
    Result<gemini::ServiceAccount> account = gemini::read_service_account(config.service_account);
    if (!account) {
        Error error = account.error();
        error.provider = config.name;
        return error;
    }
    if (config.vertex && config.project.empty()) config.project = account->project;
    return std::make_shared<gemini::Credentials>(std::move(*account), config.name, runtime, transport);
}

}  // namespace

Result<std::shared_ptr<AIProvider>> make_gemini(GeminiConfig config, Runtime runtime,
                                                std::shared_ptr<net::HttpTransport> transport) {
    while (config.base_url.ends_with('/')) config.base_url.pop_back();
    auto const wrong = [](char const* field, char const* why) {
        return carrier::wrong_field(configuration, field, why);
    };
    Result<std::shared_ptr<gemini::Credentials>> credentials = credentials_of(config, runtime, transport);
    if (!credentials) return credentials.error();
    bool const vertex = config.vertex || !config.project.empty();
    if (!is_plain(config.project)) return wrong("project", "must be letters, digits, -, _, . and :");
    if (!is_plain(config.location) || (vertex && config.location.empty())) {
        return wrong("location", "must be a name of a location");
    }
    if (config.max_embed_inputs < 1 || config.max_embed_inputs > 100) {
        return wrong("max_embed_inputs", "must be 1 to 100");
    }
    auto endpoint = std::make_shared<Endpoint>();
    endpoint->vertex = vertex;
    if (vertex) place(*endpoint, config);
    if (config.base_url.empty()) {
        config.base_url = vertex ? vertex_host(config.project.empty() ? "global" : config.location)
                                 : std::string("https://generativelanguage.googleapis.com/v1beta");
        endpoint->key_missing = vertex ? "The provider " + config.name +
                                             " has no credentials; set GOOGLE_APPLICATION_CREDENTIALS, its "
                                             "configuration, or give a token."
                                       : "The provider " + config.name +
                                             " has no API key; set GEMINI_API_KEY, its configuration, or give a token.";
    }
    endpoint->name = std::move(config.name);
    endpoint->base_url = std::move(config.base_url);
    endpoint->headers = std::move(config.headers);
    if (!config.api_key.empty()) {
        endpoint->key = std::move(config.api_key);
        endpoint->key_header = "x-goog-api-key";
        endpoint->key_prefix = "";
    } else if (*credentials) {
        endpoint->token = [kept = *credentials] { return gemini::Credentials::token(kept); };
        endpoint->token_refused = [kept = *credentials](Secret const& token) {
            kept->refuse(token);
            return true;
        };
    } else {
        endpoint->token = std::move(config.token);
    }
    endpoint->max_embed_inputs = static_cast<std::size_t>(config.max_embed_inputs);
    endpoint->limits = config.limits;
    endpoint->max_reply_bytes = config.max_reply_bytes;
    endpoint->runtime = std::move(runtime);
    endpoint->transport = std::move(transport);
    if (Result<void> good = carrier::check(*endpoint, configuration); !good) return good.error();
    return std::shared_ptr<AIProvider>(std::make_shared<Gemini>(std::move(endpoint)));
}

GeminiConfig gemini_config_from_env() {
    GeminiConfig config;
    config.api_key = Secret(os::environment("GOOGLE_API_KEY").value_or(os::environment("GEMINI_API_KEY").value_or("")));
    return config;
}

}  // namespace aikit::inline v0::provider
