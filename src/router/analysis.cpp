// SPDX-License-Identifier: MIT
// router/analysis.cpp - signs of what a request asks for.
#include <aikit/core/no_destructor.hpp>
#include <aikit/router/analysis.hpp>
#include <aikit/text/tokenizer.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <utility>

namespace aikit::inline v0::router {
namespace {

constexpr std::size_t most_looked_at = 64 * 1024;
constexpr std::int64_t long_from = 32'000;  // tokens

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// Letters, digits, '_', and all that is not ASCII.
constexpr std::array<bool, 256> word_bytes = [] {
    std::array<bool, 256> all{};
    for (int i = 0; i < 256; ++i) {
        auto const c = static_cast<char>(i);
        bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || i >= 0x80;
        all[static_cast<std::size_t>(i)] = letter || is_digit(c) || c == '_';
    }
    return all;
}();

bool is_word(char c) noexcept {
    return word_bytes[static_cast<unsigned char>(c)];
}

/// Where words begin. Nearly all that is looked for stands there, so that a text is walked through once.
using Starts = std::vector<std::uint32_t>;

Starts starts_of(std::string_view text) {
    Starts starts;
    starts.reserve(text.size() / 4);
    std::uint64_t within = 0;  // 1: the byte before belongs to a word
    // A bit for each byte: where words begin is what no processor foresees.
    constexpr std::size_t bits = 64;
    for (std::size_t at = 0; at < text.size(); at += bits) {
        std::size_t const size = std::min(bits, text.size() - at);
        std::uint64_t words = 0;
        for (std::size_t i = 0; i < size; ++i) words |= std::uint64_t{is_word(text[at + i])} << i;
        std::uint64_t begins = words & ~(words << 1 | within);
        within = words >> (size - 1) & 1;
        for (; begins != 0; begins &= begins - 1) {
            starts.push_back(static_cast<std::uint32_t>(at) + static_cast<std::uint32_t>(std::countr_zero(begins)));
        }
    }
    return starts;
}

/// Those of them where a number or a key may stand: at a digit, a capital, or the first letter of a key.
Starts notable_of(std::string_view text, Starts const& starts) {
    static constexpr std::array<bool, 256> notable = [] {
        std::array<bool, 256> all{};
        for (int i = 0; i < 128; ++i) {
            auto const c = static_cast<char>(i);
            all[static_cast<std::size_t>(i)] =
                is_digit(c) || (c >= 'A' && c <= 'Z') || c == 's' || c == 'g' || c == 'x';
        }
        return all;
    }();
    Starts some;
    for (std::uint32_t const at : starts) {
        if (notable[static_cast<unsigned char>(text[at])]) some.push_back(at);
    }
    return some;
}

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

/// Groups of words and phrases in lower case, found in one pass in whatever case.
class Lexicon {
public:
    static constexpr std::size_t groups = 2;

    template <std::size_t first, std::size_t second>
    Lexicon(std::array<std::string_view, first> const& one, std::array<std::string_view, second> const& other) {
        static_assert(first <= 64 && second <= 64);
        for (std::size_t i = 0; i < first; ++i) add(one[i], 0, i);
        for (std::size_t i = 0; i < second; ++i) add(other[i], 1, i);
    }

    /// How many of each group stand in the text as wholes, each counted once.
    std::array<int, groups> found(std::string_view text, Starts const& starts) const {
        std::array<std::uint64_t, groups> seen{};
        for (std::uint32_t const at : starts) {
            if (at + 1 == text.size()) break;  // no phrase is so short
            if (!begins_[begin_of(text[at], text[at + 1])]) continue;
            for (Phrase const& phrase : by_first_[static_cast<unsigned char>(lower(text[at]))]) {
                if (stands(text, at, phrase.text)) seen[phrase.group] |= phrase.bit;
            }
        }
        for (Phrase const& sign : signs_) {
            std::size_t at = text.find(sign.text.front());
            while (at != text.npos && !stands(text, at, sign.text)) at = text.find(sign.text.front(), at + 1);
            if (at != text.npos) seen[sign.group] |= sign.bit;
        }
        return {std::popcount(seen[0]), std::popcount(seen[1])};
    }

private:
    struct Phrase {
        std::string_view text;
        std::size_t group = 0;
        std::uint64_t bit = 0;
    };

    void add(std::string_view text, std::size_t group, std::size_t number) {
        Phrase const phrase{text, group, std::uint64_t{1} << number};
        if (!is_word(text.front())) {
            signs_.push_back(phrase);
        } else {
            by_first_[static_cast<unsigned char>(text.front())].push_back(phrase);
            begins_.set(begin_of(text[0], text[1]));
        }
    }

    /// The first two bytes by their last five bits, which do not tell capitals from others.
    static std::size_t begin_of(char first, char second) noexcept {
        return static_cast<std::size_t>(first & 31) * 32 + static_cast<std::size_t>(second & 31);
    }

    /// Stands at `at`, where its first byte is, and ends where a word does.
    static bool stands(std::string_view text, std::size_t at, std::string_view phrase) {
        std::size_t const end = at + phrase.size();
        if (end > text.size()) return false;
        for (std::size_t i = 1; i < phrase.size(); ++i) {
            if (lower(text[at + i]) != phrase[i]) return false;
        }
        return end == text.size() || !is_word(text[end]) || !is_word(phrase.back());
    }

    std::array<std::vector<Phrase>, 256> by_first_;  // those that begin as a word does
    std::vector<Phrase> signs_;                      // and the others
    std::bitset<1024> begins_;                       // most words begin as no phrase does
};

constexpr std::array<std::string_view, 35> reasoning_words{"prove",        "derive",
                                                           "step by step", "why does",
                                                           "why do",       "trade-off",
                                                           "trade-offs",   "compare",
                                                           "analyze",      "analyse",
                                                           "optimize",     "optimal",
                                                           "strategy",     "evaluate",
                                                           "theorem",      "probability",
                                                           "equation",     "implications",
                                                           "root cause",   "design a",
                                                           "architecture", "plan for",
                                                           "beweise",      "begründe",
                                                           "vergleiche",   "schritt für schritt",
                                                           "abwägen",      "démontre",
                                                           "compare et",   "étape par étape",
                                                           "pourquoi",     "demuestra",
                                                           "paso a paso",  "analiza",
                                                           "critique"};

constexpr std::array<std::string_view, 30> code_words{
    "```",        "#include",   "def ",        "import ",      "public class", "function(",   "=> {",    "const ",
    "std::",      "select ",    "insert into", "traceback",    "segfault",     "stack trace", "compile", "refactor",
    "unit test",  "regex",      "bug in",      "null pointer", "exception",    "npm ",        "git ",    "python",
    "javascript", "typescript", "c++",         "rust",         "sql",          "bash script"};

/// Signs that are code by themselves.
bool holds_code(std::string_view text) {
    for (std::string_view const sign : {"```", "#include <", "Traceback (most recent", "public static void"}) {
        if (text.find(sign) != text.npos) return true;
    }
    return false;
}

/// A number of a card: 13 to 16 or 19 digits, in groups or not, of which the first says whose it is (3 to 6, or 2) and
/// the last checks the others (ISO/IEC 7812, Luhn).
bool checks_as_card(std::string const& digits) {
    bool const usual = (digits.size() >= 13 && digits.size() <= 16) || digits.size() == 19;
    if (!usual || digits[0] < '2' || digits[0] > '6') return false;
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        int digit = digits[digits.size() - 1 - i] - '0';
        if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return sum % 10 == 0 && digits.find_first_not_of(digits[0]) != digits.npos;
}

bool holds_card(std::string_view text, Starts const& starts) {
    std::size_t next = 0;
    for (std::uint32_t const at : starts) {
        if (at < next || !is_digit(text[at])) continue;
        std::string digits;
        std::size_t end = at;
        for (; end < text.size() && digits.size() < 20; ++end) {
            bool const gap = (text[end] == ' ' || text[end] == '-') && end + 1 < text.size() && is_digit(text[end + 1]);
            if (!is_digit(text[end]) && !gap) break;
            if (!gap) digits += text[end];
        }
        if (checks_as_card(digits) && (end == text.size() || !is_word(text[end]))) return true;
        next = end + 1;
    }
    return false;
}

/// How long the accounts of a country are, by ISO 13616's registry; 0: not known here.
std::size_t length_of_account(std::string_view country) {
    constexpr std::array<std::pair<std::string_view, std::size_t>, 36> lengths{
        {{"AE", 23}, {"AT", 20}, {"BE", 16}, {"BG", 22}, {"BR", 29}, {"CH", 21}, {"CY", 28}, {"CZ", 24}, {"DE", 22},
         {"DK", 18}, {"EE", 20}, {"ES", 24}, {"FI", 18}, {"FR", 27}, {"GB", 22}, {"GR", 27}, {"HR", 21}, {"HU", 28},
         {"IE", 22}, {"IL", 23}, {"IS", 26}, {"IT", 27}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"MT", 31},
         {"NL", 18}, {"NO", 15}, {"PL", 28}, {"PT", 25}, {"RO", 24}, {"SA", 24}, {"SE", 24}, {"SI", 19}, {"TR", 26}}};
    auto const found =
        std::find_if(lengths.begin(), lengths.end(), [&](auto const& one) { return one.first == country; });
    return found == lengths.end() ? 0 : found->second;
}

/// ISO 7064, modulo 97-10: the first four go to the end, letters are numbers from 10 on, and 1 is left.
bool checks_as_iban(std::string_view account) {
    int rest = 0;
    for (std::size_t i = 0; i < account.size(); ++i) {
        char const c = account[(i + 4) % account.size()];
        rest = is_digit(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
    }
    return rest == 1;
}

bool holds_iban(std::string_view text, Starts const& starts) {
    auto const capital = [&](std::size_t at) { return text[at] >= 'A' && text[at] <= 'Z'; };
    for (std::size_t const at : starts) {
        if (at + 15 > text.size()) break;
        if (!capital(at) || !capital(at + 1) || !is_digit(text[at + 2]) || !is_digit(text[at + 3])) continue;
        std::size_t const length = length_of_account(text.substr(at, 2));
        std::string account;
        std::size_t end = at;
        for (; end < text.size() && account.size() < length; ++end) {
            if (text[end] == ' ') continue;
            if (!capital(end) && !is_digit(text[end])) break;
            account += text[end];
        }
        bool const ends = end == text.size() || !is_word(text[end]);
        if (length > 0 && account.size() == length && ends && checks_as_iban(account)) return true;
    }
    return false;
}

bool holds_mail_address(std::string_view text) {
    for (std::size_t at = text.find('@'); at != text.npos; at = text.find('@', at + 1)) {
        if (at == 0 || !is_word(text[at - 1])) continue;
        std::size_t end = at + 1;
        while (end < text.size() && (is_word(text[end]) || text[end] == '-' || text[end] == '.')) ++end;
        std::string_view const host = text.substr(at + 1, end - at - 1);
        std::size_t const dot = host.find('.');
        if (dot != host.npos && dot > 0 && dot + 2 < host.size()) return true;
    }
    return false;
}

/// 123-45-6789, as the United States write it.
bool holds_social_number(std::string_view text, Starts const& starts) {
    constexpr std::string_view form = "ddd-dd-dddd";
    for (std::size_t const at : starts) {
        if (at + form.size() > text.size()) break;
        bool fits = true;
        for (std::size_t i = 0; fits && i < form.size(); ++i) {
            fits = form[i] == 'd' ? is_digit(text[at + i]) : text[at + i] == form[i];
        }
        if (fits && (at + form.size() == text.size() || !is_word(text[at + form.size()]))) return true;
    }
    return false;
}

bool holds_secret(std::string_view text, Starts const& starts) {
    if (text.find("PRIVATE KEY-----") != text.npos) return true;
    constexpr std::array<std::string_view, 5> leads{"sk-", "ghp_", "AKIA", "xoxb-", "AIza"};
    for (std::size_t const at : starts) {
        for (std::string_view const lead : leads) {
            if (text[at] != lead.front() || text.substr(at, lead.size()) != lead) continue;
            std::size_t end = at + lead.size();
            while (end < text.size() && (is_word(text[end]) || text[end] == '-')) ++end;
            constexpr std::size_t least = 16;
            if (end - at - lead.size() >= least) return true;
        }
    }
    return false;
}

class Signs {
public:
    void text(std::string_view whole, bool asked) {
        std::int64_t const tokens = text::estimate_tokens(whole).expected;
        tokens_ += tokens;
        std::string_view const begin = whole.substr(0, most_looked_at);
        look(begin, asked);
        if (asked) asked_tokens_ += tokens;
        if (whole.size() > 2 * most_looked_at) {
            look(whole.substr(whole.size() - most_looked_at), asked);
        } else if (whole.size() > most_looked_at) {
            look(whole.substr(most_looked_at), asked);
        }
    }
    void media(MediaPart const& media, RequestAnalysis& out) {
        char const* const kind = media.kind == MediaPart::Kind::image   ? "image"
                                 : media.kind == MediaPart::Kind::audio ? "audio"
                                                                        : "document";
        need(kind, out);
        constexpr std::int64_t tokens_of_media = 1'000;
        tokens_ += tokens_of_media;
    }
    static void need(char const* what, RequestAnalysis& out) {
        if (std::find(out.needs.begin(), out.needs.end(), what) == out.needs.end()) out.needs.emplace_back(what);
    }

    void grade(ChatRequest const& request, RequestAnalysis& out) const {
        out.input_tokens = tokens_;
        out.sensitive = secret_ || card_ || account_ || social_ || mail_;
        if (secret_) out.reasons.emplace_back("holds what looks like a key");
        if (card_) out.reasons.emplace_back("holds the number of a card");
        if (account_) out.reasons.emplace_back("holds the number of an account");
        if (social_) out.reasons.emplace_back("holds what looks like a social security number");
        if (mail_) out.reasons.emplace_back("holds an address of mail");
        bool const thinks = request.reasoning_effort == "high" || request.reasoning_effort == "xhigh" ||
                            request.reasoning_effort == "max";
        constexpr int several = 2, many_tools = 6;
        constexpr std::int64_t long_question = 600;
        if (tokens_ > long_from) {
            out.grade = RequestGrade::long_context;
            out.reasons.emplace_back("reads more than 32,000 tokens");
        } else if (code_ || code_words_ >= several) {
            out.grade = RequestGrade::code;
            out.reasons.emplace_back(code_ ? "holds code" : "speaks of code");
        } else if (thinks || reasoning_ >= several || (reasoning_ > 0 && asked_tokens_ > long_question) ||
                   static_cast<int>(request.tools.size()) >= many_tools) {
            out.grade = RequestGrade::complex_reasoning;
            out.reasons.emplace_back(thinks           ? "asks for much reasoning"
                                     : reasoning_ > 0 ? "asks for reasons, comparisons or plans"
                                                      : "offers many tools");
        } else {
            out.reasons.emplace_back("is short and plain");
        }
    }

private:
    void look(std::string_view part, bool asked) {
        Starts const starts = starts_of(part);
        Starts const notable = notable_of(part, starts);
        secret_ = secret_ || holds_secret(part, notable);
        card_ = card_ || holds_card(part, notable);
        account_ = account_ || holds_iban(part, notable);
        social_ = social_ || holds_social_number(part, notable);
        mail_ = mail_ || holds_mail_address(part);
        if (!asked) return;
        code_ = code_ || holds_code(part);
        static NoDestructor<Lexicon> const lexicon(code_words, reasoning_words);
        auto const [of_code, of_reasoning] = lexicon->found(part, starts);
        code_words_ += of_code;
        reasoning_ += of_reasoning;
    }

    std::int64_t tokens_ = 0, asked_tokens_ = 0;
    int reasoning_ = 0, code_words_ = 0;
    bool code_ = false, secret_ = false, card_ = false, account_ = false, social_ = false, mail_ = false;
};

}  // namespace

char const* name(RequestGrade grade) noexcept {
    switch (grade) {
        case RequestGrade::simple: return "simple";
        case RequestGrade::complex_reasoning: return "complex_reasoning";
        case RequestGrade::code: return "code";
        case RequestGrade::long_context: return "long_context";
    }
    return "";
}

std::optional<RequestGrade> grade_from_name(std::string_view text) noexcept {
    for (RequestGrade const grade :
         {RequestGrade::simple, RequestGrade::complex_reasoning, RequestGrade::code, RequestGrade::long_context}) {
        if (text == name(grade)) return grade;
    }
    return std::nullopt;
}

RequestAnalysis analyze_request(ChatRequest const& request) {
    RequestAnalysis out;
    Signs signs;
    // What is asked is what the user said last; the rest is read as well.
    Message const* asked = nullptr;
    for (Message const& message : request.messages) {
        if (message.role == Role::user) asked = &message;
    }
    for (Message const& message : request.messages) {
        for (Part const& part : message.parts) {
            if (auto const* text = std::get_if<TextPart>(&part)) signs.text(text->text, &message == asked);
            if (auto const* media = std::get_if<MediaPart>(&part)) signs.media(*media, out);
            if (auto const* result = std::get_if<ToolResult>(&part)) {
                for (auto const& content : result->content) {
                    if (auto const* text = std::get_if<TextPart>(&content)) signs.text(text->text, false);
                    if (auto const* media = std::get_if<MediaPart>(&content)) signs.media(*media, out);
                }
            }
        }
    }
    for (ToolSpec const& tool : request.tools) {
        for (std::string const* words : {&tool.description, &tool.parameters, &tool.raw}) signs.text(*words, false);
    }
    if (!request.tools.empty()) Signs::need("tools", out);
    if (request.response_format && request.response_format->kind == ResponseFormat::Kind::json_schema) {
        Signs::need("schema", out);
    }
    signs.grade(request, out);
    return out;
}

}  // namespace aikit::inline v0::router
