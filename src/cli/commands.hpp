// SPDX-License-Identifier: MIT
// cli/commands.hpp - the options of every command, and the functions that carry them out.
#ifndef AIKIT_SRC_CLI_COMMANDS_HPP
#define AIKIT_SRC_CLI_COMMANDS_HPP

#include "cli/console.hpp"
#include "cli/interrupt.hpp"

#include <aikit/aikit.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aikit::cli {

/// What every command takes.
struct CommonOptions {
    std::string store;
    std::string config;
    bool json = false;
    bool quiet = false;
};

/// What every command takes that calls a provider.
struct CallSettings {
    std::string provider;
    std::string base_url;
    std::string api;
    std::string model;
    std::optional<double> timeout;
    std::optional<int> max_retries;
    std::string user;
    std::string project;
    std::vector<std::string> tags;
    std::string unknown_price;
    std::string record;
    std::string replay;
};

struct ChatSettings {
    CallSettings call;
    std::string prompt;
    std::string request;
    std::string system;
    bool stream = false;
    std::optional<std::int64_t> max_tokens;
    std::optional<double> temperature;
    std::string schema;
    std::optional<int> repairs;

    std::string tools;  ///< A file of them. The rest is of use with it only.
    std::optional<int> max_steps;
    std::string max_cost;
    bool approve = false;
    bool yes = false;
};

struct EmbedSettings {
    CallSettings call;
    std::vector<std::string> texts;
    std::string request;
    std::optional<int> dimensions;
};

struct ModerateSettings {
    CallSettings call;
    std::vector<std::string> texts;
    std::string request;
};

struct IngestSettings {
    CallSettings call;
    std::string base;
    std::vector<std::string> paths;
    std::string chunking;
    std::optional<int> chunk_size;
};

struct SearchSettings {
    CallSettings call;
    std::string base;
    std::string query;
    std::string mode = "hybrid";
    int top = 10;
};

struct AskSettings {
    CallSettings call;
    std::string base;
    std::string question;
    std::optional<int> top;
};

struct ProvidersSettings {
    CallSettings call;
    bool check = false;
    std::vector<std::string> names;
};

struct PriceSettings {
    std::string provider;
    std::string model;
    std::string api;
    std::string at;
    std::string tier;
    std::string region;
    std::string usage;
};

struct ImportSettings {
    std::string file;
};

struct ChangesSettings {
    std::string before;
    std::string after;
};

int run_chat(CommonOptions const& common, ChatSettings const& settings);
int run_embed(CommonOptions const& common, EmbedSettings const& settings);
int run_moderate(CommonOptions const& common, ModerateSettings const& settings);
int run_count(CommonOptions const& common, ChatSettings const& settings);
int run_models(CommonOptions const& common, CallSettings const& settings);
int run_providers(CommonOptions const& common, ProvidersSettings const& settings);
int run_ingest(CommonOptions const& common, IngestSettings const& settings);
int run_search(CommonOptions const& common, SearchSettings const& settings);
int run_ask(CommonOptions const& common, AskSettings const& settings);
int run_cost_import(CommonOptions const& common, ImportSettings const& settings);
int run_cost_changes(CommonOptions const& common, ChangesSettings const& settings);
int run_cost_show(CommonOptions const& common, PriceSettings const& settings);
int run_cost_price(CommonOptions const& common, PriceSettings const& settings);
int run_version(CommonOptions const& common);

// ---- shared by the commands ----

/// The configuration: flags above the environment above the file.
Result<KitConfig> configure(CommonOptions const& common, CallSettings const& call);

/// What a call's flags say.
Result<CallOptions> call_options(CallSettings const& call);

/// A kit, and what Ctrl-C does to it.
struct Session : Kit {
    Session() = default;
    explicit Session(Kit kit) : Kit(std::move(kit)), interrupt(std::make_shared<Interrupt>(runtime())) {}

    std::shared_ptr<Interrupt> interrupt;
};

/// Opens the kit.
Result<Session> open_kit(KitConfig config);

/// The text of a FILE argument; "-" is standard input.
Result<std::string> read_argument_file(std::string const& path);

/// Waits until the ledger has the calls that were made, and adds a warning where it could not be written. They are no
/// failures for it: the answer is there, and asking again would cost again.
void settle(Session& kit, std::vector<std::string>& warnings);

/// The same, where no reply carries the warning.
void settle(Session& kit, Console& console);

/// Tells a failure of a call, after its attempts are in the ledger. Returns the exit code.
int fail_call(Console& console, Session& kit, Error const& error, std::string_view partial = {});

/// Says on standard error what a call cost.
void note_cost(Console& console, CallInfo const& info);

/// Runs `task` on the kit and blocks. Ctrl-C and SIGTERM cancel it (the bill is still settled); the result is then
/// cancelled.
template <class T>
Result<T> run(Session const& session, Task<T> task);

}  // namespace aikit::cli

#include "cli/run.ipp"

#endif  // AIKIT_SRC_CLI_COMMANDS_HPP
