// SPDX-License-Identifier: MIT
// What fuzzers found, and what they begin with, given to every target again.
#include "fuzz/targets.hpp"
#include "support/shared_data.hpp"

#include <doctest/doctest.h>

TEST_CASE("what fuzzers found once breaks nothing any more, and neither does what was recorded") {
    for (aikit_test::Target const& target : aikit_test::targets()) {
        CAPTURE(target.name);
        std::size_t found = 0;
        for (std::filesystem::path const& file :
             aikit_test::files_of(std::filesystem::path(AIKIT_SOURCE_DIR) / "tests/fuzz/corpus" / target.name)) {
            CAPTURE(file.string());
            target.run(aikit_test::read_file(file));
            ++found;
        }
        std::vector<std::string> const seeds = target.seeds();
        for (std::string const& seed : seeds) {
            target.run(seed);
            // Each also without its end, and with a byte that is no text.
            target.run(seed.substr(0, seed.size() / 2));
            std::string damaged = seed;
            damaged[damaged.size() * 2 / 3] = '\xFF';
            target.run(damaged);
        }
        MESSAGE(target.name << ": " << found << " found, " << seeds.size() << " seeds");
    }
    CHECK(aikit_test::targets().size() > 10);
}
