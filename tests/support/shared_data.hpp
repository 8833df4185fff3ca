// SPDX-License-Identifier: MIT
// support/shared_data.hpp - the measured data beside the repository, where it exists.
#ifndef AIKIT_TESTS_SUPPORT_SHARED_DATA_HPP
#define AIKIT_TESTS_SUPPORT_SHARED_DATA_HPP

#include <boost/json.hpp>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace aikit_test {

inline std::filesystem::path shared_data() {
    return std::filesystem::path(AIKIT_SHARED_DIR) / "data";
}

inline std::string read_file(std::filesystem::path const& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

/// The files of a folder, sorted; none when there is no such folder.
inline std::vector<std::filesystem::path> files_of(std::filesystem::path const& folder) {
    std::vector<std::filesystem::path> out;
    if (!std::filesystem::is_directory(folder)) return out;
    for (auto const& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.is_regular_file()) out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

/// One JSON object a line.
inline std::vector<boost::json::object> read_json_lines(std::filesystem::path const& path) {
    std::vector<boost::json::object> out;
    std::ifstream in(path, std::ios::binary);
    for (std::string line; std::getline(in, line);) {
        if (!line.empty()) out.push_back(boost::json::parse(line).as_object());
    }
    return out;
}

inline std::string text_of(boost::json::object const& object, char const* key) {
    return std::string(object.at(key).as_string());
}

/// CPU seconds of this process so far: what a loaded machine does not change.
inline double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace aikit_test

#endif  // AIKIT_TESTS_SUPPORT_SHARED_DATA_HPP
