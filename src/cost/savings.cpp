// SPDX-License-Identifier: MIT
// cost/savings.cpp - each kind of change against the same past.
#include "cost/savings.hpp"

#include "cost/model_limits.hpp"
#include "cost/price_id.hpp"

#include <algorithm>
#include <cmath>

namespace aikit::inline v0::cost {
namespace {

// A provider's cache keeps a prefix for some five minutes, from 1,024 tokens on (OpenAI, "Prompt caching"; Anthropic
// the same for most models).
constexpr std::chrono::minutes cache_time{5};
constexpr std::int64_t least_cached = 1'024;

// What is known of too few calls is not known.
constexpr std::int64_t least_calls = 20;

std::size_t bucket_of(std::int64_t tokens) {
    if (tokens < 8) return static_cast<std::size_t>(std::max<std::int64_t>(tokens, 0));
    auto const bucket = static_cast<std::size_t>(std::log2(static_cast<double>(tokens)) * 8);
    return std::min<std::size_t>(bucket, 64 * 8 - 1);
}

/// The least limit that lets through what is in a bucket.
std::int64_t end_of(std::size_t bucket) {
    if (bucket < 8) return std::max<std::int64_t>(1, static_cast<std::int64_t>(bucket));
    return static_cast<std::int64_t>(std::ceil(std::exp2(static_cast<double>(bucket + 1) / 8)));
}

/// What the catalog asks for a model at a tier; nothing when it has no price, or none of its own at that tier.
std::optional<PriceEntry> entry_of(PriceCatalog const& catalog, SavingsQuery const& query, ModelPast const& past,
                                   SystemTime at, std::string const& tier, std::string const& model = {}) {
    PriceQuery asked;
    asked.provider = past.provider;
    asked.model = past.model;
    if (query.names) query.names(asked.provider, asked.model);
    if (!model.empty()) asked.model = model;
    asked.at = at;
    asked.service_tier = tier;
    Result<PriceEntry> entry = catalog.find(asked);
    if (!entry || entry->free) return std::nullopt;
    if (!tier.empty() && entry->id.find("#" + tier) == std::string::npos) return std::nullopt;
    return std::move(*entry);
}

/// The calls by another entry, in dollars: that of the mean call, as many times. 0: it has no price for them.
double dollars_by(PriceEntry const& entry, ModelPast const& past) {
    Usage mean = past.usage;
    for (std::int64_t* count :
         {&mean.input, &mean.cache_read, &mean.cache_write_5m, &mean.cache_write_1h, &mean.output, &mean.reasoning,
          &mean.audio_input, &mean.audio_cache_read, &mean.audio_output, &mean.image_input, &mean.image_output}) {
        *count /= past.calls;
    }
    mean.pieces = Pieces();
    Result<Money> const one = cost_of(entry, mean);
    double const tokens = one ? static_cast<double>(one->nanos()) * 1e-9 * static_cast<double>(past.calls) : 0;
    if (!one || past.usage.pieces.empty()) return tokens;
    // Most calls have none of them: their mean would be nothing.
    Usage rare;
    rare.pieces = past.usage.pieces;
    PriceEntry by_piece = entry;
    by_piece.per_request.reset();
    Result<Money> const all = cost_of(by_piece, rare);
    return all ? tokens + static_cast<double>(all->nanos()) * 1e-9 : 0;
}

std::size_t common_prefix(std::string const& a, std::string const& b) {
    return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

/// Puts together the savings of one model.
class Adviser {
public:
    Adviser(PriceCatalog const& catalog, SavingsQuery const& query, SystemTime at, double days, SavingsPlan& plan)
        : catalog_(catalog), query_(query), at_(at), month_(30 / days), plan_(plan) {}

    void advise(ModelPast const& past) {
        retries(past);
        if (past.calls < least_calls) return;
        batch(past);
        caching(past);
        output_limit(past);
        cheaper_model(past);
    }

private:
    void tell(ModelPast const& past, Change change, int risk_level, std::int64_t calls, double dollars,
              std::string what, std::string risk, std::string to = {}) {
        Saving saving;
        saving.change = change;
        saving.provider = past.provider;
        saving.model = past.model;
        saving.to = std::move(to);
        saving.what = std::move(what);
        saving.risk = std::move(risk);
        saving.risk_level = risk_level;
        saving.calls = calls;
        saving.per_month = Money::nanos(static_cast<std::int64_t>(std::llround(dollars * month_ * 1e9)));
        if (saving.per_month >= query_.least) plan_.savings.push_back(std::move(saving));
    }

    void retries(ModelPast const& past) {
        tell(past, Change::fix_retries, 0, past.failed, static_cast<double>(past.failed_cost) * 1e-9,
             "Find out why " + std::to_string(past.failed) + " attempts failed that were billed.",
             "None: nobody got an answer for them.");
    }

    void batch(ModelPast const& past) {
        if (past.unwatched < least_calls || !past.tier.empty()) return;
        std::optional<PriceEntry> const now = entry_of(catalog_, query_, past, at_, "");
        std::optional<PriceEntry> const later = entry_of(catalog_, query_, past, at_, "batch");
        if (!now || !later) return;
        double const before = dollars_by(*now, past), after = dollars_by(*later, past);
        if (before <= 0 || after <= 0 || after >= before) return;
        tell(past, Change::batch, 1, past.unwatched,
             static_cast<double>(past.unwatched_cost) * 1e-9 * (1 - after / before),
             "Send what is not urgent as a batch: " + std::to_string(past.unwatched) + " chats were not streamed.",
             "Answers can take up to a day.");
    }

    void caching(ModelPast const& past) {
        if (past.repeated < least_calls) return;
        std::optional<PriceEntry> const entry = entry_of(catalog_, query_, past, at_, past.tier);
        if (!entry || !entry->base.input || !entry->base.cache_read) return;
        double const gain = static_cast<double>(entry->base.input->femtos() - entry->base.cache_read->femtos()) * 1e-15;
        // What two inputs have in common is not known; half of the shorter one is a guess.
        tell(past, Change::prompt_caching, 1, past.repeated, gain * static_cast<double>(past.repeated_tokens) / 2,
             "Put what repeats first in the prompt, and mark it for the cache where the provider wants that: " +
                 std::to_string(past.repeated) + " long inputs came within five minutes of another.",
             "It saves only as much as they have in common, which the ledger does not know: half is assumed.");
    }

    void output_limit(ModelPast const& past) {
        std::optional<PriceEntry> const entry = entry_of(catalog_, query_, past, at_, past.tier);
        if (!entry || !entry->base.output) return;
        std::int64_t beyond = 0, tokens = 0;
        std::size_t bucket = past.outputs.size();
        // From the longest answers down to one in fifty.
        while (bucket > 0 && (beyond + past.outputs[bucket - 1]) * 50 <= past.calls) {
            --bucket;
            beyond += past.outputs[bucket];
            tokens += past.output_tokens[bucket];
        }
        if (beyond == 0 || bucket == 0) return;
        std::int64_t const limit = end_of(bucket - 1);
        double const saved = static_cast<double>(tokens - beyond * limit);
        if (saved <= 0) return;
        tell(past, Change::output_limit, 2, beyond, saved * static_cast<double>(entry->base.output->femtos()) * 1e-15,
             "Set max_tokens to " + std::to_string(limit) + ": all but " + std::to_string(beyond) +
                 " answers were no longer.",
             "Those answers, some 2 percent, would have been cut off.", std::to_string(limit));
    }

    /// The sibling that is most alike by name, and of those the dearest, at 70 percent of the cost or less.
    void cheaper_model(ModelPast const& past) {
        std::optional<PriceEntry> const own = entry_of(catalog_, query_, past, at_, past.tier);
        if (!own) return;
        std::string provider = past.provider, name = past.model;
        if (query_.names) query_.names(provider, name);
        double const before = dollars_by(*own, past);
        std::optional<PriceEntry> best;
        double best_dollars = 0;
        for (std::string const& model : catalog_.models(provider)) {
            std::optional<PriceEntry> entry = entry_of(catalog_, query_, past, at_, past.tier, model);
            if (!entry || entry->model == own->model || !alike(*own, *entry, past)) continue;
            if (!end_of_life(*entry, at_).empty()) continue;
            double const dollars = dollars_by(*entry, past);
            if (dollars <= 0 || dollars > 0.7 * before) continue;
            std::size_t const length = common_prefix(entry->model, own->model);
            std::size_t const best_length = best ? common_prefix(best->model, own->model) : 0;
            if (best && (length < best_length || (length == best_length && dollars <= best_dollars))) continue;
            best = std::move(entry);
            best_dollars = dollars;
        }
        if (!best || before <= 0) return;
        tell(past, Change::cheaper_model, 3, past.calls,
             static_cast<double>(past.cost) * 1e-9 * (1 - best_dollars / before),
             "Ask " + best->model + " in the place of " + own->model + ".",
             "A smaller model can answer worse: try it on your own questions first.", best->model);
    }

    /// Of the same family by name, and able to do what was asked of the other.
    static bool alike(PriceEntry const& own, PriceEntry const& other, ModelPast const& past) {
        constexpr std::size_t least_prefix = 4;
        if (common_prefix(own.model, other.model) < least_prefix) return false;
        if (own.reasoning && !other.reasoning) return false;
        bool const told = own.facts && other.facts && !own.facts->mode.empty() && !other.facts->mode.empty();
        if (told && own.facts->mode != other.facts->mode) return false;
        if (other.base.output.has_value() != own.base.output.has_value()) return false;
        if (other.context_window && *other.context_window < past.widest) return false;
        return std::all_of(other.lacks.begin(), other.lacks.end(), [&](std::string const& what) {
            return std::find(own.lacks.begin(), own.lacks.end(), what) != own.lacks.end();
        });
    }

    PriceCatalog const& catalog_;
    SavingsQuery const& query_;
    SystemTime const at_;
    double const month_;
    SavingsPlan& plan_;
};

using ModelCosts = std::map<std::pair<std::string, std::string>, double>;  // provider and model; nano-dollars a month

/// What is left when each change takes its part of what the others leave of its model.
Money cost_after(SavingsPlan const& plan, ModelCosts const& costs) {
    ModelCosts left = costs;
    for (Saving const& saving : plan.savings) {
        std::pair<std::string, std::string> const model(saving.provider, saving.model);
        auto const whole = costs.find(model);
        if (whole == costs.end() || whole->second <= 0) continue;
        left[model] *= std::max(0.0, 1 - static_cast<double>(saving.per_month.nanos()) / whole->second);
    }
    double sum = 0;
    for (auto const& [model, nanos] : left) sum += nanos;
    return Money::nanos(static_cast<std::int64_t>(std::llround(sum)));
}

/// Leaves the changes that it takes to come below an amount, the least risky first.
void choose(SavingsPlan& plan, Money per_month, ModelCosts const& costs) {
    std::vector<Saving> all = std::move(plan.savings);
    plan.savings.clear();
    std::stable_sort(all.begin(), all.end(),
                     [](Saving const& a, Saving const& b) { return a.risk_level < b.risk_level; });
    for (Saving& saving : all) {
        if (cost_after(plan, costs) <= per_month) return;
        plan.savings.push_back(std::move(saving));
    }
}

}  // namespace

char const* name(Change change) noexcept {
    switch (change) {
        case Change::fix_retries: return "fix_retries";
        case Change::batch: return "batch";
        case Change::prompt_caching: return "prompt_caching";
        case Change::output_limit: return "output_limit";
        case Change::cheaper_model: return "cheaper_model";
    }
    return "";
}

void ModelPast::add(ScannedRow const& row, Usage const& used) {
    std::int64_t const nanos = row.cost.value_or(0);
    if (row.failed()) {
        if (nanos > 0) ++failed;
        failed_cost += nanos;
        return;
    }
    ++calls;
    cost += nanos;
    usage.add(used);
    widest = std::max(widest, used.total_input() + used.output);
    std::size_t const bucket = bucket_of(used.output);
    ++outputs[bucket];
    output_tokens[bucket] += used.output;
    if (row.label->operation != "chat") return;
    if (!row.first_token) {
        ++unwatched;
        unwatched_cost += nanos;
    }
    constexpr std::size_t most_labels = 10'000;
    if (last_.size() >= most_labels) last_.clear();
    auto& [when, read] = last_[row.label->number];
    if (used.input >= least_cached && used.cache_read == 0 && read >= least_cached &&
        row.started - when <= cache_time) {
        ++repeated;
        repeated_tokens += std::min(used.input, read);
    }
    when = row.started;
    read = used.input;
}

Result<ModelPasts> read_pasts(storage::Connection& db, RowFilter const& filter) {
    ModelPasts pasts;
    Result<void> const read = scan_rows(db, filter, std::nullopt, [&](ScannedRow const& row) -> Result<bool> {
        Result<Usage> const usage = usage_of(row);
        if (!usage) return usage.error();
        std::string const tier = tier_of_price(row.label->price_id);
        ModelPast& past = pasts[{row.label->provider, row.label->model, tier}];
        past.provider = row.label->provider;
        past.model = row.label->model;
        past.tier = tier;
        past.add(row, *usage);
        return true;
    });
    if (!read) return read.error();
    return pasts;
}

Result<SavingsPlan> plan_savings(ModelPasts const& pasts, PriceCatalog const& catalog, SavingsQuery const& query,
                                 SystemTime at, double days, std::optional<Money> per_month) {
    SavingsPlan plan;
    Adviser adviser(catalog, query, at, days, plan);
    ModelCosts costs;
    double sum = 0;
    for (auto const& [key, past] : pasts) {
        adviser.advise(past);
        double const month = static_cast<double>(past.cost + past.failed_cost) * 30 / days;
        costs[{past.provider, past.model}] += month;
        sum += month;
    }
    if (sum > 9e18) return fail(Errc::invalid_argument, "a sum of money is too large");
    std::stable_sort(plan.savings.begin(), plan.savings.end(),
                     [](Saving const& a, Saving const& b) { return a.per_month > b.per_month; });
    plan.cost_per_month = Money::nanos(static_cast<std::int64_t>(std::llround(sum)));
    if (per_month) choose(plan, *per_month, costs);
    plan.cost_after = cost_after(plan, costs);
    if (per_month) plan.enough = plan.cost_after <= *per_month;
    return plan;
}

}  // namespace aikit::inline v0::cost
