// SPDX-License-Identifier: MIT
// vector/check.cpp - refusing what cannot be stored or searched.
#include "vector/check.hpp"

#include "core/json.hpp"

#include <aikit/text/unicode.hpp>

#include <cmath>

namespace aikit::inline v0::vector {
namespace {

constexpr std::size_t max_name = 200;
constexpr std::size_t max_id = 1'000;
constexpr int max_top = 1'000'000;

/// With larger numbers, sums of squares over the largest dimension leave the range of float32.
constexpr float max_value = 1e15F;

Error wrong(std::string const& field, std::string const& why) {
    return fail(Errc::invalid_argument, field + " " + why);
}

Result<void> check_vector(std::vector<float> const& vector, CollectionConfig const& collection,
                          std::string const& field) {
    if (vector.size() != static_cast<std::size_t>(collection.dimensions)) {
        return wrong(field, "has " + std::to_string(vector.size()) + " numbers, but the collection \"" +
                                collection.name + "\" has " + std::to_string(collection.dimensions) +
                                " dimensions: use the model that the collection was made with");
    }
    bool all_zero = true;
    for (std::size_t i = 0; i < vector.size(); ++i) {
        // The negation is also true of NaN.
        if (!(std::fabs(vector[i]) <= max_value)) {
            return wrong(field + "[" + std::to_string(i) + "]", "must be a number between -1e15 and 1e15");
        }
        all_zero = all_zero && vector[i] == 0;
    }
    if (all_zero && collection.metric == Metric::cosine) {
        return wrong(field, "is all zeros, which has no direction: cosine cannot compare it");
    }
    return ok();
}

Result<void> check_item(Item const& item, CollectionConfig const& collection, std::string const& field) {
    if (item.id.empty() || item.id.size() > max_id) return wrong(field + ".id", "must have 1 to 1,000 bytes");
    if (!text::is_utf8(item.id)) return wrong(field + ".id", "is not valid UTF-8");
    if (!text::is_utf8(item.text)) return wrong(field + ".text", "is not valid UTF-8");
    if (!item.vector.empty()) {
        if (Result<void> good = check_vector(item.vector, collection, field + ".vector"); !good) return good;
    }
    if (item.metadata.empty()) return ok();
    Result<json::value> const parsed = json::parse(item.metadata, field + ".metadata", Errc::invalid_argument);
    if (!parsed) return parsed.error();
    if (!parsed->is_object()) return wrong(field + ".metadata", "must be a JSON object");
    return ok();
}

}  // namespace

Result<void> check_config(CollectionConfig const& config) {
    if (config.name.empty() || config.name.size() > max_name || !text::is_utf8(config.name)) {
        return wrong("CollectionConfig::name", "must be 1 to 200 bytes of UTF-8");
    }
    if (config.dimensions < 0 || config.dimensions > 65'535) {
        return wrong("CollectionConfig::dimensions", "must be 0 to 65,535");
    }
    if (!text::is_utf8(config.model)) return wrong("CollectionConfig::model", "is not valid UTF-8");
    return ok();
}

Result<void> check_agreement(CollectionConfig const& wanted, CollectionConfig const& there) {
    std::string const where = "but the collection \"" + there.name + "\" was made with ";
    if (wanted.dimensions != there.dimensions) {
        return wrong("CollectionConfig::dimensions",
                     "is " + std::to_string(wanted.dimensions) + ", " + where + std::to_string(there.dimensions));
    }
    if (wanted.metric != there.metric) {
        return wrong("CollectionConfig::metric",
                     "is " + std::string(name(wanted.metric)) + ", " + where + name(there.metric));
    }
    if (!wanted.model.empty() && !there.model.empty() && wanted.model != there.model) {
        return wrong("CollectionConfig::model", "is \"" + wanted.model + "\", " + where + "\"" + there.model +
                                                    "\": vectors of different models do not compare");
    }
    return ok();
}

Result<void> check_items(std::vector<Item> const& items, CollectionConfig const& collection) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        Result<void> good = check_item(items[i], collection, "items[" + std::to_string(i) + "]");
        if (!good) return good;
    }
    return ok();
}

Result<void> check_top(int top, char const* field) {
    if (top < 1 || top > max_top) return wrong(field, "must be 1 to 1,000,000");
    return ok();
}

Result<void> check(DenseQuery const& query, CollectionConfig const& collection) {
    if (Result<void> good = check_top(query.top, "DenseQuery::top"); !good) return good;
    if (query.effort < 0 || query.effort > max_top) return wrong("DenseQuery::effort", "must be 0 to 1,000,000");
    if (collection.dimensions == 0) {
        return wrong("DenseQuery::vector",
                     "cannot be searched: the collection \"" + collection.name + "\" holds texts only");
    }
    return check_vector(query.vector, collection, "DenseQuery::vector");
}

Result<void> check(SparseQuery const& query) {
    if (Result<void> good = check_top(query.top, "SparseQuery::top"); !good) return good;
    if (!text::is_utf8(query.text)) return wrong("SparseQuery::text", "is not valid UTF-8");
    return ok();
}

Result<void> check(HybridQuery const& query, CollectionConfig const& collection) {
    if (Result<void> good = check_top(query.top, "HybridQuery::top"); !good) return good;
    if (query.candidates < 0 || query.candidates > max_top) {
        return wrong("HybridQuery::candidates", "must be 0 to 1,000,000");
    }
    if (!(query.dense_weight >= 0 && query.dense_weight <= 1))
        return wrong("HybridQuery::dense_weight", "must be 0 to 1");
    if (!(query.rrf_constant > 0 && query.rrf_constant <= 1e9)) {
        return wrong("HybridQuery::rrf_constant", "must be above 0 and at most 1e9");
    }
    if (!text::is_utf8(query.text)) return wrong("HybridQuery::text", "is not valid UTF-8");
    if (query.vector.empty()) {
        if (query.text.empty()) return wrong("HybridQuery", "needs a text, a vector, or both");
        return ok();
    }
    if (collection.dimensions == 0) {
        return wrong("HybridQuery::vector",
                     "cannot be searched: the collection \"" + collection.name + "\" holds texts only");
    }
    return check_vector(query.vector, collection, "HybridQuery::vector");
}

}  // namespace aikit::inline v0::vector
