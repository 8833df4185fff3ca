// SPDX-License-Identifier: MIT
// fault/lab.cpp - processes by POSIX, the ledger by SQLite: nothing here asks aikit what it thinks it did.
#include "lab.hpp"

#include <boost/json.hpp>
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace lab {
namespace {

[[noreturn]] void give_up(std::string const& what) {
    throw std::runtime_error("fault laboratory: " + what);
}

/// A connection of SQLite that waits for others.
class File {
public:
    explicit File(std::string const& path) {
        if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) give_up(path + " cannot be opened");
        sqlite3_busy_timeout(db_, 10'000);
    }
    ~File() { sqlite3_close(db_); }
    File(File const&) = delete;
    File& operator=(File const&) = delete;

    template <class Use>
    void each(std::string const& sql, Use use) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) give_up(sqlite3_errmsg(db_));
        int state = sqlite3_step(statement);
        for (; state == SQLITE_ROW; state = sqlite3_step(statement)) use(statement);
        sqlite3_finalize(statement);
        if (state != SQLITE_DONE) give_up(sqlite3_errmsg(db_));
    }

private:
    sqlite3* db_ = nullptr;
};

std::string text_at(sqlite3_stmt* row, int column) {
    unsigned char const* text = sqlite3_column_text(row, column);
    return text == nullptr ? std::string() : reinterpret_cast<char const*>(text);
}

}  // namespace

Child::Child(std::string const& program, std::vector<std::string> const& arguments) {
    int in[2];
    int out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) give_up("no pipes");
    std::string const path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / program;
    std::vector<char*> words{const_cast<char*>(path.c_str())};
    for (std::string const& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::dup2(in[0], STDIN_FILENO);
        ::dup2(out[1], STDOUT_FILENO);
        ::execv(path.c_str(), words.data());
        ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    output_ = out[0];
}

Child::~Child() {
    if (input_ >= 0) ::close(input_);
    if (output_ >= 0) ::close(output_);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
}

std::int64_t Child::number() {
    std::string line;
    char byte = 0;
    while (::read(output_, &byte, 1) == 1 && byte != '\n') line += byte;
    if (line.empty()) give_up("a program of the laboratory did not start");
    return std::atoll(line.c_str());
}

std::string Child::end(int signal) {
    ::kill(pid_, signal);
    std::string printed;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(output_, buffer, sizeof buffer)) > 0;) {
        printed.append(buffer, static_cast<std::size_t>(got));
    }
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    return printed;
}

Invoice read_invoice(std::string const& path) {
    Invoice invoice;
    std::ifstream in(path);
    for (std::string text; std::getline(in, text);) {
        boost::json::value const parsed = boost::json::parse(text);
        boost::json::object const& read = parsed.as_object();
        if (read.contains("repeat")) {
            ++invoice.repeats;
            continue;
        }
        InvoiceLine line;
        line.id = read.at("id").as_string();
        line.arrival = read.at("arrival").as_int64();
        line.request = read.at("request").as_string();
        line.model = read.at("model").as_string();
        line.status = read.at("status").as_int64();
        line.whole = read.at("whole").as_bool();
        line.told = read.at("told").as_bool();
        line.output = read.at("output").as_int64();
        line.nanos = read.at("nanos").as_int64();
        invoice.lines.push_back(std::move(line));
    }
    return invoice;
}

std::vector<Row> read_rows(std::string const& ledger) {
    std::vector<Row> rows;
    File(ledger).each(
        "SELECT request, attempt, model, outcome, estimated, output, coalesce(cost, -1), provider_request FROM ledger",
        [&](sqlite3_stmt* read) {
            Row row;
            row.id = text_at(read, 0);
            row.attempt = sqlite3_column_int64(read, 1);
            row.model = text_at(read, 2);
            row.outcome = text_at(read, 3);
            row.estimated = sqlite3_column_int(read, 4) != 0;
            row.output = sqlite3_column_int64(read, 5);
            row.nanos = sqlite3_column_int64(read, 6);
            row.request = text_at(read, 7);
            rows.push_back(std::move(row));
        });
    return rows;
}

std::int64_t run_sql(std::string const& path, std::string const& sql) {
    std::int64_t first = 0;
    bool seen = false;
    File(path).each(sql, [&](sqlite3_stmt* row) {
        if (!std::exchange(seen, true)) first = sqlite3_column_int64(row, 0);
    });
    return first;
}

Scratch::Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "aikit_fault_XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr) give_up("no scratch folder");
    folder_ = name;
}

Scratch::~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void Promises::hold(std::string const& promise, bool held, std::string const& detail) {
    Count& count = counts_[promise];
    ++(held ? count.held : count.broken);
    if (!held && count.example.empty()) count.example = detail;
}

int Promises::report(std::string const& program) const {
    int code = 0;
    for (auto const& [promise, count] : counts_) {
        boost::json::object line{
            {"program", program}, {"promise", promise}, {"held", count.held}, {"broken", count.broken}};
        if (!count.example.empty()) line["example"] = count.example;
        std::printf("%s\n", boost::json::serialize(line).c_str());
        if (count.broken > 0) code = 1;
    }
    std::fflush(stdout);
    return code;
}

}  // namespace lab
