// SPDX-License-Identifier: MIT
// net/inflate.cpp - gzip by zlib.
#include "net/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace aikit::inline v0::net {

struct Inflater::State {
    State() = default;
    ~State() {
        if (started) inflateEnd(&stream);
    }
    State(State const&) = delete;
    State& operator=(State const&) = delete;

    /// Undoes what fits into `room` once; zlib's result.
    int step(char* room, std::size_t size, std::size_t& made);

    z_stream stream{};
    std::string input;
    std::size_t used = 0;    // of input
    bool started = false;    // stream is set up
    bool in_member = false;  // past the first byte of a member and before its end
    bool full = false;       // the last read stopped because there was no more room
};

Inflater::Inflater() : state_(std::make_unique<State>()) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

void Inflater::feed(std::string_view bytes) {
    if (state_->used == state_->input.size()) {
        state_->input.assign(bytes);
        state_->used = 0;
    } else {
        state_->input.append(bytes);
    }
}

Result<void> Inflater::read(std::string& out, std::size_t most) {
    if (!state_->started) {
        if (inflateInit2(&state_->stream, MAX_WBITS + 16) != Z_OK) return fail(Errc::out_of_memory, "out of memory");
        state_->started = true;
    }
    std::array<char, 16 * 1024> room;
    while (pending() && most > 0) {
        std::size_t const size = std::min(most, room.size());
        std::size_t made = 0;
        int const result = state_->step(room.data(), size, made);
        if (result == Z_MEM_ERROR) return fail(Errc::out_of_memory, "out of memory");
        if (result != Z_OK && result != Z_BUF_ERROR) {
            return fail(Errc::protocol, "net: the response's body is said to be gzip, but is not or is damaged");
        }
        out.append(room.data(), made);
        most -= made;
    }
    return ok();
}

int Inflater::State::step(char* room, std::size_t size, std::size_t& made) {
    stream.next_out = reinterpret_cast<Bytef*>(room);
    stream.avail_out = static_cast<uInt>(size);
    stream.next_in = reinterpret_cast<Bytef*>(input.data() + used);
    stream.avail_in = static_cast<uInt>(input.size() - used);
    in_member = true;
    int result = inflate(&stream, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
        in_member = false;
        // Another member may follow; anything else is then found to be none.
        result = inflateReset(&stream);
    }
    used = input.size() - stream.avail_in;
    full = stream.avail_out == 0 && in_member;
    made = size - stream.avail_out;
    return result;
}

bool Inflater::complete() const noexcept {
    return !state_->in_member && state_->used == state_->input.size();
}

bool Inflater::pending() const noexcept {
    return state_->full || state_->used < state_->input.size();
}

}  // namespace aikit::inline v0::net
