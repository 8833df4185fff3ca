// SPDX-License-Identifier: MIT
// model/json_repair.hpp - the JSON inside a text that a model wrote round it.
#ifndef AIKIT_SRC_MODEL_JSON_REPAIR_HPP
#define AIKIT_SRC_MODEL_JSON_REPAIR_HPP

#include <aikit/core/config.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0 {

/// The JSON documents that a text may mean, without guessing at what is missing: the whole text when it is JSON; else
/// what stands in its code fences; else the objects and lists in it. A comma before a closing bracket is dropped. Which
/// of several is meant is not decided here. Time is linear in the text; at most 16 are found.
std::vector<std::string> json_candidates(std::string_view text);

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_MODEL_JSON_REPAIR_HPP
