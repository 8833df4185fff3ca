// SPDX-License-Identifier: MIT
// policy/price_memo.cpp - a short list that is emptied each second.
#include "policy/price_memo.hpp"

namespace aikit::inline v0::policy {
namespace {

// A provider is rarely asked for more models within a second; what comes beyond is looked up each time.
constexpr std::size_t most_answers = 32;

}  // namespace

PriceMemo::PriceMemo(std::shared_ptr<cost::PriceCatalog const> catalog, std::string provider,
                     std::shared_ptr<cost::MonthSpending> spending)
    : catalog_(std::move(catalog)),
      provider_(std::move(provider)),
      bare_provider_(provider_.substr(0, provider_.find('+'))),
      spending_(std::move(spending)) {}

void PriceMemo::spent(Money cost, SystemTime at) noexcept {
    if (spending_) spending_->add(bare_provider_, cost, at);
}

Result<std::shared_ptr<cost::PriceEntry const>> PriceMemo::find(std::string_view model, std::string_view tier,
                                                                std::string_view region, SystemTime at) {
    auto const second = std::chrono::floor<std::chrono::seconds>(at);
    Money const spent = spending_ ? spending_->spent(bare_provider_, at) : Money();
    std::size_t const reached = spending_ ? spending_->reached(spent) : 0;
    {
        std::lock_guard const lock(mutex_);
        if (second != second_) {
            answers_.clear();
            second_ = second;
        }
        for (Answer const& answer : answers_) {
            bool const same = answer.model == model && answer.tier == tier && answer.region == region;
            if (same && answer.reached == reached) return answer.entry;
        }
    }
    cost::PriceQuery query;
    query.provider = provider_;
    query.model = model;
    query.at = at;
    query.service_tier = tier;
    query.spent = spent;
    if (!region.empty()) {
        query.provider = bare_provider_;
        query.region = region;
    }
    Result<cost::PriceEntry> found = catalog_->find(query);
    if (!found) return found.error();
    Answer answer;
    answer.model = model;
    answer.tier = tier;
    answer.region = region;
    answer.reached = reached;
    answer.entry = std::make_shared<cost::PriceEntry const>(std::move(*found));
    std::shared_ptr<cost::PriceEntry const> entry = answer.entry;
    std::lock_guard const lock(mutex_);
    if (second == second_ && answers_.size() < most_answers) answers_.push_back(std::move(answer));
    return entry;
}

}  // namespace aikit::inline v0::policy
