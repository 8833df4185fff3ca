// SPDX-License-Identifier: MIT
// kit/structured.hpp - how each provider's models are made to write JSON, as data.
#ifndef AIKIT_SRC_KIT_STRUCTURED_HPP
#define AIKIT_SRC_KIT_STRUCTURED_HPP

#include <aikit/model/schema_rules.hpp>

#include <string_view>

namespace aikit::inline v0 {

/// For a type of provider and a model of it. What is not known is taken to do it by its own means.
StructuredSupport structured_support(std::string_view type, std::string_view model) noexcept;

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_KIT_STRUCTURED_HPP
