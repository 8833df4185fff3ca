// SPDX-License-Identifier: MIT
// router/router.cpp - the provider in front of the deployments.
#include "core/async.hpp"
#include "policy/operation.hpp"
#include "router/race.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace aikit::inline v0::router {
namespace {

std::int64_t tokens_of(EmbedRequest const& request) {
    constexpr std::int64_t bytes_of_token = 4;
    std::int64_t bytes = 0;
    for (Part const& part : request.inputs) {
        if (auto const* text = std::get_if<TextPart>(&part)) bytes += static_cast<std::int64_t>(text->text.size());
    }
    return bytes / bytes_of_token;
}

class Router final : public AIRouter, public std::enable_shared_from_this<Router> {
public:
    explicit Router(std::shared_ptr<RouterCore> core) : core_(std::move(core)) {}

    std::string const& name() const noexcept override { return core_->config.name; }

    // None of these is a coroutine: they hand over a share of what they need, so that a Task may outlive the handle.
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        return chat_task<ChatReply>(core_, &AIProvider::chat, std::move(request), std::move(options));
    }
    Task<TokenCount> count_tokens(ChatRequest request, CallOptions options) override {
        return chat_task<TokenCount>(core_, &AIProvider::count_tokens, std::move(request), std::move(options));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        return stream_task(core_, std::move(request), std::move(options));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        return embed_task(core_, std::move(request), std::move(options));
    }
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions options) override {
        return moderate_task(core_, std::move(request), std::move(options));
    }
    Task<ModelList> models(CallOptions) override { return models_task(core_); }

    Result<RouteDecision> explain(ChatRequest const& request, CallOptions const& options, bool stream) const override {
        return guarded([&]() -> Result<RouteDecision> {
            Result<Choice> choice = decide(*core_, request.model, &request, 0, options, stream);
            if (!choice) return choice.error();
            return std::move(choice->decision);
        });
    }

    std::vector<DeploymentStatus> status() const override {
        std::vector<DeploymentStatus> all;
        SteadyTime const now = core_->now();
        for (std::unique_ptr<Target> const& target : core_->targets) {
            DeploymentStatus& one = all.emplace_back();
            one.deployment = target->name;
            if (target->config.provider) one.provider = target->config.provider->name();
            one.model = target->config.model;
            one.health = target->health.snapshot(now);
        }
        return all;
    }

    std::uint64_t operations() const override { return core_->operations; }
    std::string learned() const override { return learned_of(*core_); }

private:
    using Core = std::shared_ptr<RouterCore>;

    static Result<Choice> decide(RouterCore const& core, std::string const& model, ChatRequest const* chat,
                                 std::int64_t tokens, CallOptions const& options, bool stream) {
        RouteQuery query;
        query.chat = chat;
        query.input_tokens = tokens;
        query.options = &options;
        query.policy = core.config.policy;
        std::optional<RoutePolicy> const policy = policy_from_name(model);
        if (policy) {
            query.policy = *policy;
        } else if (model != core.config.name) {
            query.named = model;
        }
        bool const known =
            query.named.empty() || std::any_of(core.targets.begin(), core.targets.end(), [&](auto const& target) {
                return target->name == query.named || target->config.model == query.named;
            });
        if (!known) {
            return fail(Errc::not_found, core.config.name + ": no deployment has the model, or the name, '" + model +
                                             "', and no policy is called so");
        }
        query.stream = stream;
        query.now = core.now();
        query.at = core.runtime.clock()->system_now();
        if (query.policy == RoutePolicy::weighted) query.random = policy::random_number();
        return choose(core.config, core.targets, core.prompts, query);
    }

    /// The operation at one deployment after another, until one answers or nobody is left to be asked.
    template <class T, class Request>
    static Task<T> run(std::shared_ptr<Course> course, Task<T> (AIProvider::*ask)(Request, CallOptions),
                       Request request) {
        Result<Place> place = course->first();
        // Vectors of two models cannot be compared.
        if (place && std::is_same_v<Request, EmbedRequest>) course->keep_model_of(place->number());
        while (place) {
            typename Race<T>::Ask const ask_there = [course, ask, &request](Place const& there) {
                Deployment const& deployment = there.target().config;
                Request one = request;
                one.model = deployment.model;
                return ask_one<T, Request>(deployment.provider, ask, std::move(one), course->attempt_options());
            };
            Task<Outcome<T>> asking = ask_at<T>(course, std::move(*place), false, ask_there);
            Result<Outcome<T>> outcome = co_await std::move(asking);
            if (!outcome) co_return outcome.error();
            place = std::move(outcome->place);
            Result<T>& result = outcome->result;
            std::size_t const number = place->number();
            if (result) {
                place->answered(result->info);
                course->add_up(result->info);
                course->answered(number, result->info, result->info.usage.total_input());
                co_return std::move(result);
            }
            place->failed(result.error());
            Task<Place> going_on = Course::after(course, result.error(), number);
            place = co_await std::move(going_on);
        }
        co_return place.error();
    }

    /// A coroutine, so that what a provider throws is thrown when it is awaited.
    template <class T, class Request>
    static Task<T> ask_one(std::shared_ptr<AIProvider> provider, Task<T> (AIProvider::*ask)(Request, CallOptions),
                           Request request, CallOptions options) {
        Task<T> asking = (*provider.*ask)(std::move(request), std::move(options));
        co_return co_await std::move(asking);
    }

    template <class T>
    static Task<T> chat_task(Core core, Task<T> (AIProvider::*ask)(ChatRequest, CallOptions), ChatRequest request,
                             CallOptions options) {
        std::shared_ptr<void const> const keep = std::move(options.keep);
        try {
            policy::begin_operation(options, *core->runtime.clock(), true);
            Result<Choice> choice = decide(*core, request.model, &request, 0, options, false);
            if (!choice) co_return choice.error();
            if (std::is_same_v<T, ChatReply> && !choice->shadows.empty()) {
                boost::asio::any_io_executor const executor = co_await boost::asio::this_coro::executor;
                cast_shadows(executor, core, request, options, *choice, false);
            }
            auto course = std::make_shared<Course>(core, std::move(options), std::move(*choice));
            Task<T> running = run<T, ChatRequest>(std::move(course), ask, std::move(request));
            co_return co_await std::move(running);
        } catch (...) {
            co_return current_exception_error();
        }
    }

    static Task<EmbedReply> embed_task(Core core, EmbedRequest request, CallOptions options) {
        std::shared_ptr<void const> const keep = std::move(options.keep);
        try {
            policy::begin_operation(options, *core->runtime.clock(), true);
            Result<Choice> choice = decide(*core, request.model, nullptr, tokens_of(request), options, false);
            if (!choice) co_return choice.error();
            auto course = std::make_shared<Course>(core, std::move(options), std::move(*choice));
            Task<EmbedReply> running =
                run<EmbedReply, EmbedRequest>(std::move(course), &AIProvider::embed, std::move(request));
            co_return co_await std::move(running);
        } catch (...) {
            co_return current_exception_error();
        }
    }

    static Task<ModerateReply> moderate_task(Core core, ModerateRequest request, CallOptions options) {
        std::shared_ptr<void const> const keep = std::move(options.keep);
        try {
            policy::begin_operation(options, *core->runtime.clock(), true);
            Result<Choice> choice = decide(*core, request.model, nullptr, 0, options, false);
            if (!choice) co_return choice.error();
            auto course = std::make_shared<Course>(core, std::move(options), std::move(*choice));
            Task<ModerateReply> running =
                run<ModerateReply, ModerateRequest>(std::move(course), &AIProvider::moderate, std::move(request));
            co_return co_await std::move(running);
        } catch (...) {
            co_return current_exception_error();
        }
    }

    static Task<ChatStream> stream_task(Core core, ChatRequest request, CallOptions options) {
        std::shared_ptr<void const> const keep = options.keep;
        try {
            policy::begin_operation(options, *core->runtime.clock(), false);
            Result<Choice> choice = decide(*core, request.model, &request, 0, options, true);
            if (!choice) co_return choice.error();
            if (!choice->shadows.empty()) {
                boost::asio::any_io_executor const executor = co_await boost::asio::this_coro::executor;
                cast_shadows(executor, core, request, options, *choice, true);
            }
            bool const one_answer = request.n.value_or(1) == 1;
            bool const resume = one_answer && options.resume.value_or(core->config.resume);
            auto course = std::make_shared<Course>(core, std::move(options), std::move(*choice));
            // Kept by the stream only where it is needed again.
            auto kept = std::make_unique<ChatRequest>(std::move(request));
            RequestFor const request_for = [&kept](Target const& target) {
                ChatRequest one = *kept;
                one.model = target.config.model;
                return one;
            };
            Task<Begun> beginning = begin_stream(course, course->first(), request_for);
            Result<Begun> begun = co_await std::move(beginning);
            if (!begun) co_return begun.error();
            if (!resume) kept.reset();
            co_return routed_stream(std::move(*begun), std::move(course), std::move(kept));
        } catch (...) {
            co_return current_exception_error();
        }
    }

    static Task<ModelList> models_task(Core core) {
        ModelList list;
        for (std::unique_ptr<Target> const& target : core->targets) {
            ModelInfo& one = list.models.emplace_back();
            one.id = target->name;
            if (target->config.provider) one.owner = target->config.provider->name();
        }
        co_return list;
    }

    Core core_;
};

Result<void> check_deployment(Deployment const& deployment, std::string const& lead) {
    auto const wrong = [&](char const* what) { return fail(Errc::invalid_argument, lead + what); };
    if (!deployment.provider && deployment.unusable.empty())
        return wrong("provider is null; give it who is to be asked");
    if (name_of(deployment).empty()) return wrong("name must not be empty where there is no provider");
    if (deployment.model.empty()) return wrong("model must not be empty");
    if (!(deployment.shadow >= 0 && deployment.shadow <= 1)) return wrong("shadow must be 0 to 1");
    if (!(deployment.quality >= 0 && deployment.quality <= 1)) return wrong("quality must be 0 to 1");
    if (!(deployment.weight > 0 && std::isfinite(deployment.weight))) return wrong("weight must be above 0");
    return ok();
}

Result<void> check(RouterConfig const& config) {
    auto const wrong = [](std::string const& what) {
        return fail(Errc::invalid_argument, "AIRouter: RouterConfig::" + what);
    };
    if (config.name.empty()) return wrong("name must not be empty");
    if (config.deployments.empty()) return wrong("deployments is empty; a router needs one at least");
    if (!config.costs) return wrong("costs is null; it is needed to know prices and windows");
    if (config.max_retries < 0 || config.max_retries > policy::most_retries) {
        return wrong("max_retries must be 0 to 10");
    }
    if (!(config.retry_budget >= 0 && config.retry_budget <= 1)) return wrong("retry_budget must be 0 to 1");
    HedgeConfig const& hedge = config.hedge;
    constexpr double most = 0.999;
    constexpr int most_calls = 1'000;
    if (!(hedge.quantile >= 0 && hedge.quantile <= most)) return wrong("hedge.quantile must be 0 to 0.999");
    if (hedge.least_calls < 1 || hedge.least_calls > most_calls) return wrong("hedge.least_calls must be 1 to 1000");
    if (!(hedge.share >= 0 && hedge.share <= 1)) return wrong("hedge.share must be 0 to 1");
    if (config.retry_floor < 0) return wrong("retry_floor must not be negative");
    constexpr std::chrono::milliseconds none{0}, hour = std::chrono::hours(1);
    if (config.first_delay < none || config.first_delay > hour) return wrong("first_delay must be 0 to 1 hour");
    if (config.max_delay < none || config.max_delay > hour) return wrong("max_delay must be 0 to 1 hour");
    for (auto const& [grade, least] : config.least_quality) {
        if (!(least >= 0 && least <= 1)) {
            return wrong(std::string("least_quality[") + name(grade) + "] must be 0 to 1");
        }
    }
    std::set<std::string> names;
    for (std::size_t i = 0; i < config.deployments.size(); ++i) {
        std::string const lead = "AIRouter: RouterConfig::deployments[" + std::to_string(i) + "].";
        Deployment const& deployment = config.deployments[i];
        if (Result<void> const good = check_deployment(deployment, lead); !good) return good;
        if (!names.insert(name_of(deployment)).second) {
            return fail(Errc::invalid_argument,
                        lead + "name is another's too; give each deployment of one model a name of its own");
        }
    }
    return check(config.health, "AIRouter: RouterConfig::health.");
}

}  // namespace

Result<std::shared_ptr<AIRouter>> AIRouter::create(Runtime runtime, RouterConfig config) {
    if (!runtime) return fail(Errc::invalid_argument, "AIRouter: 'runtime' is not one; it is needed to wait");
    if (Result<void> const good = check(config); !good) return good.error();
    return guarded([&]() -> Result<std::shared_ptr<AIRouter>> {
        auto core = std::make_shared<RouterCore>(std::move(runtime), std::move(config));
        if (Result<void> const put = put_back(*core, core->config.learned); !put) return put.error();
        return std::shared_ptr<AIRouter>(std::make_shared<Router>(std::move(core)));
    });
}

}  // namespace aikit::inline v0::router
