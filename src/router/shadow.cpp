// SPDX-License-Identifier: MIT
// router/shadow.cpp - copies of requests, for deployments that are being tried.
#include "core/async.hpp"
#include "policy/operation.hpp"
#include "router/route.hpp"

#include <boost/asio/detached.hpp>

#include <limits>

namespace aikit::inline v0::router {
namespace {

/// The answer of a copy, for which nobody waits.
Task<ChatReply> answer_of(std::shared_ptr<AIProvider> provider, ChatRequest request, CallOptions options, bool stream) {
    if (!stream) {
        Task<ChatReply> asking = provider->chat(std::move(request), std::move(options));
        co_return co_await std::move(asking);
    }
    Task<ChatStream> opening = provider->stream_chat(std::move(request), std::move(options));
    Result<ChatStream> opened = co_await std::move(opening);
    if (!opened) co_return opened.error();
    Task<ChatReply> collecting = collect(std::move(*opened));
    co_return co_await std::move(collecting);
}

Task<void> cast_one(Place place, std::shared_ptr<RouterCore> core, std::shared_ptr<ChatRequest const> request,
                    CallOptions options, std::string of_request, bool stream) {
    Deployment const& deployment = place.target().config;
    ChatRequest copy = *request;
    copy.model = deployment.model;
    Task<ChatReply> asking = guard(answer_of(deployment.provider, std::move(copy), std::move(options), stream));
    Result<ChatReply> reply = co_await std::move(asking);
    if (reply) {
        place.answered(reply->info);
    } else {
        place.failed(reply.error());
    }
    if (core->config.on_shadow) {
        ShadowReply told;
        told.deployment = place.target().name;
        told.request_id = std::move(of_request);
        told.request = std::move(request);
        told.reply = std::move(reply);
        core->config.on_shadow(told);
    }
    co_return ok();
}

}  // namespace

void cast_shadows(boost::asio::any_io_executor const& executor, std::shared_ptr<RouterCore> const& core,
                  ChatRequest const& request, CallOptions const& options, Choice const& choice, bool stream) {
    for (std::size_t const number : choice.shadows) {
        double const share = core->targets[number]->config.shadow;
        double const dice = policy::random_number() / (std::numeric_limits<std::uint32_t>::max() + 1.0);
        if (dice >= share) continue;
        std::optional<DeploymentHealth::Permit> const permit = core->targets[number]->health.admit(core->now());
        if (!permit) continue;
        CallOptions copied;
        copied.limits = options.limits;
        copied.caller = options.caller;
        copied.caller.tags.emplace_back("shadow");
        copied.privacy = options.privacy;
        copied.region = options.region;
        copied.max_retries = 0;
        copied.cache = CacheUse::bypass;
        policy::begin_operation(copied, *core->runtime.clock(), true);
        Task<void> casting = cast_one(Place(core, number, *permit), core, std::make_shared<ChatRequest const>(request),
                                      std::move(copied), options.request_id, stream);
        boost::asio::co_spawn(executor, guard(std::move(casting)), boost::asio::detached);
    }
}

}  // namespace aikit::inline v0::router
