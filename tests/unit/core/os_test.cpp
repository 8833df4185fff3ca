// SPDX-License-Identifier: MIT
// Covers core/os: what aikit asks of the operating system.
#include "core/os/os.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

namespace aikit::inline v0 {

TEST_CASE("random bytes fill all of the space and differ each time") {
    for (std::size_t const size :
         {std::size_t{0}, std::size_t{1}, std::size_t{255}, std::size_t{257}, std::size_t{100'000}}) {
        std::string first(size, '\0');
        std::string second(size, '\0');
        REQUIRE(os::random_bytes(first.data(), size));
        REQUIRE(os::random_bytes(second.data(), size));
        if (size < 200) continue;
        CHECK(first != second);
        std::array<int, 256> seen = {};
        for (char const c : first.substr(size - 200)) ++seen[static_cast<unsigned char>(c)];
        CHECK(*std::max_element(seen.begin(), seen.end()) < 20);
    }
}

TEST_CASE("an environment variable is told apart from an empty one and none") {
    ::setenv("AIKIT_TEST_VARIABLE", "value", 1);
    CHECK(os::environment("AIKIT_TEST_VARIABLE") == "value");
    ::setenv("AIKIT_TEST_VARIABLE", "", 1);
    CHECK(os::environment("AIKIT_TEST_VARIABLE") == "");
    ::unsetenv("AIKIT_TEST_VARIABLE");
    CHECK_FALSE(os::environment("AIKIT_TEST_VARIABLE").has_value());
}

TEST_CASE("a forked child knows that it is another process") {
    std::uint64_t const ours = os::process_generation();
    CHECK(os::process_generation() == ours);
    pid_t const child = ::fork();
    if (child == 0) ::_exit(os::process_generation() != ours ? 0 : 1);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(os::process_generation() == ours);
}

TEST_CASE("there is at least one core, and no more than the machine has") {
    CHECK(os::usable_cores() >= 1);
    CHECK(os::usable_cores() <= ::sysconf(_SC_NPROCESSORS_CONF));
}

TEST_CASE("overwritten memory holds zeros") {
    char text[] = "secret";
    os::overwrite(text, sizeof(text));
    CHECK(std::all_of(std::begin(text), std::end(text), [](char c) { return c == 0; }));
}

}  // namespace aikit::inline v0
