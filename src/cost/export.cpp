// SPDX-License-Identifier: MIT
// cost/export.cpp - rows and reports as CSV and as lines of JSON.
#include "model/json_writer.hpp"
#include "model/usage_form/pieces.hpp"

#include <aikit/cost/export.hpp>

namespace aikit::inline v0::cost {
namespace {

constexpr std::string_view line_end = "\r\n";

void put_text(std::string& out, std::string_view text) {
    bool const formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
    bool const quoted = text.find_first_of("\",\r\n") != std::string_view::npos;
    if (quoted) out += '"';
    if (formula) out += '\'';
    for (char const c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    if (quoted) out += '"';
}

/// The cells of one line.
class Cells {
public:
    explicit Cells(std::string& out) : out_(out) {}

    Cells& text(std::string_view value) {
        comma();
        put_text(out_, value);
        return *this;
    }
    Cells& number(std::int64_t value) {
        comma();
        out_ += std::to_string(value);
        return *this;
    }
    Cells& number(std::optional<std::int64_t> value) { return value ? number(*value) : plain({}); }
    Cells& money(std::optional<Money> value) { return plain(value ? value->usd() : std::string()); }
    Cells& plain(std::string_view value) {
        comma();
        out_ += value;
        return *this;
    }
    void end() { out_ += line_end; }

private:
    void comma() {
        if (!first_) out_ += ',';
        first_ = false;
    }

    std::string& out_;
    bool first_ = true;
};

std::optional<std::int64_t> micros(std::optional<std::chrono::microseconds> const& time) {
    return time ? std::optional<std::int64_t>(time->count()) : std::nullopt;
}

std::string joined(std::vector<std::string> const& tags) {
    std::string text;
    for (std::string const& tag : tags) text += (text.empty() ? "" : " ") + tag;
    return text;
}

/// "pages=3 queries=1"
std::string pieces_text(Pieces const& pieces) {
    std::string text;
    for (std::size_t i = 0; i < piece_count; ++i) {
        auto const piece = static_cast<Piece>(i);
        if (pieces[piece] == 0) continue;
        text.append(text.empty() ? "" : " ").append(name(piece)).append("=").append(std::to_string(pieces[piece]));
    }
    return text;
}

void csv_row(LedgerRow const& row, std::string& out) {
    Attempt const& attempt = row.attempt;
    Usage const& usage = attempt.usage;
    Cells cells(out);
    cells.plain(to_rfc3339(attempt.started)).text(row.request_id).number(row.attempt_number).text(row.operation);
    cells.text(attempt.provider).text(attempt.model).text(row.caller.tenant).text(row.caller.user);
    cells.text(row.caller.key).text(row.caller.project).text(joined(row.caller.tags)).text(attempt.outcome);
    cells.number(attempt.latency.count()).number(micros(attempt.first_token)).number(usage.estimated ? 1 : 0);
    for (std::int64_t const count :
         {usage.input, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h, usage.output, usage.reasoning,
          usage.audio_input, usage.audio_cache_read, usage.audio_output, usage.image_input, usage.image_output}) {
        cells.number(count);
    }
    cells.money(attempt.cost).text(attempt.price_id).text(attempt.provider_request_id).text(pieces_text(usage.pieces));
    bool const interval = usage.has_interval();
    cells.number(interval ? std::optional(usage.output_at_least) : std::nullopt);
    cells.number(interval ? std::optional(usage.output_at_most) : std::nullopt).end();
}

void json_counts(JsonWriter& json, Usage const& usage) {
    json.begin_object();
    json.key("input").number(usage.input);
    json.key("cache_read").number(usage.cache_read);
    json.key("cache_write_5m").number(usage.cache_write_5m);
    json.key("cache_write_1h").number(usage.cache_write_1h);
    json.key("output").number(usage.output);
    json.key("reasoning").number(usage.reasoning);
    json.key("audio_input").number(usage.audio_input);
    json.key("audio_cache_read").number(usage.audio_cache_read);
    json.key("audio_output").number(usage.audio_output);
    json.key("image_input").number(usage.image_input);
    json.key("image_output").number(usage.image_output);
    usage_form::write_pieces(json, usage.pieces);
    json.key("estimated").boolean(usage.estimated);
    if (usage.has_interval()) {
        json.key("output_at_least").number(usage.output_at_least);
        json.key("output_at_most").number(usage.output_at_most);
    }
    json.end_object();
}

void json_row(LedgerRow const& row, std::string& out) {
    Attempt const& attempt = row.attempt;
    JsonWriter json(out);
    json.begin_object();
    json.member("started", to_rfc3339(attempt.started));
    json.member("request_id", row.request_id);
    json.key("attempt").number(std::int64_t{row.attempt_number});
    json.member("operation", row.operation);
    json.member("provider", attempt.provider);
    json.member("model", attempt.model);
    json.member("tenant", row.caller.tenant);
    json.member("user", row.caller.user);
    json.member("key", row.caller.key);
    json.member("project", row.caller.project);
    json.key("tags").begin_array();
    for (std::string const& tag : row.caller.tags) json.text(tag);
    json.end_array();
    json.member("outcome", attempt.outcome);
    json.key("latency_us").number(std::int64_t{attempt.latency.count()});
    if (attempt.first_token) json.key("first_token_us").number(std::int64_t{attempt.first_token->count()});
    json_counts(json.key("usage"), attempt.usage);
    if (attempt.cost) json.member("cost_usd", attempt.cost->usd());
    json.member("price_id", attempt.price_id);
    json.member("provider_request_id", attempt.provider_request_id);
    json.end_object();
    out += '\n';
}

void csv_line(ReportLine const& line, bool trend, std::string& out) {
    Cells cells(out);
    cells.text(line.key).number(line.calls).number(line.failed).number(line.input_tokens).number(line.output_tokens);
    cells.money(line.cost).number(line.estimated).number(line.unpriced);
    if (trend) cells.number(line.calls_before).money(line.cost_before);
    cells.end();
}

void json_line(ReportLine const& line, ReportBy by, std::string& out) {
    JsonWriter json(out);
    json.begin_object();
    json.key(std::string_view(name(by))).text(line.key);
    json.key("calls").number(line.calls);
    json.key("failed").number(line.failed);
    json.key("input_tokens").number(line.input_tokens);
    json.key("output_tokens").number(line.output_tokens);
    json.member("cost_usd", line.cost.usd());
    json.key("estimated").number(line.estimated);
    json.key("unpriced").number(line.unpriced);
    if (line.calls_before) json.key("calls_before").number(*line.calls_before);
    if (line.cost_before) json.member("cost_before_usd", line.cost_before->usd());
    json.end_object();
    out += '\n';
}

}  // namespace

std::string export_head(ExportFormat format) {
    if (format == ExportFormat::json_lines) return {};
    return "started,request_id,attempt,operation,provider,model,tenant,user,key,project,tags,outcome,latency_us,"
           "first_token_us,estimated,input,cache_read,cache_write_5m,cache_write_1h,output,reasoning,audio_input,"
           "audio_cache_read,audio_output,image_input,image_output,cost_usd,price_id,provider_request_id,pieces,"
           "output_at_least,output_at_most" +
           std::string(line_end);
}

void export_row(LedgerRow const& row, ExportFormat format, std::string& out) {
    format == ExportFormat::csv ? csv_row(row, out) : json_row(row, out);
}

std::string export_report(Report const& report, ReportBy by, ExportFormat format) {
    std::string out;
    bool const trend = report.total.calls_before.has_value();
    if (format == ExportFormat::csv) {
        out = std::string(name(by)) + ",calls,failed,input_tokens,output_tokens,cost_usd,estimated,unpriced" +
              (trend ? ",calls_before,cost_before_usd" : "") + std::string(line_end);
    }
    for (ReportLine const& line : report.lines) {
        format == ExportFormat::csv ? csv_line(line, trend, out) : json_line(line, by, out);
    }
    return out;
}

}  // namespace aikit::inline v0::cost
