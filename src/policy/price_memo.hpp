// SPDX-License-Identifier: MIT
// policy/price_memo.hpp - the price entries of the last second.
#ifndef AIKIT_SRC_POLICY_PRICE_MEMO_HPP
#define AIKIT_SRC_POLICY_PRICE_MEMO_HPP

#include <aikit/cost/catalog.hpp>

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
    PriceMemo(std::shared_ptr<cost::PriceCatalog const> catalog, std::string provider);

    /// Errors: those of PriceCatalog::find, which are not remembered.
    Result<std::shared_ptr<cost::PriceEntry const>> find(std::string_view model, std::string_view tier, SystemTime at);

private:
    struct Answer {
        std::string model;
        std::string tier;
        std::shared_ptr<cost::PriceEntry const> entry;
    };

    std::shared_ptr<cost::PriceCatalog const> const catalog_;
    std::string const provider_;
    std::mutex mutex_;  // guards what follows
    std::chrono::sys_seconds second_{};
    std::vector<Answer> answers_;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_PRICE_MEMO_HPP
