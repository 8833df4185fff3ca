// SPDX-License-Identifier: MIT
// text/pattern.cpp - ECMA-262's patterns to a machine that is in all of its states at once (Thompson, CACM 11:6, 1968).
//
// Grammar: https://tc39.es/ecma262/#sec-patterns
#include "text/pattern.hpp"

#include "text/utf8.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/text/unicode.hpp>

#include <algorithm>
#include <memory>

namespace aikit::inline v0::text {
namespace {

constexpr std::size_t most_steps = 20'000;
constexpr int most_nesting = 200;
constexpr std::uint32_t no_limit = 0xFFFF'FFFF;

/// A pattern as a tree.
struct Node {
    enum class Kind : std::uint8_t { nothing, set, begin, end, edge, inside, sequence, either, repeat };

    explicit Node(Kind kind_) : kind(kind_) {}

    Kind kind;
    PointSet set;
    std::uint32_t least = 0;
    std::uint32_t most = 0;
    std::vector<std::unique_ptr<Node>> parts;
};

using NodePtr = std::unique_ptr<Node>;
using Kind = Node::Kind;

NodePtr make(Kind kind) {
    return std::make_unique<Node>(kind);
}

NodePtr of_set(PointSet set) {
    NodePtr node = make(Kind::set);
    node->set = std::move(set);
    return node;
}

std::optional<std::uint32_t> hex_digit(char32_t c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

bool is_digit(char32_t c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_letter(char32_t c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class Parser {
public:
    explicit Parser(std::vector<char32_t> text) : text_(std::move(text)) {}

    Result<NodePtr> parse() {
        NodePtr node = either(0);
        if (!error_ && !at_end()) refuse("a closing parenthesis stands alone");
        if (error_) return *error_;
        return node;
    }

private:
    bool at_end() const noexcept { return at_ >= text_.size(); }
    char32_t peek(std::size_t ahead = 0) const noexcept {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : Decoded::bad;
    }
    bool take(char32_t c) noexcept {
        if (peek() != c) return false;
        ++at_;
        return true;
    }

    void refuse(char const* why, Errc code = Errc::invalid_argument) {
        if (!error_) error_ = fail(code, std::string("a pattern cannot be used: ") + why);
    }

    NodePtr either(int depth) {
        if (depth > most_nesting) refuse("it nests too deep", Errc::unsupported);
        NodePtr node = make(Kind::either);
        do {
            node->parts.push_back(sequence(depth));
        } while (!error_ && take('|'));
        return node;
    }

    NodePtr sequence(int depth) {
        NodePtr node = make(Kind::sequence);
        while (!error_ && !at_end() && peek() != '|' && peek() != ')') node->parts.push_back(term(depth));
        return node;
    }

    NodePtr term(int depth) {
        if (take('^')) return make(Kind::begin);
        if (take('$')) return make(Kind::end);
        if (peek() == '\\' && (peek(1) == 'b' || peek(1) == 'B')) {
            bool const edge = peek(1) == 'b';
            at_ += 2;
            return make(edge ? Kind::edge : Kind::inside);
        }
        return repeated(atom(depth));
    }

    NodePtr atom(int depth) {
        char32_t const c = text_[at_++];
        switch (c) {
            case '.': return of_set(PointSet::not_line());
            case '[': return of_set(bracket());
            case '(': return group(depth);
            case '\\': return of_set(escape(false));
            case '*':
            case '+':
            case '?': refuse("a quantifier has nothing before it"); break;
            default: break;
        }
        PointSet one;
        one.add(c, c);
        return of_set(std::move(one));
    }

    NodePtr group(int depth) {
        if (take('?')) {
            if (peek() == '=' || peek() == '!' || (peek() == '<' && (peek(1) == '=' || peek(1) == '!'))) {
                refuse("looking ahead or behind is not supported", Errc::unsupported);
            } else if (take('<')) {
                while (!at_end() && peek() != '>') ++at_;
                if (!take('>')) refuse("the name of a group has no end");
            } else if (!take(':')) {
                refuse("it has a kind of group that is not supported", Errc::unsupported);
            }
        }
        NodePtr node = either(depth + 1);
        if (!error_ && !take(')')) refuse("a parenthesis is not closed");
        return node;
    }

    std::optional<std::uint32_t> count() {
        if (!is_digit(peek())) return std::nullopt;
        std::uint32_t value = 0;
        while (is_digit(peek())) {
            value = std::min<std::uint32_t>(value * 10 + (text_[at_++] - '0'), static_cast<std::uint32_t>(most_steps));
        }
        return value;
    }

    /// A quantifier in braces; without one the position stays where it is.
    bool braces(std::uint32_t& least, std::uint32_t& most) {
        std::size_t const before = at_;
        if (!take('{')) return false;
        std::optional<std::uint32_t> const from = count();
        std::optional<std::uint32_t> to = from;
        if (take(',')) {
            to = count();
            if (!to) to = no_limit;
        }
        if (!from || !take('}')) {
            at_ = before;
            return false;
        }
        least = *from;
        most = *to;
        return true;
    }

    NodePtr repeated(NodePtr atom) {
        std::uint32_t least = 0;
        std::uint32_t most = no_limit;
        if (take('*')) {
        } else if (take('+')) {
            least = 1;
        } else if (take('?')) {
            most = 1;
        } else if (!braces(least, most)) {
            return atom;
        }
        if (least > most) refuse("a repetition's bounds are the wrong way round");
        take('?');  // as few as possible finds the same texts
        if (peek() == '*' || peek() == '+' || peek() == '?') refuse("a quantifier follows another");
        NodePtr node = make(Kind::repeat);
        node->least = least;
        node->most = most;
        node->parts.push_back(std::move(atom));
        return node;
    }

    std::optional<char32_t> hex(int digits) {
        char32_t value = 0;
        for (int i = 0; i < digits; ++i) {
            std::optional<std::uint32_t> const digit = hex_digit(peek(static_cast<std::size_t>(i)));
            if (!digit) return std::nullopt;
            value = value * 16 + *digit;
        }
        at_ += static_cast<std::size_t>(digits);
        return value;
    }

    /// After "\u".
    std::optional<char32_t> unicode() {
        if (take('{')) {
            char32_t value = 0;
            bool any = false;
            while (std::optional<std::uint32_t> const digit = hex_digit(peek())) {
                value = std::min<char32_t>(value * 16 + *digit, last_point + 1);
                any = true;
                ++at_;
            }
            return any && take('}') && value <= last_point ? std::optional<char32_t>(value) : std::nullopt;
        }
        std::optional<char32_t> const high = hex(4);
        if (!high || *high < 0xD800 || *high > 0xDBFF || peek() != '\\' || peek(1) != 'u') return high;
        std::size_t const before = at_;
        at_ += 2;
        std::optional<char32_t> const low = hex(4);
        if (low && *low >= 0xDC00 && *low <= 0xDFFF) return 0x10000 + ((*high - 0xD800) << 10) + (*low - 0xDC00);
        at_ = before;
        return high;
    }

    PointSet property(bool inverted) {
        PointSet set;
        std::string name;
        bool whole = take('{');
        while (whole && !at_end() && peek() != '}' && peek() < 0x80) name += static_cast<char>(text_[at_++]);
        whole = whole && take('}');
        std::optional<std::uint32_t> const mask = category_mask(name);
        if (!whole) refuse("a property's name is missing");
        if (!mask) refuse("of properties only general categories are supported", Errc::unsupported);
        if (mask) set.add_categories(inverted ? all_categories & ~*mask : *mask);
        return set;
    }

    /// After a backslash; `single_` tells whether it is one character.
    PointSet escape(bool bracketed) {
        PointSet set;
        single_.reset();
        if (at_end()) {
            refuse("it ends in a backslash");
            return set;
        }
        char32_t const c = text_[at_++];
        auto const either_way = [&](PointSet const& base, bool inverted) {
            inverted ? set.add_all_but(base) : set.add(base);
            return set;
        };
        switch (c) {
            case 'd':
            case 'D': return either_way(PointSet::digits(), c == 'D');
            case 'w':
            case 'W': return either_way(PointSet::word(), c == 'W');
            case 's':
            case 'S': return either_way(PointSet::space(), c == 'S');
            case 'p':
            case 'P': return property(c == 'P');
            case 't': single_ = '\t'; break;
            case 'n': single_ = '\n'; break;
            case 'v': single_ = '\v'; break;
            case 'f': single_ = '\f'; break;
            case 'r': single_ = '\r'; break;
            case 'x': single_ = hex(2); break;
            case 'u': single_ = unicode(); break;
            case 'c':
                if (is_letter(peek())) single_ = text_[at_++] % 32;
                break;
            case 'b':
                if (bracketed) single_ = '\b';
                break;
            case '0':
                if (!is_digit(peek())) single_ = 0;
                break;
            default:
                if (is_digit(c) || c == 'k') refuse("references back are not supported", Errc::unsupported);
                if (!is_letter(c) && !is_digit(c)) single_ = c;
        }
        if (!single_) refuse("it has an escape that ECMA-262 does not know");
        if (single_) set.add(*single_, *single_);
        return set;
    }

    /// One member of a bracket, perhaps a class; `single_` is set when it is one character.
    PointSet member() {
        if (take('\\')) return escape(true);
        PointSet set;
        single_ = text_[at_++];
        set.add(*single_, *single_);
        return set;
    }

    PointSet bracket() {
        PointSet set;
        bool const inverted = take('^');
        while (!error_ && !at_end() && peek() != ']') {
            PointSet const first = member();
            std::optional<char32_t> const from = single_;
            bool const range = peek() == '-' && peek(1) != ']' && at_ + 1 < text_.size();
            if (!range) {
                set.add(first);
                continue;
            }
            ++at_;
            PointSet const second = member();
            std::optional<char32_t> const to = single_;
            if (from && to && *from > *to) refuse("a range is the wrong way round");
            if (from && to) {
                set.add(*from, *to);
            } else {  // a class beside a hyphen: the hyphen is itself
                set.add(first);
                set.add('-', '-');
                set.add(second);
            }
        }
        if (!error_ && !take(']')) refuse("a bracket is not closed");
        if (inverted) set.negate();
        return set;
    }

    std::vector<char32_t> text_;
    std::size_t at_ = 0;
    std::optional<char32_t> single_;
    std::optional<Error> error_;
};

/// Writes a tree as steps.
class Compiler {
public:
    using Op = Pattern::Op;

    Compiler(std::vector<Pattern::Step>& steps, std::vector<PointSet>& sets) : steps_(steps), sets_(sets) {}

    bool compile(Node const& node) {
        emit(node);
        push(Op::found);
        return steps_.size() <= most_steps;
    }

private:
    std::uint32_t push(Op op, std::uint32_t first = 0, std::uint32_t second = 0) {
        Pattern::Step step;
        step.op = op;
        step.first = first;
        step.second = second;
        steps_.push_back(step);
        return static_cast<std::uint32_t>(steps_.size() - 1);
    }
    std::uint32_t here() const noexcept { return static_cast<std::uint32_t>(steps_.size()); }

    void emit(Node const& node) {
        if (steps_.size() > most_steps) return;
        switch (node.kind) {
            case Kind::nothing: return;
            case Kind::set:
                sets_.push_back(node.set);
                push(Op::set, static_cast<std::uint32_t>(sets_.size() - 1));
                return;
            case Kind::begin: push(Op::begin); return;
            case Kind::end: push(Op::end); return;
            case Kind::edge: push(Op::edge); return;
            case Kind::inside: push(Op::inside); return;
            case Kind::sequence:
                for (NodePtr const& part : node.parts) emit(*part);
                return;
            case Kind::either: return emit_either(node);
            case Kind::repeat: return emit_repeat(node);
        }
    }

    void emit_either(Node const& node) {
        std::vector<std::uint32_t> jumps;
        for (std::size_t i = 0; i + 1 < node.parts.size(); ++i) {
            std::uint32_t const split = push(Op::split, here() + 1);
            emit(*node.parts[i]);
            jumps.push_back(push(Op::jump));
            steps_[split].second = here();
        }
        emit(*node.parts.back());
        for (std::uint32_t const jump : jumps) steps_[jump].first = here();
    }

    void emit_repeat(Node const& node) {
        Node const& part = *node.parts.front();
        std::uint32_t const begin = here();
        for (std::uint32_t i = 0; i < node.least && steps_.size() <= most_steps; ++i) {
            emit(part);
            if (here() == begin) return;  // nothing, however often
        }
        if (node.most == no_limit) {
            std::uint32_t const split = push(Op::split, here() + 1);
            emit(part);
            push(Op::jump, split);
            steps_[split].second = here();
            return;
        }
        std::vector<std::uint32_t> splits;
        for (std::uint32_t i = node.least; i < node.most && steps_.size() <= most_steps; ++i) {
            splits.push_back(push(Op::split, here() + 1));
            emit(part);
        }
        for (std::uint32_t const split : splits) steps_[split].second = here();
    }

    std::vector<Pattern::Step>& steps_;
    std::vector<PointSet>& sets_;
};

}  // namespace

Result<Pattern> Pattern::parse(std::string_view utf8) {
    if (!is_utf8(utf8)) return fail(Errc::invalid_argument, "a pattern cannot be used: it is not valid UTF-8");
    std::vector<char32_t> points;
    for (std::size_t at = 0; at < utf8.size();) {
        Decoded const one = decode_at(utf8, at);
        points.push_back(one.point);
        at += one.size;
    }
    Result<NodePtr> tree = Parser(std::move(points)).parse();
    if (!tree) return tree.error();
    Pattern pattern;
    if (!Compiler(pattern.steps_, pattern.sets_).compile(**tree)) {
        return fail(Errc::unsupported, "a pattern cannot be used: it is too large");
    }
    return pattern;
}

std::optional<bool> Pattern::found_in(std::string_view utf8, std::int64_t& budget) const {
    if (steps_.empty()) return true;
    budget -= static_cast<std::int64_t>(steps_.size() / 64);
    static NoDestructor<PointSet> const words(PointSet::word());
    std::vector<std::uint32_t> waiting;
    std::vector<std::uint32_t> reached;
    std::vector<std::size_t> seen(steps_.size(), 0);
    bool before_is_word = false;
    for (std::size_t at = 0, round = 1;; ++round) {
        Decoded const here = at < utf8.size() ? decode_at(utf8, at) : Decoded();
        bool const last = at >= utf8.size();
        bool const is_word = !last && words->has(here.point);
        bool const edge = is_word != before_is_word;
        waiting.push_back(0);
        reached.clear();
        while (!waiting.empty()) {
            std::uint32_t const index = waiting.back();
            waiting.pop_back();
            if (seen[index] == round) continue;
            seen[index] = round;
            if (--budget < 0) return std::nullopt;
            Step const& step = steps_[index];
            switch (step.op) {
                case Op::found: return true;
                case Op::set: reached.push_back(index); break;
                case Op::jump: waiting.push_back(step.first); break;
                case Op::split:
                    waiting.push_back(step.second);
                    waiting.push_back(step.first);
                    break;
                case Op::begin:
                    if (at == 0) waiting.push_back(index + 1);
                    break;
                case Op::end:
                    if (last) waiting.push_back(index + 1);
                    break;
                case Op::edge:
                    if (edge) waiting.push_back(index + 1);
                    break;
                case Op::inside:
                    if (!edge) waiting.push_back(index + 1);
                    break;
            }
        }
        if (last) return false;
        for (std::uint32_t const index : reached) {
            if (sets_[steps_[index].first].has(here.point)) waiting.push_back(index + 1);
        }
        before_is_word = is_word;
        at += here.size;
    }
}

}  // namespace aikit::inline v0::text
