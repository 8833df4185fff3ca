// SPDX-License-Identifier: MIT
// Covers src/knowledge/{inputs,json_lines}.cpp: which files of a folder are taken, and corpora in one file.
#include "unit/knowledge/support.hpp"

#include <filesystem>
#include <fstream>

namespace aikit::inline v0::knowledge {
namespace {

namespace fs = std::filesystem;
using storage::Scratch;

void write_file(std::string const& path, std::string const& text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("a folder gives its files and those of its folders, sorted, without what is hidden or outside") {
    Scratch folder("inputs_folder");
    std::string const root = folder / "docs";
    for (char const* name : {"/b.txt", "/a.md", "/sub/deep/c.txt", "/.hidden", "/.git/config", "/sub/.x/y.txt"}) {
        write_file(root + name, name);
    }
    write_file(folder / "outside.txt", "outside");
    fs::create_symlink(folder / "outside.txt", root + "/link_out.txt");
    fs::create_symlink(root + "/a.md", root + "/link_in.md");
    fs::create_symlink(root + "/nowhere", root + "/broken.txt");
    fs::create_directory_symlink(root, root + "/sub/loop");

    std::vector<DocumentInput> const inputs = folder_inputs(root).value();

    std::vector<std::string> names;
    for (DocumentInput const& input : inputs) names.push_back(input.uri.substr(root.size()));
    CHECK(names == std::vector<std::string>{"/a.md", "/b.txt", "/link_in.md", "/sub/deep/c.txt"});
    CHECK(inputs[1].read().value() == "/b.txt");
    CHECK(folder_inputs(root + "/b.txt").value().size() == 1);
}

TEST_CASE("what does not exist is not found, when it is asked for or when it is its turn") {
    Scratch folder("inputs_missing");
    CHECK(folder_inputs(folder / "nothing").error().code == Errc::not_found);
    DocumentInput const input = file_input(folder / "nothing.txt");
    CHECK(input.uri == (folder / "nothing.txt"));
    CHECK(input.read().error().code == Errc::not_found);
    CHECK(file_input(folder / ".").read().error().code == Errc::invalid_argument);
}

TEST_CASE("a file of JSON lines is a document a line") {
    Scratch folder("inputs_lines");
    std::string const path = folder / "corpus.jsonl";
    write_file(path,
               "{\"_id\": \"x1\", \"title\": \"Title\", \"text\": \"Body\"}\n\n{\"id\": 7, \"text\": \"Seven\"}\r\n"
               "{\"text\": \"no id\"}");
    std::vector<DocumentInput> const inputs = folder_inputs(path).value();
    REQUIRE(inputs.size() == 3);
    CHECK(inputs[0].uri == path + "#x1");
    CHECK(inputs[0].read().value() == "Title\n\nBody");
    CHECK(inputs[1].uri == path + "#7");
    CHECK(inputs[2].uri == path + "#4");

    for (char const* bad : {"{\"text\": 1}", "[]", "{\"text\"", "{\"body\": \"x\"}", "\xFF"}) {
        write_file(path, std::string("{\"text\": \"good\"}\n") + bad + "\n");
        Result<std::vector<DocumentInput>> const read = json_lines_inputs(path);
        REQUIRE(!read);
        CHECK(read.error().code == Errc::invalid_argument);
        CHECK(read.error().message.find("line 2") != std::string::npos);
        // In a folder it is one bad document among others.
        CHECK(folder_inputs(folder / ".").value().size() == 1);
    }
}

}  // namespace aikit::inline v0::knowledge
