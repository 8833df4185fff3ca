// SPDX-License-Identifier: MIT
// policy/price_memo.hpp - the price entries of the last second.
#ifndef AIKIT_SRC_POLICY_PRICE_MEMO_HPP
#define AIKIT_SRC_POLICY_PRICE_MEMO_HPP

#include <aikit/cost/catalog.hpp>
#include <aikit/cost/month_spending.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::policy {

/// Asks a catalog, and remembers what it said for as long as it would say the same: the rules of prices know of no time
/// finer than a second. Thread-safety: shared objects: safe.
class PriceMemo {
public:
    /// `spending` may be null: then no price depends on it.
    PriceMemo(std::shared_ptr<cost::PriceCatalog const> catalog, std::string provider,
              std::shared_ptr<cost::MonthSpending> spending = nullptr);

    /// `region` empty: where the provider's name says. Errors: those of PriceCatalog::find, which are not remembered.
    Result<std::shared_ptr<cost::PriceEntry const>> find(std::string_view model, std::string_view tier,
                                                         std::string_view region, SystemTime at);

    /// A call of that time came to so much.
    void spent(Money cost, SystemTime at) noexcept;

private:
    struct Answer {
        std::string model;
        std::string tier;
        std::string region;
        std::size_t reached = 0;  ///< Steps of the month's spending.
        std::shared_ptr<cost::PriceEntry const> entry;
    };

    std::shared_ptr<cost::PriceCatalog const> const catalog_;
    std::string const provider_;
    std::string const bare_provider_;  ///< Without a region.
    std::shared_ptr<cost::MonthSpending> const spending_;
    std::mutex mutex_;  // guards what follows
    std::chrono::sys_seconds second_{};
    std::vector<Answer> answers_;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_PRICE_MEMO_HPP
