// SPDX-License-Identifier: MIT
// provider/huggingface/huggingface.cpp - chats in OpenAI's dialect, embeddings in Hugging Face's own.
#include "core/async.hpp"
#include "core/os/os.hpp"
#include "provider/carrier/lists.hpp"
#include "provider/huggingface/wire.hpp"
#include "provider/openai_wire/adapter.hpp"

#include <aikit/provider/huggingface.hpp>

#include <algorithm>

namespace aikit::inline v0::provider {

namespace {

using carrier::named;

constexpr std::string_view configuration = "The Hugging Face configuration";

/// Chats and models.
using ChatEndpoint = openai_wire::Endpoint;

/// Embeddings: below no base, because each model has an address of its own.
struct EmbedEndpoint final : carrier::Endpoint {
    std::string root;
    HuggingFaceConfig::Embeddings form = HuggingFaceConfig::Embeddings::feature_extraction;
    std::size_t max_embed_inputs = 1;
};

using Shared = std::shared_ptr<EmbedEndpoint const>;

Task<EmbedReply> run_embed_batch(Shared endpoint, std::shared_ptr<EmbedRequest const> request, std::size_t first,
                                 std::size_t count, CallOptions options) {
    Result<std::string> url = huggingface::embed_url(endpoint->root, request->model, endpoint->form);
    if (!url) co_return named(url.error(), *endpoint);
    Result<carrier::Encoded> encoded = huggingface::encode_embed(*request, first, count, endpoint->form);
    if (!encoded) co_return named(encoded.error(), *endpoint);
    carrier::Call call;
    call.path = url->substr(endpoint->base_url.size());
    call.body = std::move(encoded->body);
    call.options = std::move(options);
    Result<carrier::Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    Result<EmbedReply> reply = huggingface::decode_embeddings(whole->head.exchange, whole->body, count);
    if (!reply) co_return carrier::without_key(reply.error(), *endpoint, whole->head);
    carrier::tell(*reply, *endpoint, whole->head, request->model, reply->usage, std::move(encoded->warnings));
    co_return reply;
}

Task<EmbedReply> run_embed(Shared endpoint, EmbedRequest asked, CallOptions options) {
    carrier::Batches batches;
    batches.fit = [endpoint](EmbedRequest const& request, std::size_t first) {
        return std::min(request.inputs.size() - first, endpoint->max_embed_inputs);
    };
    batches.embed = [endpoint](std::shared_ptr<EmbedRequest const> request, std::size_t first, std::size_t count,
                               CallOptions own) {
        return run_embed_batch(endpoint, std::move(request), first, count, std::move(own));
    };
    return carrier::embed_in_batches(endpoint, std::move(asked), std::move(options), std::move(batches));
}

class HuggingFace final : public ForwardingProvider {
public:
    HuggingFace(std::shared_ptr<AIProvider> chats, Shared embeds)
        : ForwardingProvider(std::move(chats)), embeds_(std::move(embeds)) {}

    using AIProvider::embed;
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        return guard(run_embed(embeds_, std::move(request), std::move(options)));
    }

private:
    Shared embeds_;
};

/// What both endpoints have in common.
void fill(carrier::Endpoint& endpoint, HuggingFaceConfig const& config, Runtime const& runtime,
          std::shared_ptr<net::HttpTransport> const& transport) {
    endpoint.name = config.name;
    endpoint.base_url = config.base_url;
    endpoint.headers = config.headers;
    if (!config.bill_to.empty()) carrier::put_header(endpoint, "X-HF-Bill-To", config.bill_to);
    endpoint.key = config.api_key;
    if (config.base_url == HuggingFaceConfig().base_url) {
        endpoint.key_missing = "The provider " + config.name + " has no API key; set HF_TOKEN or its configuration.";
    }
    endpoint.limits = config.limits;
    endpoint.max_reply_bytes = config.max_reply_bytes;
    endpoint.runtime = runtime;
    endpoint.transport = transport;
}

}  // namespace

Result<std::shared_ptr<AIProvider>> make_huggingface(HuggingFaceConfig config, Runtime runtime,
                                                     std::shared_ptr<net::HttpTransport> transport) {
    while (config.base_url.ends_with('/')) config.base_url.pop_back();
    auto const wrong = [](char const* field, char const* why) {
        return carrier::wrong_field(configuration, field, why);
    };
    if (config.max_embed_inputs < 1) return wrong("max_embed_inputs", "must be 1 or more");
    if (carrier::has_control(config.bill_to)) return wrong("bill_to", "holds a control character");
    auto chats = std::make_shared<ChatEndpoint>();
    auto embeds = std::make_shared<EmbedEndpoint>();
    fill(*chats, config, runtime, transport);
    fill(*embeds, config, runtime, transport);
    if (Result<void> good = carrier::check(*chats, configuration); !good) return good.error();
    chats->base_url = huggingface::chat_base(config.base_url);
    chats->moderates = false;
    chats->jobs = false;
    chats->quirks.only_openai_parts = false;
    chats->quirks.done_marker_required = false;  // older servers have none
    // The origin alone, because the path is another for each model.
    embeds->root = config.base_url;
    embeds->base_url = config.base_url.substr(0, config.base_url.find('/', config.base_url.find("://") + 3));
    embeds->form = config.embeddings;
    embeds->max_embed_inputs = static_cast<std::size_t>(config.max_embed_inputs);
    return std::make_shared<HuggingFace>(openai_wire::make_adapter(std::move(chats)), std::move(embeds));
}

HuggingFaceConfig huggingface_config_from_env() {
    HuggingFaceConfig config;
    config.api_key =
        Secret(os::environment("HF_TOKEN").value_or(os::environment("HUGGING_FACE_HUB_TOKEN").value_or("")));
    return config;
}

}  // namespace aikit::inline v0::provider
