// SPDX-License-Identifier: MIT
// golden/plain_json.hpp - a JSON reader of the tests' own, so that what judges aikit's JSON is not what wrote it.
#ifndef AIKIT_TESTS_GOLDEN_PLAIN_JSON_HPP
#define AIKIT_TESTS_GOLDEN_PLAIN_JSON_HPP

#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace aikit_test {

/// A JSON value; numbers keep their text. Throws std::runtime_error on anything that is not JSON.
struct Json {
    enum class Kind { null, boolean, number, text, list, object };

    Kind kind = Kind::null;
    bool yes = false;
    std::string text;  // of a text, or the digits of a number
    std::vector<Json> items;
    std::map<std::string, Json> members;

    static Json parse(std::string_view source);
    static Json of(std::string value) {
        Json json;
        json.kind = Kind::text;
        json.text = std::move(value);
        return json;
    }

    bool has(std::string const& key) const { return members.count(key) != 0; }
    bool is_null() const { return kind == Kind::null; }
    bool is_text() const { return kind == Kind::text; }
    bool is_object() const { return kind == Kind::object; }
    bool is_list() const { return kind == Kind::list; }

    /// The member, or null.
    Json const& operator[](std::string const& key) const {
        static Json const none;
        auto const found = members.find(key);
        return found == members.end() ? none : found->second;
    }

    double number() const { return std::strtod(text.c_str(), nullptr); }

    /// JSON again, keys sorted: for messages, and for making new documents.
    std::string dump() const;
};

namespace detail {

class JsonReader {
public:
    explicit JsonReader(std::string_view source) : source_(source) {}

    Json read_all() {
        Json value = read();
        space();
        if (at_ != source_.size()) throw std::runtime_error("more after the value");
        return value;
    }

private:
    void space() {
        while (at_ < source_.size() && std::string_view(" \t\r\n").find(source_[at_]) != std::string_view::npos) ++at_;
    }
    char peek() {
        space();
        if (at_ >= source_.size()) throw std::runtime_error("ends too early");
        return source_[at_];
    }
    void expect(std::string_view word) {
        if (source_.substr(at_, word.size()) != word) throw std::runtime_error("not JSON");
        at_ += word.size();
    }

    Json read() {
        Json json;
        switch (peek()) {
            case 'n': expect("null"); return json;
            case 't':
                expect("true");
                json.kind = Json::Kind::boolean;
                json.yes = true;
                return json;
            case 'f':
                expect("false");
                json.kind = Json::Kind::boolean;
                return json;
            case '"':
                json.kind = Json::Kind::text;
                json.text = read_text();
                return json;
            case '[':
                ++at_;
                json.kind = Json::Kind::list;
                if (peek() == ']') return ++at_, json;
                while (true) {
                    json.items.push_back(read());
                    char const c = peek();
                    ++at_;
                    if (c == ']') return json;
                    if (c != ',') throw std::runtime_error("not JSON");
                }
            case '{':
                ++at_;
                json.kind = Json::Kind::object;
                if (peek() == '}') return ++at_, json;
                while (true) {
                    peek();
                    std::string key = read_text();
                    peek();
                    expect(":");
                    if (!json.members.emplace(key, read()).second) throw std::runtime_error("a key stands twice");
                    char const c = peek();
                    ++at_;
                    if (c == '}') return json;
                    if (c != ',') throw std::runtime_error("not JSON");
                }
            default: break;
        }
        std::size_t const begin = at_;
        while (at_ < source_.size() &&
               std::string_view("+-.eE0123456789").find(source_[at_]) != std::string_view::npos) {
            ++at_;
        }
        if (begin == at_) throw std::runtime_error("not JSON");
        json.kind = Json::Kind::number;
        json.text = std::string(source_.substr(begin, at_ - begin));
        return json;
    }

    unsigned read_hex() {
        if (at_ + 4 > source_.size()) throw std::runtime_error("ends too early");
        unsigned const value =
            static_cast<unsigned>(std::strtoul(std::string(source_.substr(at_, 4)).c_str(), nullptr, 16));
        at_ += 4;
        return value;
    }

    std::string read_text() {
        expect("\"");
        std::string text;
        while (true) {
            if (at_ >= source_.size()) throw std::runtime_error("ends too early");
            char const c = source_[at_++];
            if (c == '"') return text;
            if (c != '\\') {
                text += c;
                continue;
            }
            char const e = at_ < source_.size() ? source_[at_++] : '"';
            if (e == 'u') {
                unsigned code = read_hex();
                if (code >= 0xD800 && code < 0xDC00) {
                    expect("\\u");
                    code = 0x10000 + ((code - 0xD800) << 10) + (read_hex() - 0xDC00);
                }
                append_utf8(text, code);
            } else {
                std::size_t const which = std::string_view("bfnrt").find(e);
                text += which == std::string_view::npos ? e : "\b\f\n\r\t"[which];
            }
        }
    }

    static void append_utf8(std::string& text, unsigned code) {
        if (code < 0x80) {
            text += static_cast<char>(code);
        } else if (code < 0x800) {
            text += static_cast<char>(0xC0 | code >> 6);
            text += static_cast<char>(0x80 | (code & 63));
        } else if (code < 0x10000) {
            text += static_cast<char>(0xE0 | code >> 12);
            text += static_cast<char>(0x80 | (code >> 6 & 63));
            text += static_cast<char>(0x80 | (code & 63));
        } else {
            text += static_cast<char>(0xF0 | code >> 18);
            text += static_cast<char>(0x80 | (code >> 12 & 63));
            text += static_cast<char>(0x80 | (code >> 6 & 63));
            text += static_cast<char>(0x80 | (code & 63));
        }
    }

    std::string_view source_;
    std::size_t at_ = 0;
};

inline void dump_text(std::string& out, std::string const& text) {
    out += '"';
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            constexpr char hex[] = "0123456789abcdef";
            out += "\\u00";
            out += hex[static_cast<unsigned char>(c) >> 4];
            out += hex[c & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

}  // namespace detail

inline Json Json::parse(std::string_view source) {
    return detail::JsonReader(source).read_all();
}

inline std::string Json::dump() const {
    std::string out;
    switch (kind) {
        case Kind::null: return "null";
        case Kind::boolean: return yes ? "true" : "false";
        case Kind::number: return text;
        case Kind::text: detail::dump_text(out, text); return out;
        case Kind::list:
            for (Json const& item : items) out += (out.empty() ? "" : ",") + item.dump();
            return "[" + out + "]";
        case Kind::object: break;
    }
    for (auto const& [key, value] : members) {
        if (!out.empty()) out += ',';
        detail::dump_text(out, key);
        out += ':' + value.dump();
    }
    return "{" + out + "}";
}

/// Where two values differ, as a path; empty when they say the same. 1 and 1.0 do.
inline std::string difference(Json const& a, Json const& b, std::string const& path = "$") {
    if (a.kind != b.kind) return path + ": " + a.dump().substr(0, 200) + " / " + b.dump().substr(0, 200);
    switch (a.kind) {
        case Json::Kind::null: return {};
        case Json::Kind::boolean: return a.yes == b.yes ? "" : path;
        case Json::Kind::number:
            return a.text == b.text || a.number() == b.number() ? "" : path + ": " + a.text + " / " + b.text;
        case Json::Kind::text: return a.text == b.text ? "" : path + ": " + a.text + " / " + b.text;
        case Json::Kind::list:
            if (a.items.size() != b.items.size()) return path + ": lists of different length";
            for (std::size_t i = 0; i < a.items.size(); ++i) {
                std::string const found = difference(a.items[i], b.items[i], path + "[" + std::to_string(i) + "]");
                if (!found.empty()) return found;
            }
            return {};
        case Json::Kind::object: break;
    }
    for (auto const& [key, value] : a.members) {
        if (!b.has(key)) return path + "." + key + ": only in the first";
        std::string const found = difference(value, b[key], path + "." + key);
        if (!found.empty()) return found;
    }
    for (auto const& member : b.members) {
        if (!a.has(member.first)) return path + "." + member.first + ": only in the second";
    }
    return {};
}

inline bool operator==(Json const& a, Json const& b) {
    return difference(a, b).empty();
}

}  // namespace aikit_test

#endif  // AIKIT_TESTS_GOLDEN_PLAIN_JSON_HPP
