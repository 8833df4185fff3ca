// SPDX-License-Identifier: MIT
// knowledge/inputs.cpp - documents from files and folders.
#include "core/os/files.hpp"

#include <aikit/knowledge/knowledge_base.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace aikit::inline v0::knowledge {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t max_document_bytes = 256 * 1024 * 1024;

bool is_json_lines(fs::path const& path) {
    return path.extension() == ".jsonl";
}

Error path_error(std::string const& path, std::error_code const& failed) {
    if (failed == std::errc::permission_denied) {
        return fail(Errc::permission, "the folder '" + path + "' may not be read by this user");
    }
    if (failed == std::errc::no_such_file_or_directory || failed == std::errc::not_a_directory) {
        return fail(Errc::not_found, "'" + path + "' does not exist");
    }
    return fail(Errc::storage, "'" + path + "' cannot be read (system error " + std::to_string(failed.value()) + ")");
}

bool is_hidden(fs::path const& path) {
    return path.filename().native().starts_with('.');
}

/// A link counts when what it points at stands below `root`.
bool points_inside(fs::path const& link, fs::path const& root) {
    std::error_code failed;
    fs::path const target = fs::canonical(link, failed);
    if (failed) return false;
    auto const [end, rest] = std::mismatch(root.begin(), root.end(), target.begin(), target.end());
    return end == root.end();
}

/// Files below a folder, in no order. A folder that may not be read fails the whole walk: leaving it out would look
/// like having read it.
Result<std::vector<std::string>> walk(std::string const& folder) {
    std::vector<std::string> files;
    std::error_code failed;
    fs::path const root = fs::canonical(folder, failed);
    if (failed) return path_error(folder, failed);
    fs::recursive_directory_iterator entry(folder, failed);
    if (failed) return path_error(folder, failed);
    for (; entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
        if (failed) return path_error(folder, failed);
        if (is_hidden(entry->path())) {
            entry.disable_recursion_pending();
            continue;
        }
        std::error_code ignored;  // what cannot be looked at is no regular file
        if (!entry->is_regular_file(ignored)) continue;
        if (entry->is_symlink(ignored) && !points_inside(entry->path(), root)) continue;
        files.push_back(entry->path().native());
    }
    if (failed) return path_error(folder, failed);
    return files;
}

/// In a folder, a file of JSON Lines that is no corpus is one bad document among others.
void add_corpus(std::string const& path, std::vector<DocumentInput>& out) {
    Result<std::vector<DocumentInput>> lines = json_lines_inputs(path);
    if (lines) {
        std::move(lines->begin(), lines->end(), std::back_inserter(out));
        return;
    }
    DocumentInput bad;
    bad.uri = path;
    bad.read = [error = lines.error()]() -> Result<std::string> { return error; };
    out.push_back(std::move(bad));
}

}  // namespace

DocumentInput file_input(std::string const& path) {
    DocumentInput input;
    input.uri = path;
    input.read = [path] { return os::read_regular_file(path, max_document_bytes); };
    return input;
}

Result<std::vector<DocumentInput>> folder_inputs(std::string const& path) {
    std::error_code failed;
    fs::file_status const status = fs::status(path, failed);
    if (failed) return path_error(path, failed);
    std::vector<DocumentInput> inputs;
    if (!fs::is_directory(status)) {
        if (is_json_lines(path)) return json_lines_inputs(path);
        inputs.push_back(file_input(path));
        return inputs;
    }
    Result<std::vector<std::string>> files = walk(path);
    if (!files) return files.error();
    std::sort(files->begin(), files->end());
    for (std::string const& file : *files) {
        if (is_json_lines(file)) {
            add_corpus(file, inputs);
        } else {
            inputs.push_back(file_input(file));
        }
    }
    return inputs;
}

}  // namespace aikit::inline v0::knowledge
