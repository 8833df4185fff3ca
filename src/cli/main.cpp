// SPDX-License-Identifier: MIT
// cli/main.cpp - the aikit command: its arguments, and which function carries them out.
#include "cli/budgets.hpp"
#include "cli/cache.hpp"
#include "cli/commands.hpp"
#include "cli/costs.hpp"
#include "cli/jobs.hpp"
#include "cli/routes.hpp"
#include "cli/tiers.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

namespace aikit::cli {
namespace {

void add_call_flags(CLI::App& command, CallSettings& call, bool model = true) {
    command.add_option("--provider", call.provider, "Provider by name, e.g. openai");
    command.add_option("--base-url", call.base_url, "Endpoint with its version path, e.g. http://127.0.0.1:8080/v1");
    if (model) command.add_option("--model", call.model, "Model, \"provider/model\", or an alias of the configuration");
    command.add_option("--timeout", call.timeout, "Seconds the whole call may take");
    command.add_option("--max-retries", call.max_retries, "Tries after the first")->check(CLI::Range(0, 10));
    command.add_option("--user", call.user, "Who it is for, in the ledger");
    command.add_option("--project", call.project, "What it is for, in the ledger");
    command.add_option("--tag", call.tags, "A tag in the ledger; may be repeated")->allow_extra_args(false);
    command.add_option("--unknown-price", call.unknown_price, "What to do with a model without a price")
        ->check(CLI::IsMember({"deny", "allow"}));
    CLI::Option* const record = command.add_option("--record", call.record, "Record all traffic in this file");
    command.add_option("--replay", call.replay, "Answer from this recorded file; nothing is sent")->excludes(record);
}

void add_api_flag(CLI::App& command, CallSettings& call) {
    command.add_option("--api", call.api, "The API of an OpenAI or Azure provider that chats go by")
        ->check(CLI::IsMember({"chat", "responses"}));
}

struct Program {
    CommonOptions common;
    ChatSettings chat;
    ChatSettings count;
    EmbedSettings embed;
    ModerateSettings moderate;
    CallSettings models;
    ProvidersSettings providers;
    IngestSettings ingest;
    SearchSettings search;
    AskSettings ask;
    CostSettings cost;
    BudgetSettings budget;
    TierSettings tier;
    RouteSettings route;
    CacheSettings cache;
    JobSettings job;
    PriceSettings price;
    ImportSettings import;
    ChangesSettings changes;
    std::function<int()> chosen;
};

/// The flags of every command are accepted before and after its name.
CLI::App& add_command(CLI::App& app, Program& program, std::string const& name, std::string const& what,
                      std::function<int()> run) {
    CLI::App* command = app.add_subcommand(name, what);
    command->fallthrough();
    command->callback([&program, run = std::move(run)] { program.chosen = run; });
    return *command;
}

void add_model_commands(CLI::App& app, Program& p) {
    CLI::App& chat = add_command(app, p, "chat", "Ask a model", [&p] { return run_chat(p.common, p.chat); });
    CLI::Option* prompt = chat.add_option("prompt", p.chat.prompt, "What to ask; - reads standard input");
    CLI::Option* request = chat.add_option("--request", p.chat.request,
                                           "A request in OpenAI's Chat Completions form; - reads standard input");
    prompt->excludes(request);
    chat.add_option("--system", p.chat.system, "Instructions that stand before the prompt")->excludes(request);
    chat.add_flag("--stream", p.chat.stream, "Print the answer as it comes");
    chat.add_option("--max-tokens", p.chat.max_tokens, "Most tokens of the answer")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
    chat.add_option("--temperature", p.chat.temperature, "0 is near-deterministic");
    chat.add_option("--schema", p.chat.schema, "Answer in JSON that fits the JSON Schema in this file; - reads it");
    chat.add_option("--repairs", p.chat.repairs,
                    "How often to ask again when the JSON does not fit its schema; 0, as with --schema, only checks")
        ->check(CLI::Range(0, 10));
    CLI::Option* tools = chat.add_option("--tools", p.chat.tools, "A file of programs that the model may call");
    chat.add_option("--max-steps", p.chat.max_steps, "Most replies of a chat with tools; 8")
        ->check(CLI::Range(1, 1000))
        ->needs(tools);
    chat.add_option("--max-cost", p.chat.max_cost, "Most dollars of a chat with tools")->needs(tools);
    CLI::Option* approve = chat.add_flag("--approve", p.chat.approve, "Ask on the terminal before each call");
    approve->needs(tools);
    chat.add_flag("--yes", p.chat.yes, "Answer yes to what --approve would ask")->needs(tools);
    add_call_flags(chat, p.chat.call);
    add_api_flag(chat, p.chat.call);
    chat.callback([&p, prompt, request] {
        if (prompt->count() + request->count() == 0) throw CLI::RequiredError("PROMPT or --request");
        p.chosen = [&p] { return run_chat(p.common, p.chat); };
    });

    CLI::App& count = add_command(app, p, "count", "Let the provider count a chat's tokens, without carrying it out",
                                  [&p] { return run_count(p.common, p.count); });
    CLI::Option* count_request = count.add_option("--request", p.count.request, "As of chat");
    count.add_option("prompt", p.count.prompt, "What would be asked; - reads standard input")->excludes(count_request);
    count.add_option("--system", p.count.system, "As of chat")->excludes(count_request);
    add_call_flags(count, p.count.call);

    CLI::App& embed =
        add_command(app, p, "embed", "Turn texts into vectors", [&p] { return run_embed(p.common, p.embed); });
    CLI::Option* embed_request =
        embed.add_option("--request", p.embed.request, "A request in OpenAI's form; - reads standard input");
    embed.add_option("text", p.embed.texts, "Texts; - reads one from standard input")->excludes(embed_request);
    embed.add_option("--dimensions", p.embed.dimensions, "Numbers per vector")->check(CLI::Range(1, 1'000'000));
    add_call_flags(embed, p.embed.call);

    CLI::App& moderate = add_command(app, p, "moderate", "Check texts against a provider's rules",
                                     [&p] { return run_moderate(p.common, p.moderate); });
    CLI::Option* moderate_request =
        moderate.add_option("--request", p.moderate.request, "A request in OpenAI's form; - reads standard input");
    moderate.add_option("text", p.moderate.texts, "Texts; - reads one from standard input")->excludes(moderate_request);
    add_call_flags(moderate, p.moderate.call);

    CLI::App& models =
        add_command(app, p, "models", "List a provider's models", [&p] { return run_models(p.common, p.models); });
    add_call_flags(models, p.models, false);
}

void add_provider_commands(CLI::App& app, Program& p) {
    CLI::App& providers = add_command(app, p, "providers", "List the configured providers",
                                      [&p] { return run_providers(p.common, p.providers); });
    add_call_flags(providers, p.providers.call, false);
    CLI::App& check = *providers.add_subcommand("check", "Try each with its cheapest call, and say what is wrong");
    check.fallthrough();
    check.add_option("name", p.providers.names, "Which; all, when none is named");
    check.callback([&p] { p.providers.check = true; });
}

void add_knowledge_commands(CLI::App& app, Program& p) {
    CLI::App& ingest = add_command(app, p, "ingest", "Take files and folders into a knowledge base",
                                   [&p] { return run_ingest(p.common, p.ingest); });
    ingest.add_option("base", p.ingest.base, "The knowledge base; made when there is none")->required();
    ingest.add_option("path", p.ingest.paths, "Files and folders")->required();
    ingest.add_option("--chunking", p.ingest.chunking, "How texts are cut")
        ->check(CLI::IsMember({"fixed", "paragraph", "markdown"}));
    ingest.add_option("--chunk-size", p.ingest.chunk_size, "Most characters in a chunk");
    add_call_flags(ingest, p.ingest.call, false);

    CLI::App& search = add_command(app, p, "search", "Find passages", [&p] { return run_search(p.common, p.search); });
    search.add_option("base", p.search.base, "The knowledge base")->required();
    search.add_option("query", p.search.query, "What to look for")->required();
    search.add_option("--mode", p.search.mode, "By meaning, by words, or both")
        ->check(CLI::IsMember({"dense", "sparse", "hybrid"}))
        ->capture_default_str();
    search.add_option("--top", p.search.top, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
    add_call_flags(search, p.search.call, false);

    CLI::App& ask = add_command(app, p, "ask", "Answer a question from a knowledge base",
                                [&p] { return run_ask(p.common, p.ask); });
    ask.add_option("base", p.ask.base, "The knowledge base")->required();
    ask.add_option("question", p.ask.question, "The question")->required();
    ask.add_option("--top", p.ask.top, "How many passages the model sees")->check(CLI::Range(1, 100));
    add_call_flags(ask, p.ask.call);
}

void add_cost_commands(CLI::App& app, Program& p) {
    CLI::App& cost =
        add_command(app, p, "cost", "Show what calls have cost", [&p] { return run_cost(p.common, p.cost); });
    cost.require_subcommand(0, 1);
    cost.callback([&p, &cost] {
        if (cost.get_subcommands().empty()) p.chosen = [&p] { return run_cost(p.common, p.cost); };
    });
    add_ledger_commands(cost, p.common, p.cost, p.chosen);

    CLI::App& price = add_command(cost, p, "price", "Price what a provider said it used",
                                  [&p] { return run_cost_price(p.common, p.price); });
    price.add_option("--provider", p.price.provider, "Provider by name, e.g. openai")->required();
    price.add_option("--model", p.price.model, "Model; default: the one that the reply names");
    price.add_option("--api", p.price.api, "How it counts; default: told by its members")
        ->check(CLI::IsMember({"chat", "responses", "embeddings", "anthropic", "tokens", "aikit", "default"}));
    price.add_option("--at", p.price.at, "When the call ran: a day or an RFC 3339 time; default: now");
    price.add_option("--tier", p.price.tier, "Service tier; default: the one that the reply names")
        ->check(CLI::IsMember({"default", "batch", "flex", "priority", "fast"}));
    price.add_option("--region", p.price.region, "Where it was processed, e.g. eu; default: what the reply names");
    price.add_option("--usage", p.price.usage, "The usage object or the reply, as JSON; - reads standard input")
        ->required();
}

void add_catalog_commands(CLI::App& cost, Program& p) {
    CLI::App& show = add_command(cost, p, "show", "Show what a model costs and can, and how long it is served",
                                 [&p] { return run_cost_show(p.common, p.price); });
    show.add_option("provider", p.price.provider, "Provider by name, e.g. openai")->required();
    show.add_option("model", p.price.model, "Model by name")->required();
    show.add_option("--at", p.price.at, "When: a day or an RFC 3339 time; default: now");
    show.add_option("--tier", p.price.tier, "Service tier")
        ->check(CLI::IsMember({"default", "batch", "flex", "priority", "fast"}));
    show.add_option("--region", p.price.region, "Where it is processed, e.g. eu");

    CLI::App& import = add_command(cost, p, "import", "Turn a price list of LiteLLM's or genai-prices' into a catalog",
                                   [&p] { return run_cost_import(p.common, p.import); });
    import.add_option("file", p.import.file, "The list; - reads standard input")->required();

    CLI::App& changes = add_command(cost, p, "changes", "Show what changed from one price list to another",
                                    [&p] { return run_cost_changes(p.common, p.changes); });
    changes.add_option("before", p.changes.before, "A catalog or price list; shipped: the one that comes with aikit")
        ->required();
    changes.add_option("after", p.changes.after, "The same, later")->required();
}

void add_budget_commands(CLI::App& app, Program& p) {
    CLI::App& budget = add_command(app, p, "budget", "Show what is spent and set aside of the configured budgets",
                                   [&p] { return run_budget(p.common, p.budget); });
    budget.require_subcommand(0, 1);
    budget.callback([&p, &budget] {
        if (budget.get_subcommands().empty()) p.chosen = [&p] { return run_budget(p.common, p.budget); };
    });
    CLI::App& adjust = add_command(budget, p, "adjust", "Correct what counts as spent in the window of now",
                                   [&p] { return run_budget_adjust(p.common, p.budget); });
    adjust.add_option("budget", p.budget.budget, "The budget by its name")->required();
    adjust.add_option("--value", p.budget.value, "Whose, e.g. a user; not for everyone's");
    adjust.add_option("--cost", p.budget.cost, "Dollars to add; less than 0: to take off");
    adjust.add_option("--tokens", p.budget.tokens, "Tokens to add; less than 0: to take off");
}

void add_tier_commands(CLI::App& app, Program& p) {
    CLI::App& tier = add_command(app, p, "tier", "Show who has subscribed to what, and what is used of it",
                                 [&p] { return run_tier(p.common, p.tier); });
    tier.require_subcommand(0, 1);
    tier.callback([&p, &tier] {
        if (tier.get_subcommands().empty()) p.chosen = [&p] { return run_tier(p.common, p.tier); };
    });
    CLI::App& show = add_command(tier, p, "show", "Show one member", [&p] { return run_tier(p.common, p.tier); });
    show.add_option("member", p.tier.member, "Whose, e.g. a user")->required();
    CLI::App& assign = add_command(tier, p, "assign", "Put a member into a tier from now on",
                                   [&p] { return run_tier_assign(p.common, p.tier); });
    assign.add_option("member", p.tier.member, "Who, e.g. a user")->required();
    assign.add_option("tier", p.tier.tier, "The tier by its name; none: back to the configuration's");
}

void add_route_commands(CLI::App& app, Program& p) {
    CLI::App& route = add_command(app, p, "route", "Show the configured routers, and how their deployments are",
                                  [&p] { return run_route(p.common, p.route); });
    route.require_subcommand(0, 1);
    route.callback([&p, &route] {
        if (route.get_subcommands().empty()) p.chosen = [&p] { return run_route(p.common, p.route); };
    });
    CLI::App& explain = add_command(route, p, "explain", "Show who would be asked, and why; asks nobody",
                                    [&p] { return run_route_explain(p.common, p.route); });
    add_request_options(explain, p.route.asked);
    explain.add_option("--router", p.route.router,
                       "The router; default: the one that the request names, or the only one");
}

void add_cache_commands(CLI::App& app, Program& p) {
    CLI::App& cache =
        add_command(app, p, "cache", "Show what is kept of replies", [&p] { return run_cache(p.common); });
    cache.require_subcommand(0, 1);
    cache.callback([&p, &cache] {
        if (cache.get_subcommands().empty()) p.chosen = [&p] { return run_cache(p.common); };
    });
    CLI::App& clear = add_command(cache, p, "clear", "Remove what is kept, of everybody or of those named",
                                  [&p] { return run_cache_clear(p.common, p.cache); });
    clear.add_option("--tenant", p.cache.tenant, "Only what was answered to this tenant");
    clear.add_option("--user", p.cache.user, "Only what was answered to this user, of the tenant or of none");
}

/// A usage error in the form every failure has.
int tell_usage(CLI::App const& app, CLI::ParseError const& error, bool json) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    std::fprintf(stderr, "aikit: %s; see aikit --help\n", error.what());
    if (json) {
        Error const failure = fail(Errc::invalid_argument, std::string(error.what()) + "; see aikit --help");
        std::printf("{\"error\":%s}\n", json_form::write_error(failure).c_str());
    }
    return exit_usage;
}

int run_command_line(int argc, char** argv) {
    Program program;
    CLI::App app("Every model behind one interface, with costs, search and cited answers.", "aikit");
    app.require_subcommand(1);
    app.add_option("--store", program.common.store,
                   "The store's file (default: $AIKIT_STORE, else the user's data folder)");
    app.add_option("--config", program.common.config, "Configuration (default: $AIKIT_CONFIG, else ./aikit.json)");
    app.add_flag("--json", program.common.json, "Print JSON");
    app.add_flag("--quiet", program.common.quiet, "Print answers and errors only");
    add_model_commands(app, program);
    add_provider_commands(app, program);
    add_job_commands(app, program.common, program.job, program.chosen, add_call_flags);
    add_knowledge_commands(app, program);
    add_cost_commands(app, program);
    add_budget_commands(app, program);
    add_tier_commands(app, program);
    add_route_commands(app, program);
    add_cache_commands(app, program);
    add_catalog_commands(*app.get_subcommand("cost"), program);
    add_command(app, program, "version", "Show the version", [&] { return run_version(program.common); });
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return tell_usage(app, error, program.common.json);
    }
    return program.chosen();
}

}  // namespace
}  // namespace aikit::cli

int main(int argc, char** argv) {
    try {
        aikit::cli::begin_output();
        return aikit::cli::end_output(aikit::cli::run_command_line(argc, argv));
    } catch (std::exception const&) {
        std::fprintf(stderr, "aikit: out of memory, or a bug in aikit; please report it\n");
        return aikit::cli::exit_code(aikit::Errc::internal);
    }
}
