// SPDX-License-Identifier: MIT
// knowledge/json_lines.cpp - a corpus in one file: a document a line.
#include "core/json.hpp"
#include "core/os/files.hpp"

#include <aikit/knowledge/knowledge_base.hpp>

namespace aikit::inline v0::knowledge {
namespace {

constexpr std::int64_t max_corpus_bytes = 1024 * 1024 * 1024;

Result<DocumentInput> line_input(std::string_view line, std::string const& path, std::size_t number) {
    std::string const where = path + ", line " + std::to_string(number);
    Result<json::value> parsed = json::parse(line, where, Errc::invalid_argument);
    if (!parsed) return parsed.error();
    std::optional<std::string_view> const text = json::text(*parsed, "text");
    if (!text) {
        return fail(Errc::invalid_argument, where + " is no object with a \"text\"; each line has to be one document");
    }
    std::string id = std::to_string(number);
    for (char const* key : {"id", "_id"}) {
        if (std::optional<std::string_view> const given = json::text(*parsed, key)) id = *given;
        if (std::optional<std::int64_t> const given = json::integer(*parsed, key)) id = std::to_string(*given);
    }
    std::string document;
    if (std::optional<std::string_view> const title = json::text(*parsed, "title"); title && !title->empty()) {
        document.append(*title).append("\n\n");
    }
    document.append(*text);
    DocumentInput input;
    input.uri = path + "#" + id;
    input.read = [document = std::move(document)]() -> Result<std::string> { return document; };
    return input;
}

}  // namespace

Result<std::vector<DocumentInput>> json_lines_inputs(std::string const& path) {
    Result<std::string> const bytes = os::read_regular_file(path, max_corpus_bytes);
    if (!bytes) return bytes.error();
    std::vector<DocumentInput> inputs;
    std::string_view rest = *bytes;
    for (std::size_t number = 1; !rest.empty(); ++number) {
        std::size_t const end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        Result<DocumentInput> input = line_input(line, path, number);
        if (!input) return input.error();
        inputs.push_back(std::move(*input));
    }
    return inputs;
}

}  // namespace aikit::inline v0::knowledge
