// SPDX-License-Identifier: MIT
// support/precompiled.hpp - what most tests include, for the builds that compile it once; see tests/CMakeLists.txt.
#ifndef AIKIT_TESTS_SUPPORT_PRECOMPILED_HPP
#define AIKIT_TESTS_SUPPORT_PRECOMPILED_HPP

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <boost/system/result.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#endif  // AIKIT_TESTS_SUPPORT_PRECOMPILED_HPP
