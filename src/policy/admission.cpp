// SPDX-License-Identifier: MIT
// policy/admission.cpp - what is done to a chat when money gets short, in the order that was set.
#include "policy/admission.hpp"

#include "core/async.hpp"
#include "cost/worst_case.hpp"

#include <algorithm>

namespace aikit::inline v0::policy {
namespace {

using Action = CostControl::Action;
using Hold = BudgetGuardian::Hold;
using std::chrono::milliseconds;

// A stream whose kind is known begins with at least so much room for its answer.
constexpr std::int64_t least_output = 256;

/// Calls whose answers are of one length, more or less.
std::string kind_of(std::string const& provider, ChatRequest const& request, Caller const& caller) {
    std::string kind = provider + '/' + request.model + '/' + caller.project;
    for (std::string const& tag : caller.tags) kind += ',' + tag;
    kind += request.tools.empty() ? "/plain" : "/tools";
    if (request.response_format) kind += "/form";
    return kind;
}

/// What a request may come to, and under which name it is priced.
struct Asked {
    BudgetedCall call;
    cost::WorstCase worst;
    std::int64_t most_output = 0;
    std::string kind;
};

std::shared_ptr<cost::PriceEntry const> price_of(Metering const& shared, std::string const& model,
                                                 std::string const& tier) {
    Result<std::shared_ptr<cost::PriceEntry const>> found =
        shared.prices.find(shared.priced_name(model), tier, {}, shared.config.clock->system_now());
    return found ? std::move(*found) : nullptr;
}

Result<Asked> ask_of(Metering const& shared, std::string const& provider, ChatRequest const& request,
                     CallOptions const& options, bool stream) {
    std::shared_ptr<cost::PriceEntry const> const price = price_of(shared, request.model, request.service_tier);
    Asked asked;
    asked.kind = kind_of(provider, request, options.caller);
    Result<cost::WorstCase> worst = cost::worst_case(price.get(), shared.price_provider, request, std::nullopt);
    if (!worst) return worst.error();
    asked.most_output = worst->output_tokens;
    // What is thought in secret cannot be watched while it grows.
    if (stream && !(price && price->reasoning)) {
        std::optional<std::int64_t> const usual = shared.config.budgets->usual_output(asked.kind);
        if (usual) {
            std::int64_t const output = std::max(*usual, least_output) * request.n.value_or(1);
            worst = cost::worst_case(price.get(), shared.price_provider, request, output);
            if (!worst) return worst.error();
        }
    }
    asked.worst = *worst;
    asked.call.provider = provider;
    asked.call.model = request.model;
    asked.call.caller = options.caller;
    asked.call.tokens = worst->input_tokens + worst->output_tokens;
    if (price) asked.call.cost = worst->cost;
    return asked;
}

/// Changes a request, if the control has anything to change; the sentence says what was done.
std::optional<std::string> change(CostControl const& control, ChatRequest& request) {
    if (control.action == Action::cheaper_model) {
        auto const found = control.models.find(request.model);
        if (found == control.models.end() || found->second == request.model) return std::nullopt;
        std::string said =
            "a budget is nearly used up: '" + found->second + "' was asked in the place of '" + request.model + "'";
        request.model = found->second;
        return said;
    }
    if (control.action == Action::lower_max_tokens) {
        if (request.max_tokens && *request.max_tokens <= control.max_tokens) return std::nullopt;
        request.max_tokens = control.max_tokens;
        return "a budget is nearly used up: max_tokens was lowered to " + std::to_string(control.max_tokens);
    }
    return std::nullopt;
}

HeldAttempt held_of(std::shared_ptr<BudgetGuardian> const& budgets, Hold hold, Asked const& asked) {
    HeldAttempt held;
    held.hold = std::move(hold);
    held.budgets = budgets;
    held.kind = asked.kind;
    held.output = asked.worst.output_tokens;
    held.most_output = asked.most_output;
    held.output_price = asked.worst.output_price;
    return held;
}

/// How long a control lets a call wait.
milliseconds wait_of(CostControl const& control, Clock const& clock, Deadline const& deadline) {
    if (deadline.is_never()) return control.longest_wait;
    auto const left = std::chrono::floor<milliseconds>(deadline.at() - clock.now());
    return std::clamp(left, milliseconds(0), control.longest_wait);
}

}  // namespace

Task<AdmittedChat> admit_chat(std::shared_ptr<Metering const> shared, std::string provider, ChatRequest request,
                              CallOptions options, bool stream) {
    std::shared_ptr<BudgetGuardian> const budgets = shared->config.budgets;
    std::vector<CostControl> const& controls = budgets->config().controls;
    AdmittedChat admitted;
    std::vector<bool> done(controls.size(), false);
    std::optional<Error> refusal;
    for (;;) {
        Result<Asked> asked = ask_of(*shared, provider, request, options, stream);
        if (!asked) co_return asked.error();
        // What is due is done first: before anything was refused, what has a lower mark than what is used.
        int const percent = refusal || controls.empty() ? 100 : std::min(99, budgets->used_percent(asked->call));
        std::optional<milliseconds> wait;
        bool changed = false, refused = false;
        for (std::size_t i = 0; i < controls.size() && !changed && !wait && !refused; ++i) {
            if (done[i] || controls[i].at > percent) continue;
            done[i] = true;
            if (controls[i].action == Action::refuse) {
                refused = true;
            } else if (controls[i].action == Action::queue) {
                wait = wait_of(controls[i], *shared->config.clock, options.deadline);
            } else if (std::optional<std::string> said = change(controls[i], request)) {
                admitted.held.warnings.push_back(std::move(*said));
                changed = true;
            }
        }
        if (changed) {
            // What was refused before may fit now.
            if (!refusal) continue;
            asked = ask_of(*shared, provider, request, options, stream);
            if (!asked) co_return asked.error();
        }
        bool const nothing_left = refusal && !changed && !wait;
        if (nothing_left) co_return std::move(*refusal);
        if (refused) {
            co_return fail(Errc::budget_exceeded, "the budgets of the call are used up to " + std::to_string(percent) +
                                                      " percent, from which on calls are refused");
        }
        Task<Hold> asking = budgets->check_request_allowance(asked->call, wait.value_or(milliseconds(0)));
        Result<Hold> hold = co_await std::move(asking);
        if (hold) {
            std::vector<std::string> warnings = std::move(admitted.held.warnings);
            admitted.held = held_of(budgets, std::move(*hold), *asked);
            admitted.held.warnings = std::move(warnings);
            admitted.request = std::move(request);
            co_return admitted;
        }
        if (hold.error().code != Errc::budget_exceeded) co_return hold.error();
        refusal = std::move(hold).error();
    }
}

Task<HeldAttempt> admit_embed(std::shared_ptr<Metering const> shared, std::string provider,
                              std::shared_ptr<EmbedRequest const> request, CallOptions options) {
    std::shared_ptr<cost::PriceEntry const> const price = price_of(*shared, request->model, {});
    Result<cost::WorstCase> const worst = cost::worst_case(price.get(), shared->price_provider, *request);
    if (!worst) co_return worst.error();
    Asked asked;
    asked.worst = *worst;
    asked.call.provider = provider;
    asked.call.model = request->model;
    asked.call.caller = options.caller;
    asked.call.tokens = worst->input_tokens;
    if (price) asked.call.cost = worst->cost;
    Task<Hold> asking = shared->config.budgets->check_request_allowance(asked.call);
    Result<Hold> hold = co_await std::move(asking);
    if (!hold) co_return hold.error();
    co_return held_of(nullptr, std::move(*hold), asked);
}

Task<HeldAttempt> admit_batch(std::shared_ptr<Metering const> shared, std::string provider,
                              std::shared_ptr<BatchRequest const> request, CallOptions options) {
    BudgetedCall call;
    call.provider = provider;
    call.model = request->model;
    call.caller = options.caller;
    // The requests of a file are not seen here.
    if (!request->items.empty()) call.cost = Money();
    for (BatchItem const& item : request->items) {
        std::string const& model = item.request.model.empty() ? request->model : item.request.model;
        std::shared_ptr<cost::PriceEntry const> const price = price_of(*shared, model, "batch");
        Result<cost::WorstCase> const worst =
            cost::worst_case(price.get(), shared->price_provider, item.request, std::nullopt);
        if (!worst) co_return worst.error();
        call.tokens += worst->input_tokens + worst->output_tokens;
        Result<Money> const sum = call.cost && price ? Money::add(*call.cost, worst->cost) : Result<Money>(Error());
        call.cost = sum ? std::optional<Money>(*sum) : std::nullopt;
    }
    Asked asked;
    asked.call = call;
    Task<Hold> asking = shared->config.budgets->check_request_allowance(std::move(call));
    Result<Hold> hold = co_await std::move(asking);
    if (!hold) co_return hold.error();
    co_return held_of(nullptr, std::move(*hold), asked);
}

}  // namespace aikit::inline v0::policy
