// SPDX-License-Identifier: MIT
// net/lines.hpp - cuts a stream of bytes into lines, however the bytes arrive.
#ifndef AIKIT_SRC_NET_LINES_HPP
#define AIKIT_SRC_NET_LINES_HPP

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace aikit::inline v0::net {

/// The longest line, and the longest event, a decoder takes.
inline constexpr std::size_t max_line = 16 * 1024 * 1024;

/// Bytes in, lines out, without their ends. A byte order mark at the start is skipped. Linear in the bytes fed; a line
/// that lies whole within one piece is not copied.
class LineSplitter {
public:
    enum class Ends { lf, any };  ///< LF alone, or LF, CRLF and CR.

    explicit LineSplitter(Ends ends) : cr_ends_(ends == Ends::any) {}

    /// Calls `take(line)` for every line that is now whole. The view lives for the call. False when a line is longer
    /// than max_line, or when `take` answers false; nothing may be fed afterwards.
    template <class Take>
    bool feed(std::string_view bytes, Take&& take) {
        bytes = skip_mark(bytes);
        if (skip_lf_ && !bytes.empty()) {
            if (bytes.front() == '\n') bytes.remove_prefix(1);
            skip_lf_ = false;
        }
        EndFinder finder(bytes, cr_ends_);
        while (!bytes.empty()) {
            std::size_t const end = finder.next(bytes);
            if (end == std::string_view::npos) return keep(bytes);
            if (partial_.size() + end > max_line) return false;
            if (!take_whole(bytes.substr(0, end), take)) return false;
            std::size_t used = end + 1;
            if (bytes[end] == '\r') {
                if (used == bytes.size()) {
                    skip_lf_ = true;
                } else if (bytes[used] == '\n') {
                    ++used;
                }
            }
            bytes.remove_prefix(used);
        }
        return true;
    }

    /// Calls `take` with a last line that has no end, if there is one.
    template <class Take>
    bool finish(Take&& take) {
        if (mark_ < mark.size()) {
            partial_.assign(mark.substr(0, mark_));
            mark_ = mark.size();
        }
        if (partial_.empty()) return true;
        return take_whole({}, take);
    }

private:
    static constexpr std::string_view mark = "\xEF\xBB\xBF";

    /// Finds line ends left to right, each byte looked at once for each kind of end.
    class EndFinder {
    public:
        EndFinder(std::string_view bytes, bool cr_ends) : whole_(bytes), cr_ends_(cr_ends) {}

        /// Where the first end in `rest`, a suffix of what the finder was made for, stands.
        std::size_t next(std::string_view rest) {
            std::size_t const from = whole_.size() - rest.size();
            lf_ = advance(lf_, '\n', from);
            if (cr_ends_) cr_ = advance(cr_, '\r', from);
            std::size_t const end = cr_ends_ ? std::min(lf_, cr_) : lf_;
            return end == whole_.size() ? std::string_view::npos : end - from;
        }

    private:
        std::size_t advance(std::size_t known, char end, std::size_t from) const {
            if (known >= from && known != unknown) return known;
            void const* const found = std::memchr(whole_.data() + from, end, whole_.size() - from);
            if (found == nullptr) return whole_.size();
            return static_cast<std::size_t>(static_cast<char const*>(found) - whole_.data());
        }

        static constexpr std::size_t unknown = std::string_view::npos;
        std::string_view whole_;
        bool cr_ends_;
        std::size_t lf_ = unknown;
        std::size_t cr_ = unknown;
    };

    /// Drops the byte order mark, which may itself be cut.
    std::string_view skip_mark(std::string_view bytes) {
        while (mark_ < mark.size() && !bytes.empty()) {
            if (bytes.front() != mark[mark_]) {
                partial_.assign(mark.substr(0, mark_));
                mark_ = mark.size();
                break;
            }
            ++mark_;
            bytes.remove_prefix(1);
        }
        return bytes;
    }

    template <class Take>
    bool take_whole(std::string_view tail, Take& take) {
        if (partial_.empty()) return take(tail);
        partial_.append(tail);
        bool const go_on = take(std::string_view(partial_));
        if (partial_.capacity() > kept_capacity) {
            partial_ = std::string();
        } else {
            partial_.clear();
        }
        return go_on;
    }

    /// Keeps the beginning of a line. Capacity doubles, but never far beyond what a line may need.
    bool keep(std::string_view bytes) {
        std::size_t const need = partial_.size() + bytes.size();
        if (need > max_line) return false;
        if (need > partial_.capacity()) partial_.reserve(std::max(need, std::min(partial_.capacity() * 2, max_line)));
        partial_.append(bytes);
        return true;
    }

    static constexpr std::size_t kept_capacity = 64 * 1024;

    bool cr_ends_;
    bool skip_lf_ = false;  // the last piece ended in CR: an LF at the start of the next belongs to it
    std::size_t mark_ = 0;  // bytes of the byte order mark seen; its size once the start is past
    std::string partial_;   // a line without its end
};

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_LINES_HPP
