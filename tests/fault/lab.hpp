// SPDX-License-Identifier: MIT
// fault/lab.hpp - what the laboratory's programs share: other processes, the invoice, the ledger's file, promises.
#ifndef AIKIT_TESTS_FAULT_LAB_HPP
#define AIKIT_TESTS_FAULT_LAB_HPP

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace lab {

/// Another program of the laboratory, beside this one; ends with this object.
class Child {
public:
    Child(std::string const& program, std::vector<std::string> const& arguments);
    ~Child();
    Child(Child const&) = delete;
    Child& operator=(Child const&) = delete;

    pid_t pid() const noexcept { return pid_; }
    int output() const noexcept { return output_; }

    /// The number on the next line of its output. Throws when there is none.
    std::int64_t number();

    /// Ends it with a signal, and reads what it printed until it had ended.
    std::string end(int signal);

private:
    pid_t pid_ = -1;
    int input_ = -1;
    int output_ = -1;
};

/// What the mock billed for one arrival.
struct InvoiceLine {
    std::string id;
    std::int64_t arrival = 0;
    std::string request;
    std::string model;
    std::int64_t status = 0;
    bool whole = false;
    bool told = false;
    std::int64_t output = 0;
    std::int64_t nanos = 0;
};

struct Invoice {
    std::vector<InvoiceLine> lines;
    std::int64_t repeats = 0;  ///< Requests that came again under the same idempotency key, and were not billed again.
};
Invoice read_invoice(std::string const& path);

/// What the ledger says of one attempt.
struct Row {
    std::string id;
    std::int64_t attempt = 0;
    std::string model;
    std::string outcome;
    bool estimated = false;
    std::int64_t output = 0;
    std::int64_t nanos = 0;  ///< -1: not priced.
    std::string request;     ///< The provider's id of it.
};
std::vector<Row> read_rows(std::string const& ledger);

/// Runs SQL on a file with SQLite alone; gives the first column of the first row. Throws.
std::int64_t run_sql(std::string const& path, std::string const& sql);

/// A folder of its own, removed with this object.
class Scratch {
public:
    Scratch();
    ~Scratch();
    Scratch(Scratch const&) = delete;
    Scratch& operator=(Scratch const&) = delete;
    std::string file(std::string_view name) const { return (folder_ / name).native(); }

private:
    std::filesystem::path folder_;
};

/// What was promised, and how often that did not hold. Prints a line of JSON for each promise.
class Promises {
public:
    void hold(std::string const& promise, bool held, std::string const& detail = {});

    /// 0 when everything held.
    int report(std::string const& program) const;

private:
    struct Count {
        std::int64_t held = 0;
        std::int64_t broken = 0;
        std::string example;
    };
    std::map<std::string, Count> counts_;
};

}  // namespace lab

#endif  // AIKIT_TESTS_FAULT_LAB_HPP
