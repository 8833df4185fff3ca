// SPDX-License-Identifier: MIT
// fault/proxy.cpp - a program: a network that fails at random, the same way for the same seed. It does not link aikit.
//
//   fault_proxy SERVER_PORT SEED MOST_BYTES
//
// Prints its port on a line. Each connection is cut, reset or goes silent after at most MOST_BYTES of answers, wherever
// that is; some split every byte, come in pieces, or are late, so that answers overtake each other. Ends when its
// standard input does.
#include "support/fault_proxy.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: fault_proxy SERVER_PORT SEED MOST_BYTES\n");
        return 2;
    }
    auto const seed = static_cast<unsigned>(std::atoi(argv[2]));
    std::int64_t const most = std::atoll(argv[3]);
    aikit_test::FaultProxy proxy(static_cast<std::uint16_t>(std::atoi(argv[1])));
    proxy.set([seed, most](int connection) {
        using aikit_test::Faults;
        std::mt19937 draw(seed * 1'000'003U + static_cast<unsigned>(connection));
        Faults faults;
        faults.cut_after = static_cast<std::int64_t>(draw()) % most;
        unsigned const ending = draw() % 20;
        faults.ending = ending == 0 ? Faults::Ending::hang : ending < 10 ? Faults::Ending::rst : Faults::Ending::fin;
        unsigned const pace = draw() % 20;
        if (pace == 0) faults.piece = 1;
        if (pace == 1) faults.piece = 7;
        if (pace == 2) faults.delay = std::chrono::milliseconds(1 + draw() % 3);
        return faults;
    });
    std::printf("%d\n", proxy.port());
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
    return 0;
}
