// SPDX-License-Identifier: MIT
// cli/providers.cpp - aikit providers, and aikit providers check.
#include "cli/commands.hpp"
#include "core/json.hpp"
#include "kit/json_views.hpp"

#include <algorithm>

namespace aikit::cli {
namespace {

/// Cells in columns as wide as their widest; the last one is as long as it is.
class Table {
public:
    void row(std::vector<std::string> cells) {
        widths_.resize(std::max(widths_.size(), cells.size()));
        for (std::size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], cells[i].size());
        rows_.push_back(std::move(cells));
    }

    void print(Console& console, bool heading) const {
        for (std::size_t row = 0; row < rows_.size(); ++row) {
            std::string line;
            for (std::size_t i = 0; i < rows_[row].size(); ++i) {
                line += rows_[row][i];
                if (i + 1 < rows_[row].size()) line.append(widths_[i] - rows_[row][i].size() + 2, ' ');
            }
            console.line(heading && row == 0 ? console.bold(line) : line);
        }
    }

private:
    std::vector<std::size_t> widths_;
    std::vector<std::vector<std::string>> rows_;
};

std::string or_dash(std::string const& text) {
    return text.empty() ? "-" : text;
}

int list_providers(Console& console, Session const& kit) {
    Result<std::vector<ProviderStatus>> const all = kit.providers();
    if (!all) return console.fail(all.error());
    if (console.json()) {
        console.line(json::serialize(json_form::view(*all)));
        return 0;
    }
    Table table;
    table.row({"name", "type", "endpoint", "key", "model", "state"});
    for (ProviderStatus const& one : *all) {
        std::string state = one.failure ? one.failure->message : "ready";
        if (one.is_default) state += ", the default";
        if (one.local) state += ", local";
        table.row({one.name, one.type, or_dash(one.base_url), or_dash(one.key), or_dash(one.model), state});
    }
    table.print(console, true);
    return 0;
}

std::string seconds_of(std::chrono::microseconds latency) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f s", std::chrono::duration<double>(latency).count());
    return text;
}

std::string result_of(ProviderCheck const& check) {
    if (check.failure) return check.failure->message;
    std::string const answered =
        check.call == "models" ? "lists " + std::to_string(check.models) + " models" : std::string("answers a chat");
    return answered + " in " + seconds_of(check.latency);
}

int check_providers(Console& console, Session& kit, std::vector<std::string> names, CallOptions options) {
    Result<std::vector<ProviderCheck>> const checks =
        run(kit, kit.check_providers(std::move(names), std::move(options)));
    if (!checks) return console.fail(checks.error());
    settle(kit, console);
    auto const failed = std::find_if(checks->begin(), checks->end(),
                                     [](ProviderCheck const& check) { return check.failure.has_value(); });
    if (console.json()) {
        console.line(json::serialize(json_form::view(*checks)));
    } else {
        Table table;
        for (ProviderCheck const& check : *checks) {
            table.row({check.failure ? "fails" : "works", check.name, result_of(check)});
            for (std::string const& note : check.notes) table.row({"", "", note});
        }
        table.print(console, false);
    }
    return failed == checks->end() ? 0 : exit_code(failed->failure->code);
}

}  // namespace

int run_providers(CommonOptions const& common, ProvidersSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<CallOptions> options = call_options(settings.call);
    if (!options) return console.fail(options.error());
    Result<KitConfig> config = configure(common, settings.call);
    if (!config) return console.fail(config.error());
    Result<Session> kit = open_kit(std::move(*config));
    if (!kit) return console.fail(kit.error());
    if (!settings.check) return list_providers(console, *kit);
    return check_providers(console, *kit, settings.names, std::move(*options));
}

}  // namespace aikit::cli
