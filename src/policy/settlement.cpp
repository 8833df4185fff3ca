// SPDX-License-Identifier: MIT
// policy/settlement.cpp - counting, pricing and writing down one attempt.
#include "policy/settlement.hpp"

#include <array>

namespace aikit::inline v0::policy {
namespace {

std::chrono::microseconds elapsed(SteadyTime from, SteadyTime to) {
    return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
}

/// True when the provider said nothing of what was used.
bool silent(Usage const& usage) {
    return usage.raw.empty() && usage.total() == 0;
}

}  // namespace

Settlement::Settlement(std::shared_ptr<MeterConfig const> config, AttemptPlan plan)
    : config_(std::move(config)), plan_(std::move(plan)), started_(config_->clock->now()) {
    attempt_.provider = plan_.provider;
    attempt_.model = plan_.model;
    attempt_.started = config_->clock->system_now();
}

Settlement::~Settlement() {
    if (settled_) return;
    try {
        settle("dropped", streaming_ ? counted_so_far() : plan_.expected);
    } catch (...) {
        // Only memory can be short here; a destructor has nobody to tell.
    }
}

void Settlement::delivered(std::string_view text) {
    streaming_ = true;
    if (!attempt_.first_token) attempt_.first_token = elapsed(started_, config_->clock->now());
    delivered_.append(text);
}

Usage Settlement::counted_so_far() const {
    if (told_) return *told_;
    Usage usage = plan_.expected;
    usage.output = config_->costs->count_tokens(plan_.price_provider, plan_.model, delivered_);
    usage.estimated = true;
    return usage;
}

void Settlement::succeeded(Usage usage, std::string const& model, std::string const& service_tier,
                           std::string const& request_id, std::string_view text) {
    if (silent(usage) && plan_.operation != "moderate") {
        usage = plan_.expected;
        usage.output = config_->costs->count_tokens(plan_.price_provider, plan_.model, streaming_ ? delivered_ : text);
        usage.estimated = true;
    }
    attempt_.provider_request_id = request_id;
    attempt_.http_status = 200;
    // The provider's own names are nearer to the price than what was asked for.
    cost::PriceQuery query;
    query.provider = plan_.price_provider;
    query.model = model;
    query.at = attempt_.started;
    query.service_tier = service_tier.empty() ? plan_.service_tier : service_tier;
    if (!model.empty()) attempt_.model = model;
    if (Result<cost::PriceEntry> nearer = config_->costs->catalog()->find(query)) {
        plan_.price = std::move(*nearer);
    } else if (query.service_tier != plan_.service_tier) {
        query.model = plan_.model;
        if (Result<cost::PriceEntry> tiered = config_->costs->catalog()->find(query)) plan_.price = std::move(*tiered);
    }
    settle("ok", std::move(usage));
}

void Settlement::failed(Error const& error) {
    attempt_.error = error.code;
    attempt_.http_status = error.http_status;
    attempt_.provider_request_id = error.request_id;
    // A refusal that was received costs nothing; an attempt nobody heard of again counts as spent.
    Usage usage;
    if (streaming_) {
        usage = counted_so_far();
    } else if (error.maybe_executed) {
        usage = plan_.expected;
    }
    settle(name(error.code), std::move(usage));
}

Result<cost::PricedUsage> Settlement::priced(Usage const& usage) const {
    if (!plan_.price) return fail(Errc::unknown_price, "the model has no price");
    return cost::price(*plan_.price, usage);
}

void Settlement::settle(std::string outcome, Usage usage) {
    settled_ = true;
    attempt_.outcome = std::move(outcome);
    attempt_.latency = elapsed(started_, config_->clock->now());
    // What used nothing cost nothing, with or without a price.
    if (usage.total() == 0 && attempt_.error) {
        attempt_.cost = Money();
    } else if (Result<cost::PricedUsage> bill = priced(usage)) {
        attempt_.cost = bill->cost;
        attempt_.price_id = bill->price_id;
    }
    attempt_.usage = std::move(usage);
    if (plan_.options.attempts) plan_.options.attempts->push_back(attempt_);
    if (config_->ledger) {
        cost::LedgerRow row;
        row.request_id = plan_.options.request_id;
        row.attempt_number = plan_.options.attempt;
        row.operation = plan_.operation;
        row.caller = plan_.options.caller;
        row.attempt = attempt_;
        config_->ledger->record(std::move(row));
    }
    if (config_->observer) {
        std::array<LogField, 4> const labels{
            LogField("gen_ai.operation.name", plan_.operation), LogField("gen_ai.provider.name", plan_.provider),
            LogField("gen_ai.request.model", plan_.model), LogField("outcome", attempt_.outcome)};
        config_->observer->record("gen_ai.client.operation.duration", attempt_.latency.count(), labels);
        config_->observer->count("gen_ai.client.token.usage.input", attempt_.usage.total_input(), labels);
        config_->observer->count("gen_ai.client.token.usage.output", attempt_.usage.output, labels);
    }
}

void Settlement::describe(CallInfo& info) const {
    info.request_id = plan_.options.request_id;
    info.provider = plan_.provider;
    info.model = attempt_.model;
    info.usage = settled_ ? attempt_.usage : counted_so_far();
    info.price_id = attempt_.price_id;
    info.attempts = plan_.options.attempts ? *plan_.options.attempts : std::vector<Attempt>();
    if (!settled_ || !plan_.options.attempts) info.attempts.push_back(attempt_);
    if (!settled_) {
        info.attempts.back().usage = info.usage;
        if (Result<cost::PricedUsage> bill = priced(info.usage)) {
            info.attempts.back().cost = bill->cost;
            info.price_id = bill->price_id;
        }
    }
    info.cost = Money();
    info.cost_exact = true;
    for (Attempt const& attempt : info.attempts) {
        Result<Money> sum = attempt.cost && info.cost ? Money::add(*info.cost, *attempt.cost) : Result<Money>(Error());
        info.cost = sum ? std::optional<Money>(*sum) : std::nullopt;
        info.cost_exact = info.cost_exact && sum && !attempt.usage.estimated;
    }
    if (!info.cost) info.warnings.emplace_back("the cost is not known: the price catalog has no entry for this model");
}

}  // namespace aikit::inline v0::policy
