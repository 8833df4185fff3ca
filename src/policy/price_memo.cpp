// SPDX-License-Identifier: MIT
// policy/price_memo.cpp - a short list that is emptied each second.
#include "policy/price_memo.hpp"

namespace aikit::inline v0::policy {
namespace {

// A provider is rarely asked for more models within a second; what comes beyond is looked up each time.
constexpr std::size_t most_answers = 32;

}  // namespace

PriceMemo::PriceMemo(std::shared_ptr<cost::PriceCatalog const> catalog, std::string provider)
    : catalog_(std::move(catalog)), provider_(std::move(provider)) {}

Result<std::shared_ptr<cost::PriceEntry const>> PriceMemo::find(std::string_view model, std::string_view tier,
                                                                SystemTime at) {
    auto const second = std::chrono::floor<std::chrono::seconds>(at);
    {
        std::lock_guard const lock(mutex_);
        if (second != second_) {
            answers_.clear();
            second_ = second;
        }
        for (Answer const& answer : answers_) {
            if (answer.model == model && answer.tier == tier) return answer.entry;
        }
    }
    cost::PriceQuery query;
    query.provider = provider_;
    query.model = model;
    query.at = at;
    query.service_tier = tier;
    Result<cost::PriceEntry> found = catalog_->find(query);
    if (!found) return found.error();
    Answer answer;
    answer.model = model;
    answer.tier = tier;
    answer.entry = std::make_shared<cost::PriceEntry const>(std::move(*found));
    std::shared_ptr<cost::PriceEntry const> entry = answer.entry;
    std::lock_guard const lock(mutex_);
    if (second == second_ && answers_.size() < most_answers) answers_.push_back(std::move(answer));
    return entry;
}

}  // namespace aikit::inline v0::policy
