// SPDX-License-Identifier: MIT
// core/precompiled.hpp - what most sources stand on, for the builds that compile it once (AIKIT_PRECOMPILE).
#ifndef AIKIT_SRC_CORE_PRECOMPILED_HPP
#define AIKIT_SRC_CORE_PRECOMPILED_HPP

#include "core/async.hpp"
#include "core/json.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#endif  // AIKIT_SRC_CORE_PRECOMPILED_HPP
