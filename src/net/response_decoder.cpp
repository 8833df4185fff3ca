// SPDX-License-Identifier: MIT
// net/response_decoder.cpp - a response, from its first byte to its last.
#include "net/response_decoder.hpp"

#include "net/ascii.hpp"

namespace aikit::inline v0::net {
namespace {

constexpr int max_informational = 16;
constexpr std::size_t max_piece = 64 * 1024;

Headers without_coding(Headers const& headers) {
    Headers kept;
    for (auto const& [name, value] : headers.fields()) {
        if (equals_ignoring_case(name, "content-length") || equals_ignoring_case(name, "content-encoding")) continue;
        kept.add(name, value);
    }
    return kept;
}

}  // namespace

ResponseDecoder::ResponseDecoder(std::string_view method, DecoderLimits limits) : method_(method), limits_(limits) {
    reader_.emplace(method_, limits.head, limits.gzip);
}

Result<void> ResponseDecoder::feed(std::string_view bytes) {
    if (bytes.empty()) return ok();
    started_ = true;
    while (!has_head() && !bytes.empty()) {
        if (Result<void> taken = take_head(bytes); !taken) return taken.error();
    }
    if (bytes.empty()) return ok();
    return take_body(bytes);
}

Result<void> ResponseDecoder::take_head(std::string_view& bytes) {
    Result<std::size_t> const used = reader_->feed(bytes);
    if (!used) return used.error();
    bytes.remove_prefix(*used);
    if (!reader_->done()) return ok();
    if (reader_->head().status == 101) {
        return fail(Errc::protocol, "net: the server switched protocols, which it was not asked to do");
    }
    if (reader_->head().status / 100 != 1) {
        begin_body();
        return ok();
    }
    if (++informational_ > max_informational) {
        return fail(Errc::protocol, "net: the server sent more than 16 informational responses before its answer");
    }
    reader_.emplace(method_, limits_.head, limits_.gzip);
    return ok();
}

void ResponseDecoder::begin_body() {
    head_ = std::move(reader_->head());
    framing_.emplace(head_);
    reader_.reset();
    if (!head_.gzip) return;
    inflater_.emplace();
    head_.headers = without_coding(head_.headers);
}

Result<void> ResponseDecoder::take_body(std::string_view bytes) {
    Result<std::size_t> const used = framing_->feed(bytes, body_);
    if (!used) return used.error();
    surplus_ = surplus_ || *used < bytes.size();
    return ok();
}

Result<void> ResponseDecoder::end() {
    if (!has_head()) return fail(Errc::incomplete, "net: the connection ended before the response did");
    return framing_->end();
}

Result<std::string> ResponseDecoder::next() {
    std::string piece;
    if (inflater_) {
        if (!body_.empty()) {
            inflater_->feed(body_);
            body_.clear();
        }
        if (Result<void> read = inflater_->read(piece, max_piece); !read) return read.error();
    } else {
        piece.swap(body_);
    }
    handed_out_ += static_cast<std::int64_t>(piece.size());
    if (limits_.body > 0 && handed_out_ > limits_.body) {
        return fail(Errc::protocol,
                    "net: the response's body is longer than " + std::to_string(limits_.body) + " bytes (max_body)");
    }
    return piece;
}

Result<bool> ResponseDecoder::over() const {
    if (!received() || !body_.empty()) return false;
    if (!inflater_) return true;
    if (inflater_->pending()) return false;
    if (!inflater_->complete()) return fail(Errc::incomplete, "net: the response's gzip body was cut");
    return true;
}

}  // namespace aikit::inline v0::net
