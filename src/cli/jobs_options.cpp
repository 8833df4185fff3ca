// SPDX-License-Identifier: MIT
// cli/jobs_options.cpp - the arguments of aikit batch, files and tune.
#include "cli/jobs.hpp"

#include <CLI/CLI.hpp>

namespace aikit::cli {
namespace {

/// Adds commands below commands.
class Adder {
public:
    Adder(CommonOptions const& common, JobSettings& settings, std::function<int()>& chosen,
          std::function<void(CLI::App&, CallSettings&, bool)> flags)
        : common_(common), settings_(settings), chosen_(chosen), flags_(std::move(flags)) {}

    CLI::App& add(CLI::App& above, std::string const& name, std::string const& what, std::string const& action,
                  bool model = false) {
        CLI::App* command = above.add_subcommand(name, what);
        command->fallthrough();
        command->callback([&common = common_, &settings = settings_, &chosen = chosen_, action] {
            settings.action = action;
            chosen = [&common, &settings] { return run_job(common, settings); };
        });
        flags_(*command, settings_.call, model);
        return *command;
    }

    void add_list(CLI::App& above, std::string const& what, std::string const& action) {
        add_page(add(above, "list", what, action));
    }

    void add_page(CLI::App& command) {
        command.add_option("--limit", settings_.limit, "How many at most")->check(CLI::Range(1, 1000));
        command.add_option("--after", settings_.after, "\"next\" of the page before");
    }

    CLI::App& add_job(CLI::App& above, std::string const& name, std::string const& what, std::string const& action) {
        CLI::App& command = add(above, name, what, action);
        command.add_option("job", settings_.subject, "Its id, or its handle as JSON")->required();
        return command;
    }

private:
    CommonOptions const& common_;
    JobSettings& settings_;
    std::function<int()>& chosen_;
    std::function<void(CLI::App&, CallSettings&, bool)> flags_;
};

CLI::App& group(CLI::App& app, char const* name, char const* what) {
    CLI::App* above = app.add_subcommand(name, what);
    above->require_subcommand(1);
    above->fallthrough();
    return *above;
}

void add_batch(CLI::App& app, Adder& adder, JobSettings& s) {
    CLI::App& batch = group(app, "batch", "Many chats at once, at a lower price");
    CLI::App& create = adder.add(batch, "create", "Begin one", "batch.create", true);
    CLI::Option* file =
        create.add_option("requests", s.subject,
                          "A file with a line for each: {\"custom_id\", \"body\": a chat's request}; - reads input");
    create.add_option("--input-file", s.input_file, "In its place: the id of such a file at the provider")
        ->excludes(file);
    create.add_option("--endpoint", s.endpoint, "With --input-file: what its requests are for");
    create.add_option("--name", s.name, "A name in lists, where the provider has such");
    create.add_option("--metadata", s.metadata, "A JSON object of texts");
    create.add_option("--extra", s.extra, "Further members of the provider's request, as JSON");
    adder.add_job(batch, "status", "How one stands", "batch.poll");
    adder.add_job(batch, "results", "Its results, a line each; read again, they are not billed again", "batch.results");
    adder.add_job(batch, "cancel", "Stop one", "batch.cancel");
    adder.add_list(batch, "The latest", "batch.list");
}

void add_files(CLI::App& app, Adder& adder, JobSettings& s) {
    CLI::App& files = group(app, "files", "Files kept at a provider");
    CLI::App& upload = adder.add(files, "upload", "Send one", "files.upload");
    upload.add_option("path", s.subject, "The file; - reads standard input")->required();
    upload.add_option("--purpose", s.purpose, "What for: batch, fine-tune, user_data and the like");
    upload.add_option("--name", s.name, "Its name there");
    upload.add_option("--media-type", s.media_type, "For example application/pdf");
    upload.add_option("--expires-after", s.expires_after, "Seconds it is kept");
    auto const add_one = [&](char const* name, char const* what, char const* action) -> CLI::App& {
        CLI::App& command = adder.add(files, name, what, action);
        command.add_option("id", s.subject, "The file's id")->required();
        return command;
    };
    add_one("get", "What is known of one", "files.find");
    add_one("content", "What is in one", "files.content")
        .add_option("--output", s.output, "Where to; else standard output");
    add_one("delete", "Delete one", "files.remove");
    CLI::App& list = adder.add(files, "list", "The latest", "files.list");
    list.add_option("--purpose", s.purpose, "Only those");
    adder.add_page(list);
}

void add_tune(CLI::App& app, Adder& adder, JobSettings& s) {
    CLI::App& tune = group(app, "tune", "Train models of one's own");
    CLI::App& create =
        adder.add(tune, "create", "Begin a training, which the provider bills", "fine_tune.create", true);
    create.add_option("--training-file", s.training_file, "The id of an uploaded file")->required();
    create.add_option("--validation-file", s.validation_file, "The same, to check against");
    create.add_option("--suffix", s.suffix, "A part of the new model's name");
    create.add_option("--seed", s.seed, "For the same result again");
    create.add_option("--method", s.method, "supervised, dpo or reinforcement");
    create.add_option("--hyperparameters", s.hyperparameters, "Of the method, as JSON");
    create.add_option("--extra", s.extra, "Further members of the provider's request, as JSON");
    adder.add_job(tune, "status", "How one stands", "fine_tune.poll");
    adder.add_page(adder.add_job(tune, "events", "What happened in one", "fine_tune.events"));
    adder.add_job(tune, "cancel", "Stop one", "fine_tune.cancel");
    adder.add_list(tune, "The latest", "fine_tune.list");
}

}  // namespace

void add_job_commands(CLI::App& app, CommonOptions const& common, JobSettings& settings, std::function<int()>& chosen,
                      std::function<void(CLI::App& command, CallSettings& call, bool model)> flags) {
    Adder adder(common, settings, chosen, std::move(flags));
    add_batch(app, adder, settings);
    add_files(app, adder, settings);
    add_tune(app, adder, settings);
}

}  // namespace aikit::cli
