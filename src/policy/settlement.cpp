// SPDX-License-Identifier: MIT
// policy/settlement.cpp - counting, pricing and writing down one attempt.
#include "policy/settlement.hpp"

#include "cost/searches.hpp"
#include "model/usage_form/usage_form.hpp"
#include "policy/operation.hpp"

#include <algorithm>

namespace aikit::inline v0::policy {
namespace {

// What a stream delivered is kept until it is known whether it has to be counted; beyond this it is counted.
constexpr std::size_t most_uncounted = 32 * 1024;

std::chrono::microseconds elapsed(SteadyTime from, SteadyTime to) {
    return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
}

/// True when the provider said nothing of what was used.
bool silent(Usage const& usage) {
    return usage.raw.empty() && usage.nothing();
}

/// True for ends after which the provider may go on all the same.
bool leaves_it_running(Errc code) noexcept {
    return code == Errc::incomplete || code == Errc::timeout || code == Errc::cancelled || code == Errc::connection ||
           code == Errc::protocol;
}

/// On which terms a call ran, as far as only its usage tells.
struct Terms {
    std::string tier;
    std::string region;
};

/// Anthropic's place and speed. Read only where one of them stands: most usages are not worth a look.
Terms terms_of(std::string const& usage) {
    Terms terms;
    bool const tells =
        usage.find("\"inference_geo\"") != std::string::npos || usage.find("\"speed\"") != std::string::npos;
    if (!tells) return terms;
    Result<json::value> const body = json::parse(usage, "usage", Errc::protocol);
    if (!body) return terms;  // the provider's own words; what it counted was read before
    terms.tier = usage_form::tier_of_body(*body);
    terms.region = usage_form::region_of_body(*body);
    return terms;
}

}  // namespace

Settlement::Settlement(std::shared_ptr<Metering const> shared, AttemptPlan&& plan)
    : shared_(std::move(shared)), plan_(std::move(plan)), started_(shared_->config.clock->now()) {
    attempt_.provider = plan_.provider;
    attempt_.model = plan_.model;
    attempt_.started = shared_->config.clock->system_now();
}

Settlement::~Settlement() {
    if (settled_) return;
    try {
        settle("dropped", opened_ ? counted_so_far() : expected());
    } catch (...) {
        // Only memory can be short here; a destructor has nobody to tell.
    }
}

void Settlement::answered(CallInfo const& told) {
    if (told.attempts.empty() || settled_) return;
    attempt_.provider_request_id = told.attempts.front().provider_request_id;
    attempt_.rate_limits = told.attempts.front().rate_limits;
}

void Settlement::delivered(std::string_view text) {
    if (text.empty() || settled_) return;
    if (plan_.trace) note_piece();
    if (!attempt_.first_token) attempt_.first_token = elapsed(started_, shared_->config.clock->now());
    told_last_ = false;
    delivered_.append(text);
    if (delivered_.size() < most_uncounted) return;
    counted_ += tokens_of(delivered_);
    delivered_.clear();
}

/// What the clock says is needed of each piece where somebody watches, and else of the first.
void Settlement::note_piece() {
    SteadyTime const now = shared_->config.clock->now();
    bool const first = !attempt_.first_token;
    if (first) attempt_.first_token = elapsed(started_, now);
    plan_.trace->piece(now, first ? attempt_.first_token : std::nullopt);
}

void Settlement::told(Usage const& usage) {
    if (silent(usage)) return;
    told_ = usage.without_raw();
    told_last_ = true;
}

std::int64_t Settlement::tokens_of(std::string_view text, bool* exact) const {
    if (text.empty() && exact == nullptr) return 0;
    return shared_->config.costs->count_tokens(shared_->price_provider, plan_.price_model, text, exact);
}

Usage Settlement::expected() const {
    cost::CostIntelligence const& costs = *shared_->config.costs;
    Usage usage;
    usage.estimated = true;
    if (plan_.embed) {
        Result<cost::CostEstimate> const estimate = costs.estimate_request_cost(shared_->price_provider, *plan_.embed);
        if (estimate) usage.input = estimate->input_tokens;
    }
    if (!plan_.chat) return usage;
    Result<cost::CostEstimate> const estimate = costs.estimate_request_cost(shared_->price_provider, *plan_.chat);
    if (estimate) {
        usage.input = estimate->input_tokens;
        usage.output = estimate->output_tokens;
        usage.output_at_most = estimate->output_tokens_at_most;
    } else {
        for (Message const& message : plan_.chat->messages) usage.input += tokens_of(message.text());
    }
    return usage;
}

/// `text` is what came beside the pieces of a stream.
Usage Settlement::counted_so_far(std::string_view text) const {
    if (told_ && told_last_ && ended_) return *told_;
    Usage usage = told_ ? *told_ : expected();
    cost::Interrupted reply = interrupted_;
    reply.counted = counted_ + tokens_of(delivered_, &reply.exact) + tokens_of(text);
    // Some tell a usage at the beginning: its input holds, its output does not.
    reply.told = told_ ? told_->output : 0;
    reply.told_to_here = told_ && told_last_;
    reply.reasoned = reply.reasoned || (told_ && told_->reasoning > 0);
    reply.provider = shared_->price_provider;
    reply.request = plan_.chat.get();
    reply.price = plan_.price.get();
    cost::estimate_output(reply, usage);
    return usage;
}

void Settlement::succeeded(Usage const& told, std::string_view model, std::string_view service_tier,
                           std::string_view text) {
    if (settled_) return;
    Usage usage = silent(told) && told_ ? *told_ : told.without_raw();
    if (silent(told) && !told_ && plan_.operation != moderate_operation) {
        usage = plan_.chat ? counted_so_far(text) : expected();
    }
    attempt_.http_status = 200;
    if (!model.empty()) attempt_.model = model;
    Terms const terms = terms_of(told.raw);
    use_nearer_price(model, terms.tier.empty() ? service_tier : terms.tier, terms.region);
    settle("ok", std::move(usage));
}

/// The provider's own names of model, tier and place are nearer to its bill than what was asked for.
void Settlement::use_nearer_price(std::string_view model, std::string_view service_tier, std::string_view region) {
    std::string const tier = usage_form::tier_of_word(service_tier.empty() ? plan_.service_tier : service_tier);
    for (std::string_view const name : {shared_->priced_name(model), std::string_view(plan_.price_model)}) {
        if (name.empty()) continue;
        if (Result<std::shared_ptr<cost::PriceEntry const>> nearer =
                shared_->prices.find(name, tier, region, attempt_.started)) {
            plan_.price = std::move(*nearer);
            return;
        }
    }
}

void Settlement::failed(Error const& error) {
    if (settled_) return;
    attempt_.error = error.code;
    if (plan_.trace) plan_.trace->failed(error.message);
    attempt_.http_status = error.http_status;
    if (!error.request_id.empty()) attempt_.provider_request_id = error.request_id;
    attempt_.rate_limits = error.rate_limits;
    // A refusal that was received costs nothing; what may have run, and what was delivered, counts as spent.
    bool const ran =
        error.maybe_executed || told_ || attempt_.first_token || (opened_ && leaves_it_running(error.code));
    Usage usage;
    if (ran) usage = opened_ ? counted_so_far() : expected();
    settle(name(error.code), std::move(usage));
}

/// Prices an attempt's usage, if that can be done.
void Settlement::put_price(Attempt& attempt) const {
    if (!plan_.price) return;
    Result<Money> const cost = cost::cost_of(*plan_.price, attempt.usage);
    if (!cost) return;
    attempt.cost = *cost;
    attempt.price_id = plan_.price->id;
}

/// Searches without a price are in no cost.
void Settlement::warn_of_unpriced() {
    Result<cost::PricedUsage> const priced = cost::price(*plan_.price, attempt_.usage);
    if (!priced || priced->unpriced.empty()) return;
    plan_.warnings.emplace_back("the provider searched, and the price of that is not known: it is not in the cost");
}

void Settlement::settle(std::string outcome, Usage usage) {
    settled_ = true;
    attempt_.outcome = std::move(outcome);
    attempt_.latency = elapsed(started_, shared_->config.clock->now());
    attempt_.usage = std::move(usage);
    if (plan_.price && plan_.chat) {
        cost::add_searches(*plan_.price, plan_.price_model, plan_.chat->extra, attempt_.usage);
    }
    // A failure that used nothing cost nothing, with or without a price.
    if (attempt_.usage.nothing() && attempt_.error) {
        attempt_.cost = Money();
    } else {
        put_price(attempt_);
    }
    if (attempt_.cost) shared_->prices.spent(*attempt_.cost, attempt_.started);
    delivered_ = std::string();
    if (plan_.price && !attempt_.usage.pieces.empty()) warn_of_unpriced();
    settle_budgets();
    write_down();
}

/// What an attempt whose usage nobody told may have come to, by what was asked and what of the answer was seen.
Settlement::Amount Settlement::at_most() const {
    Amount amount{attempt_.cost.value_or(Money()), attempt_.usage.total()};
    Usage usage = attempt_.usage;
    usage.output = usage.most_output();
    std::optional<Result<Money>> cost;
    if (told_) {
        if (plan_.price) cost = cost::cost_of(*plan_.price, usage);
    } else if (plan_.chat) {
        ChatRequest request = *plan_.chat;
        std::int64_t const choices = std::max(request.n.value_or(1), 1);
        request.max_tokens = std::max<std::int64_t>((usage.output + choices - 1) / choices, 1);
        Result<cost::CostEstimate> const estimate =
            shared_->config.costs->estimate_request_cost(shared_->price_provider, request);
        if (estimate) {
            usage.input = std::max(usage.input, estimate->input_tokens_at_most);
            cost = estimate->at_most;
        }
    } else {
        return Amount{plan_.held.hold.cost(), plan_.held.hold.tokens()};
    }
    if (cost && *cost) amount.cost = std::max(amount.cost, **cost);
    amount.tokens = std::max(amount.tokens, usage.total());
    return amount;
}

/// What cannot be priced came to what was set aside for it; what may have run, or was cut, to the most it can have come
/// to, so that no budget is overspent by what nobody told.
void Settlement::settle_budgets() noexcept {
    HeldAttempt& held = plan_.held;
    if (held.budgets && attempt_.outcome == "ok") held.budgets->learn_output(held.kind, attempt_.usage.output);
    if (!held.hold) return;
    Amount amount{attempt_.cost.value_or(held.hold.cost()), attempt_.usage.total()};
    if (attempt_.usage.estimated && attempt_.outcome != "ok") {
        try {
            Amount const most = at_most();
            amount.cost = std::max(amount.cost, std::min(most.cost, held.hold.cost()));
            amount.tokens = std::max(amount.tokens, std::min(most.tokens, held.hold.tokens()));
        } catch (...) {  // only memory can be short here: then all that was set aside
            amount = Amount{std::max(amount.cost, held.hold.cost()), std::max(amount.tokens, held.hold.tokens())};
        }
    }
    held.hold.settle(amount.cost, amount.tokens);
}

void Settlement::write_down() {
    MeterConfig const& config = shared_->config;
    if (config.ledger) {
        cost::LedgerFacts const facts(plan_.request_id, plan_.number, plan_.operation, plan_.caller, attempt_);
        config.ledger->record(facts);
    }
    if (plan_.trace) plan_.trace->ended(attempt_, plan_.chat.get());
    if (!plan_.attempts) return;
    plan_.attempts->push_back(std::move(attempt_));
    noted_ = plan_.attempts->size() - 1;
}

void Settlement::describe(CallInfo& info) const {
    Attempt told = info.attempts.empty() ? Attempt() : std::move(info.attempts.front());
    info.request_id = plan_.request_id;
    info.provider = plan_.provider;
    if (plan_.attempts) {
        info.attempts = *plan_.attempts;
    } else {
        info.attempts.clear();
    }
    if (!noted_) info.attempts.push_back(attempt_);
    Attempt& own = info.attempts[noted_ ? *noted_ : info.attempts.size() - 1];
    if (!settled_) {
        own.provider_request_id = std::move(told.provider_request_id);
        own.rate_limits = std::move(told.rate_limits);
        own.usage = counted_so_far();
        put_price(own);
    }
    info.model = own.model;
    info.usage = own.usage;
    info.price_id = own.price_id;
    add_up_attempts(info);
    info.warnings.insert(info.warnings.end(), plan_.warnings.begin(), plan_.warnings.end());
    if (!info.cost) info.warnings.emplace_back("the cost is not known: the price catalog has no entry for this model");
}

}  // namespace aikit::inline v0::policy
