// SPDX-License-Identifier: MIT
// fuzz/fuzzer.cpp - libFuzzer's way into the target that the environment names.
//
//   AIKIT_FUZZ=sse fuzzer CORPUS...        looks for bytes that break it
//   AIKIT_FUZZ=seeds fuzzer FOLDER         writes what each target begins with into a folder of its own
#include "fuzz/targets.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

aikit_test::Target const* chosen = nullptr;

void write_seeds(std::filesystem::path const& folder) {
    for (aikit_test::Target const& target : aikit_test::targets()) {
        std::filesystem::create_directories(folder / target.name);
        std::size_t number = 0;
        for (std::string const& seed : target.seeds()) {
            std::ofstream(folder / target.name / std::to_string(number++), std::ios::binary) << seed;
        }
        std::printf("%s\n", target.name.c_str());
    }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
    char const* const name = std::getenv("AIKIT_FUZZ");
    if (name != nullptr && std::string_view(name) == "seeds" && *argc > 1) {
        write_seeds((*argv)[1]);
        std::exit(0);
    }
    chosen = name == nullptr ? nullptr : aikit_test::target(name);
    if (chosen == nullptr) {
        std::fprintf(stderr, "AIKIT_FUZZ names no target\n");
        std::exit(2);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    chosen->run(std::string_view(reinterpret_cast<char const*>(data), size));
    return 0;
}
