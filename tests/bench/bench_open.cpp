// SPDX-License-Identifier: MIT
// tests/bench/bench_open.cpp - how long starting takes: the command, and a Kit on a store of 10,000 chunks.
#include "bench.hpp"

#include <aikit/aikit.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace {

double since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// Milliseconds from start to exit, the median of `runs`.
double run_time(std::vector<char const*> arguments, int runs) {
    arguments.push_back(nullptr);
    std::vector<double> times;
    for (int i = 0; i < runs; ++i) {
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1 /* O_WRONLY */, 0);
        auto const start = std::chrono::steady_clock::now();
        pid_t child = 0;
        int status = -1;
        if (::posix_spawn(&child, arguments[0], &actions, nullptr, const_cast<char**>(arguments.data()), environ) !=
                0 ||
            ::waitpid(child, &status, 0) != child || status != 0) {
            std::fprintf(stderr, "bench_open: %s cannot be run\n", arguments[0]);
            std::exit(1);
        }
        times.push_back(since(start));
        ::posix_spawn_file_actions_destroy(&actions);
    }
    return bench::median(times);
}

aikit::Result<void> fill(std::string const& store, int chunks) {
    aikit::KitConfig config;
    config.store = store;
    aikit::Result<aikit::Kit> kit = aikit::Kit::open(config);
    if (!kit) return kit.error();
    aikit::Result<std::shared_ptr<aikit::knowledge::KnowledgeBase>> base =
        aikit::sync::wait(*kit, kit->knowledge_base("bench"));
    if (!base) return base.error();
    std::vector<aikit::knowledge::DocumentInput> documents;
    for (int i = 0; i < chunks; ++i) {
        aikit::knowledge::DocumentInput input;
        input.uri = "document" + std::to_string(i) + ".txt";
        input.read = [i]() -> aikit::Result<std::string> {
            return "Paragraph " + std::to_string(i) + " speaks of subject " + std::to_string(i * 7919 % 10007) +
                   " and of matter " + std::to_string(i * 104729 % 9973) + ".\n";
        };
        documents.push_back(std::move(input));
    }
    aikit::CallOptions options;
    aikit::Result<aikit::knowledge::IngestReport> report =
        aikit::sync::wait(*kit, (*base)->ingest(std::move(documents), {}, std::move(options)));
    if (!report) return report.error();
    aikit::knowledge::SearchRequest request;
    request.query = "subject 42";
    aikit::CallOptions search_options;
    auto found = aikit::sync::wait(*kit, (*base)->search(std::move(request), std::move(search_options)));
    if (!found) return found.error();
    kit->close();
    return aikit::ok();
}

}  // namespace

int main(int argc, char** argv) {
    std::string const self = argv[0];
    std::string const command = argc > 1 ? argv[1] : self.substr(0, self.rfind('/') + 1) + "aikit";
    int const chunks = argc > 2 ? std::atoi(argv[2]) : 10'000;
    double const version = run_time({command.c_str(), "version"}, 21);
    double const nothing = run_time({"/bin/true"}, 21);
    bench::print(
        {{"bench", "version"}, {"aikit_version_ms", version}, {"bin_true_ms", nothing}, {"ratio", version / nothing}});

    std::string folder = std::filesystem::temp_directory_path().native() + "/aikit_bench_openXXXXXX";
    if (!::mkdtemp(folder.data())) return 1;
    std::string const store = folder + "/store.db";
    if (aikit::Result<void> filled = fill(store, chunks); !filled) {
        std::fprintf(stderr, "bench_open: %s\n", filled.error().message.c_str());
        return 1;
    }
    std::vector<double> opens;
    std::vector<double> first_searches;
    for (int i = 0; i < 11; ++i) {
        aikit::KitConfig config;
        config.store = store;
        auto const start = std::chrono::steady_clock::now();
        aikit::Result<aikit::Kit> kit = aikit::Kit::open(config);
        if (!kit) return 1;
        opens.push_back(since(start));
        aikit::knowledge::SearchRequest request;
        request.query = "matter 17";
        aikit::CallOptions options;
        auto found = aikit::sync::wait(*kit, kit->search("bench", std::move(request), std::move(options)));
        if (!found || found->empty()) return 1;
        first_searches.push_back(since(start));
        kit->close();
    }
    bench::print({{"bench", "open"},
                  {"chunks", std::int64_t(chunks)},
                  {"open_ms", bench::median(opens)},
                  {"open_and_first_search_ms", bench::median(first_searches)}});
    std::filesystem::remove_all(folder);
    return 0;
}
