// SPDX-License-Identifier: MIT
// fault/judge.cpp - the ledger against the invoice. What was completed agrees to the nano-dollar; what was interrupted
// has one row that counts no less than was delivered.
#include "calls.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace lab {
namespace {

constexpr std::int64_t most_attempts = 3;

struct CallFacts {
    std::vector<InvoiceLine const*> arrivals;
    std::vector<Row const*> rows;
};

std::string row_text(Row const& row) {
    return row.id + " attempt " + std::to_string(row.attempt) + " " + row.model + " " + row.outcome + " estimated " +
           std::to_string(row.estimated) + " output " + std::to_string(row.output) + " nanos " +
           std::to_string(row.nanos) + " " + row.request;
}

std::string facts_text(Heard const& heard, CallFacts const& facts) {
    std::string text = heard.id + (heard.complete ? " complete" : " error " + heard.error) + " words " +
                       std::to_string(heard.words) + " attempts " + std::to_string(heard.attempts) +
                       (heard.through_proxy ? " proxy" : "") + (heard.left ? " left" : "");
    for (Row const* row : facts.rows) text += "; row " + row_text(*row);
    for (InvoiceLine const* line : facts.arrivals) {
        text += "; billed " + line->request + " " + std::to_string(line->status) + " output " +
                std::to_string(line->output) + " nanos " + std::to_string(line->nanos);
    }
    return text;
}

/// A row that rests on what the provider told.
bool is_exact(Row const& row) {
    return row.outcome == "ok" && !row.estimated;
}

class Judge {
public:
    Judge(CallResult const& result, Promises& promises) : result_(result), promises_(promises) {
        for (InvoiceLine const& line : result.invoice.lines) {
            facts_[line.id].arrivals.push_back(&line);
            by_request_[line.request] = &line;
        }
        for (Row const& row : result.rows) facts_[row.id].rows.push_back(&row);
    }

    void judge() {
        for (Row const& row : result_.rows) {
            if (is_exact(row)) exact_row(row);
        }
        for (auto const& [model, sums] : sums_) {
            promises_.hold(
                "the sum of a model equals the invoice", sums.ledger == sums.invoice,
                model + ": ledger " + std::to_string(sums.ledger) + ", invoice " + std::to_string(sums.invoice));
        }
        for (Heard const& heard : result_.heard) call(heard, facts_[heard.id]);
        auto const most = static_cast<std::int64_t>(result_.heard.size()) / 50;
        promises_.hold("attempts that never arrived are few", unarrived_ <= most, std::to_string(unarrived_));
        promises_.hold("without a proxy next to none never arrives", unarrived_directly_ <= 1 + most / 100,
                       std::to_string(unarrived_directly_));
    }

private:
    struct Sums {
        std::int64_t ledger = 0;
        std::int64_t invoice = 0;
    };

    void exact_row(Row const& row) {
        auto const found = by_request_.find(row.request);
        bool const known = found != by_request_.end() && used_.insert(row.request).second;
        promises_.hold("a completed row belongs to one line of the invoice", known, row_text(row));
        if (!known) return;
        InvoiceLine const& line = *found->second;
        bool const same = row.nanos == line.nanos && row.model == line.model && row.output == line.output;
        promises_.hold("a completed row equals the invoice to the nano-dollar", same,
                       row_text(row) + "; billed " + line.model + " " + std::to_string(line.nanos));
        sums_[row.model].ledger += row.nanos;
        sums_[line.model].invoice += line.nanos;
    }

    void call(Heard const& heard, CallFacts& facts) {
        std::sort(facts.rows.begin(), facts.rows.end(),
                  [](Row const* a, Row const* b) { return a->attempt < b->attempt; });
        std::string const text = facts_text(heard, facts);
        bool numbered = static_cast<std::int64_t>(facts.rows.size()) <= most_attempts && !facts.rows.empty();
        for (std::size_t i = 0; i < facts.rows.size(); ++i) {
            numbered = numbered && facts.rows[i]->attempt == static_cast<std::int64_t>(i) + 1;
        }
        promises_.hold("the attempts of a call have one row each, numbered from 1", numbered, text);
        if (!numbered) return;
        auto const rows = static_cast<std::int64_t>(facts.rows.size());
        auto const arrivals = static_cast<std::int64_t>(facts.arrivals.size());
        promises_.hold("a reply tells as many attempts as there are rows",
                       heard.attempts == 0 || heard.attempts == rows, text);
        // A kept connection may end just as a request is written to it: nobody knows then whether it arrived.
        promises_.hold("every arrival has its row", arrivals <= rows, text);
        (heard.through_proxy ? unarrived_ : unarrived_directly_) += std::max<std::int64_t>(0, rows - arrivals);
        Row const& last = *facts.rows.back();
        bool const ok = last.outcome == "ok";
        promises_.hold("what the caller got whole is ok in the ledger, and only that", ok == heard.complete, text);
        interrupted(facts, text);
        delivered(heard, last, text);
    }

    /// What was carried out and not completed: one estimated row each, which costs something.
    void interrupted(CallFacts const& facts, std::string const& text) {
        std::int64_t told = 0;
        for (Row const* row : facts.rows) told += told_in_time(*row, facts);
        std::int64_t billed = 0;
        for (InvoiceLine const* line : facts.arrivals) billed += line->nanos > 0 && used_.count(line->request) == 0;
        std::int64_t estimated = 0;
        for (Row const* row : facts.rows) estimated += row->estimated && row->nanos > 0;
        std::int64_t refused = 0;
        for (Row const* row : facts.rows) refused += !row->estimated && row->outcome != "ok" && row->nanos == 0;
        std::int64_t exact = 0;
        for (Row const* row : facts.rows) exact += is_exact(*row);
        promises_.hold("what may have been carried out counts as spent, marked estimated", billed <= estimated, text);
        promises_.hold("every row is exact, estimated or refused at no cost",
                       exact + told + estimated + refused == static_cast<std::int64_t>(facts.rows.size()), text);
    }

    /// A call that was left or cut after its usage had come: nothing of it is a guess, and it equals the invoice.
    bool told_in_time(Row const& row, CallFacts const& facts) {
        if (row.outcome == "ok" || row.estimated || row.nanos <= 0) return false;
        for (InvoiceLine const* line : facts.arrivals) {
            bool const same = line->nanos == row.nanos && line->output == row.output && line->model == row.model;
            if (same && used_.insert(line->request).second) return true;
        }
        return false;
    }

    /// The text that came counts, whatever happened after it.
    void delivered(Heard const& heard, Row const& last, std::string const& text) {
        if (!last.estimated || heard.words == 0) return;
        if (!heard.exact_text) {
            // Nobody outside the provider knows how these words are cut into tokens.
            promises_.hold("interrupted text of unknown tokens is counted to a tenth",
                           last.output * 10 >= heard.words * 9, text);
            return;
        }
        promises_.hold("an interrupted row counts no less than was delivered", last.output >= heard.words, text);
        std::int64_t const slack = std::max<std::int64_t>(2, heard.words / 50);
        promises_.hold("interrupted text of the OpenAI family is within 2 % and 2 tokens",
                       std::abs(last.output - heard.words) <= slack, text);
    }

    CallResult const& result_;
    Promises& promises_;
    std::unordered_map<std::string, CallFacts> facts_;
    std::unordered_map<std::string, InvoiceLine const*> by_request_;
    std::set<std::string> used_;
    std::map<std::string, Sums> sums_;
    std::int64_t unarrived_ = 0;
    std::int64_t unarrived_directly_ = 0;
};

}  // namespace

void judge_calls(CallResult const& result, Promises& promises) {
    Judge(result, promises).judge();
}

}  // namespace lab
