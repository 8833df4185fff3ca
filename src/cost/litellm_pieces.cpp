// SPDX-License-Identifier: MIT
// cost/litellm_pieces.cpp - what LiteLLM's list has beside prices of tokens: images, seconds, pages, queries,
// characters, and what models can.
#include "cost/price_list.hpp"
#include "cost/rules.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace aikit::inline v0::cost {
namespace {

struct Member {
    std::string_view theirs;
    Piece piece;
    std::int64_t above = 0;
};

constexpr std::array<Member, 21> members{{
    {"input_cost_per_image", Piece::input_images},
    {"output_cost_per_image", Piece::output_images},
    {"input_cost_per_pixel", Piece::input_pixels},
    {"output_cost_per_pixel", Piece::output_pixels},
    {"input_cost_per_audio_per_second", Piece::input_audio_ms},
    {"input_cost_per_video_per_second", Piece::input_video_ms},
    {"input_cost_per_video_per_second_above_8s_interval", Piece::input_video_ms, 8'000},
    {"input_cost_per_video_per_second_above_15s_interval", Piece::input_video_ms, 15'000},
    {"output_cost_per_video_per_second", Piece::output_video_ms},
    {"output_cost_per_second_1080p", Piece::output_video_1080p_ms},
    {"ocr_cost_per_page", Piece::pages},
    {"annotation_cost_per_page", Piece::annotated_pages},
    {"ocr_cost_per_credit", Piece::credits},
    {"input_cost_per_query", Piece::queries},
    {"input_cost_per_character", Piece::input_characters},
    {"output_cost_per_character", Piece::output_characters},
    {"citation_cost_per_token", Piece::citation_tokens},
    {"code_interpreter_cost_per_session", Piece::sessions},
    {"search_context_size_low", Piece::web_searches_low},
    {"search_context_size_medium", Piece::web_searches},
    {"search_context_size_high", Piece::web_searches_high},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> abilities{{
    {"supports_vision", "image"},
    {"supports_audio_input", "audio"},
    {"supports_video_input", "video"},
    {"supports_pdf_input", "document"},
    {"supports_audio_output", "audio_output"},
    {"supports_function_calling", "tools"},
    {"supports_parallel_function_calling", "parallel_tools"},
    {"supports_tool_choice", "tool_choice"},
    {"supports_response_schema", "schema"},
    {"supports_prompt_caching", "cache"},
    {"supports_reasoning", "reasoning"},
    {"supports_web_search", "web_search"},
    {"supports_system_messages", "system"},
    {"supports_assistant_prefill", "prefill"},
    {"supports_computer_use", "computer_use"},
    {"supports_url_context", "url_context"},
}};

class PieceReader {
public:
    PieceReader(json::object const& facts, PriceListReader& reader, std::string const& what,
                std::vector<std::string>& known)
        : facts_(facts), reader_(reader), what_(what), known_(known) {}

    Result<json::object> read() {
        json::value const* mode = present("mode");
        if (mode != nullptr && mode->is_string()) mode_ = mode->get_string();
        if (Result<void> done = read_members(facts_); !done) return done.error();
        if (json::value const* search = facts_.if_contains("search_context_cost_per_query")) {
            known_.emplace_back("search_context_cost_per_query");
            json::object const* sizes = search->if_object();
            if (Result<void> done = sizes == nullptr ? ok() : read_members(*sizes); !done) return done.error();
        }
        if (Result<void> done = read_seconds(); !done) return done.error();
        if (Result<void> done = read_ranges(); !done) return done.error();
        generated_images();
        return write();
    }

private:
    using Prices = std::map<std::int64_t, std::string>;  // by size

    Result<void> put(json::value const& value, Piece piece, std::int64_t above, std::string_view key) {
        Result<std::string> price = reader_.per_piece(value, piece, what_ + " " + std::string(key));
        if (!price) return price.error();
        prices_[piece][above] = std::move(*price);
        return ok();
    }

    Result<void> read_members(json::object const& from) {
        for (Member const& member : members) {
            json::value const* value = from.if_contains(member.theirs);
            if (value == nullptr || value->is_null()) continue;
            known_.emplace_back(member.theirs);
            if (Result<void> done = put(*value, member.piece, member.above, member.theirs); !done) return done;
        }
        return ok();
    }

    json::value const* present(std::string_view key) const {
        json::value const* value = facts_.if_contains(key);
        return value == nullptr || value->is_null() ? nullptr : value;
    }

    /// What a second is of depends on what the model does. Where both are there for what has but one length, it is the
    /// same seconds twice.
    Result<void> read_seconds() {
        json::value const* in = present("input_cost_per_second");
        json::value const* out = present("output_cost_per_second");
        bool const speaks = mode_ == "audio_speech", films = mode_ == "video_generation";
        if (out != nullptr && (speaks || films)) {
            known_.emplace_back("output_cost_per_second");
            Piece const piece = speaks ? Piece::output_audio_ms : Piece::output_video_ms;
            if (Result<void> done = put(*out, piece, 0, "output_cost_per_second"); !done) return done;
            out = nullptr;
        }
        Piece const piece = mode_ == "chat" ? Piece::machine_ms : Piece::input_audio_ms;
        if (in != nullptr) {
            known_.emplace_back("input_cost_per_second");
            if (Result<void> done = put(*in, piece, 0, "input_cost_per_second"); !done) return done;
        }
        if (out == nullptr) return ok();
        bool const only = prices_.count(piece) == 0 || prices_[piece][0] == "0";
        Result<std::string> const price = reader_.per_piece(*out, piece, what_ + " output_cost_per_second");
        if (!price) return price.error();
        if (only) prices_[piece][0] = *price;
        if (only || *price == "0" || *price == prices_[piece][0]) known_.emplace_back("output_cost_per_second");
        return ok();
    }

    /// A query by the most results that it may give. Ranges of tokens are steps of the tokens' prices.
    Result<void> read_ranges() {
        json::value const* list = present("tiered_pricing");
        if (list == nullptr || !list->is_array()) return ok();
        for (json::value const& range : list->get_array()) {
            json::array const* results = json::member_array(range, "max_results_range");
            json::value const* price = json::find(range, "input_cost_per_query");
            if (results == nullptr || price == nullptr || results->empty()) continue;
            std::optional<std::int64_t> const first = count_of(&results->front());
            if (!first) return fail(Errc::invalid_argument, what_ + " tiered_pricing has a range without a beginning");
            std::int64_t const above = std::max<std::int64_t>(*first - 1, 0);
            if (Result<void> done = put(*price, Piece::queries, above, "tiered_pricing"); !done) return done;
        }
        return ok();
    }

    /// A model that makes images and has but one price of them asks it for each that it makes.
    void generated_images() {
        if (mode_ != "image_generation" || present("output_cost_per_image_token") != nullptr) return;
        for (auto const& [in, out] : {std::pair(Piece::input_images, Piece::output_images),
                                      std::pair(Piece::input_pixels, Piece::output_pixels)}) {
            bool const has_none = prices_.count(out) == 0 || prices_[out][0] == "0";
            if (prices_.count(in) != 0 && has_none && prices_.count(Piece::output_images) == 0) {
                prices_[out] = prices_[in];
            }
        }
    }

    json::object write() const {
        json::object out;
        for (auto const& [piece, prices] : prices_) {
            if (prices.size() == 1 && prices.begin()->first == 0) {
                out[price_name(piece)] = prices.begin()->second;
                continue;
            }
            json::array list;
            for (auto const& [above, price] : prices) {
                list.push_back(json::object{{"above", above}, {"price", price}});
            }
            out[price_name(piece)] = std::move(list);
        }
        return out;
    }

    json::object const& facts_;
    PriceListReader& reader_;
    std::string const& what_;
    std::vector<std::string>& known_;
    std::string mode_;
    std::map<Piece, Prices> prices_;
};

void write_count(json::object const& facts, char const* theirs, char const* ours, json::object& line) {
    std::optional<std::int64_t> const count = count_of(facts.if_contains(theirs));
    if (count && *count > 0) line[ours] = *count;
}

}  // namespace

Result<json::object> read_litellm_pieces(json::object const& facts, PriceListReader& reader, std::string const& what,
                                         std::vector<std::string>& known) {
    return PieceReader(facts, reader, what, known).read();
}

void write_litellm_facts(json::object const& facts, json::object& line) {
    write_count(facts, "max_input_tokens", "context", line);
    write_count(facts, "max_output_tokens", "max_output", line);
    write_count(facts, "rpm", "requests_per_minute", line);
    write_count(facts, "tpm", "tokens_per_minute", line);
    write_count(facts, "output_vector_size", "dimensions", line);
    write_count(facts, "prompt_cache_min_tokens", "least_cached", line);
    auto const is = [&](std::string_view key) {
        json::value const* value = facts.if_contains(key);
        return value != nullptr && value->is_bool() && value->get_bool();
    };
    if (is("supports_reasoning")) line["reasoning"] = true;
    json::array can;
    for (auto const& [theirs, ours] : abilities) {
        if (is(theirs)) can.emplace_back(ours);
    }
    if (!can.empty()) line["can"] = std::move(can);
    if (json::value const* mode = facts.if_contains("mode"); mode != nullptr && mode->is_string()) line["mode"] = *mode;
    // Google bills the prompt that was grounded, and newer models by the query (its pricing page).
    json::value const* searches = facts.if_contains("search_context_cost_per_query");
    json::value const* provider = facts.if_contains("litellm_provider");
    bool const google = provider != nullptr && provider->is_string() &&
                        (provider->get_string() == "gemini" || provider->get_string().starts_with("vertex_ai"));
    bool const claude = google && provider->get_string().find("anthropic") != std::string::npos;
    json::value const* unit = facts.if_contains("web_search_billing_unit");
    bool const by_query = unit != nullptr && unit->is_string() && unit->get_string() == "per_query";
    if (searches != nullptr && google && !by_query && !claude) line["searches_once"] = true;
    // Perplexity asks a fee for each request, by the size of what it searched.
    bool const perplexity = provider != nullptr && provider->is_string() && provider->get_string() == "perplexity";
    if (searches != nullptr && perplexity) line["always_searches"] = true;
    json::value const* retires = facts.if_contains("deprecation_date");
    if (retires != nullptr && retires->is_string() &&
        from_rfc3339(std::string(retires->get_string()) + "T00:00:00Z").has_value()) {
        line["retires"] = *retires;
    }
    json::value const* regions = facts.if_contains("supported_regions");
    json::array const* places = regions == nullptr ? nullptr : regions->if_array();
    json::array served;
    for (std::size_t i = 0; places != nullptr && i < places->size(); ++i) {
        if ((*places)[i].is_string()) served.push_back((*places)[i]);
    }
    if (!served.empty()) line["served_in"] = std::move(served);
}

}  // namespace aikit::inline v0::cost
