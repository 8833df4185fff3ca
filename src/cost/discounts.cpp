// SPDX-License-Identifier: MIT
// cost/discounts.cpp - a catalog of which a contract takes something off.
#include "cost/rules.hpp"

#include <algorithm>

namespace aikit::inline v0::cost {
namespace {

constexpr std::int64_t whole = 10'000;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    return out;
}

/// "12.5" of 1250.
std::string percent(std::int64_t basis_points) {
    std::string text = std::to_string(basis_points / 100);
    std::int64_t const rest = basis_points % 100;
    if (rest == 0) return text;
    text += "." + std::to_string(rest / 10);
    return rest % 10 == 0 ? text : text + std::to_string(rest % 10);
}

class DiscountedCatalog final : public PriceCatalog {
public:
    DiscountedCatalog(std::shared_ptr<PriceCatalog const> base, std::vector<PriceDiscount> discounts)
        : base_(std::move(base)), discounts_(std::move(discounts)) {
        for (PriceDiscount& discount : discounts_) {
            discount.provider = lower(discount.provider);
            discount.model = lower(discount.model);
        }
    }

    Result<PriceEntry> find(PriceQuery const& query) const override {
        Result<PriceEntry> entry = base_->find(query);
        if (!entry || entry->free) return entry;
        PriceDiscount const* discount = discount_of(query, *entry);
        if (discount == nullptr || discount->basis_points == 0) return entry;
        if (Result<void> scaled = scale(*entry, whole - discount->basis_points, whole, true); !scaled) {
            return scaled.error();
        }
        entry->discount_basis_points = discount->basis_points;
        entry->id += "-" + percent(discount->basis_points) + "%";
        return entry;
    }

    std::string const& version() const noexcept override { return base_->version(); }
    std::vector<std::string> providers() const override { return base_->providers(); }
    std::vector<std::string> models(std::string_view provider) const override { return base_->models(provider); }

private:
    PriceDiscount const* discount_of(PriceQuery const& query, PriceEntry const& entry) const {
        std::string const asked = lower(query.provider.substr(0, query.provider.find('+')));
        std::string const model = lower(query.model);
        PriceDiscount const* found = nullptr;
        for (PriceDiscount const& discount : discounts_) {
            if (query.spent < discount.from_spent) continue;
            if (found != nullptr && discount.from_spent <= found->from_spent) continue;
            if (discount.from && query.at < *discount.from) continue;
            if (discount.until && query.at >= *discount.until) continue;
            // "gemini" and "google" are one.
            bool const of_it = discount.provider.empty() || discount.provider == asked ||
                               entry.id.starts_with(discount.provider + "/");
            if (of_it && (fits(discount.model, model) || fits(discount.model, lower(entry.model)))) found = &discount;
        }
        return found;
    }

    static bool fits(std::string_view pattern, std::string_view model) {
        if (pattern.empty()) return true;
        if (!pattern.ends_with('*')) return pattern == model;
        pattern.remove_suffix(1);
        return model.starts_with(pattern);
    }

    std::shared_ptr<PriceCatalog const> const base_;
    std::vector<PriceDiscount> discounts_;
};

}  // namespace

Result<std::shared_ptr<PriceCatalog const>> PriceCatalog::discounted(std::shared_ptr<PriceCatalog const> base,
                                                                     std::vector<PriceDiscount> discounts) {
    if (!base) return fail(Errc::invalid_argument, "discounted: 'base' is null; give it the catalog");
    for (std::size_t i = 0; i < discounts.size(); ++i) {
        std::string const field = "discounts[" + std::to_string(i) + "].";
        if (discounts[i].basis_points < 0 || discounts[i].basis_points > whole) {
            return fail(Errc::invalid_argument, field + "basis_points must be 0 to 10000");
        }
        if (discounts[i].from_spent < Money()) {
            return fail(Errc::invalid_argument, field + "from_spent must not be negative");
        }
    }
    std::shared_ptr<PriceCatalog const> catalog =
        std::make_shared<DiscountedCatalog>(std::move(base), std::move(discounts));
    return catalog;
}

}  // namespace aikit::inline v0::cost
