// SPDX-License-Identifier: MIT
// capi/guard.cpp - arguments in, bytes and errors out.
#include "guard.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace aikit::inline v0::capi {
namespace {

std::string called(char const* argument) {
    return std::string("The argument '") + argument + "'";
}

/// Larger counts of bytes are no size of anything: a negative length that was converted, most likely.
constexpr std::size_t largest = PTRDIFF_MAX;

}  // namespace

aikit_status report(Error const& failure, aikit_error** error) noexcept {
    if (error != nullptr) {
        try {
            *error = make_handle<aikit_error>(std::make_shared<ErrorObject>(failure));
        } catch (...) {
            *error = nullptr;
        }
    }
    return status_of(failure.code);
}

BorrowedError::BorrowedError(Error const* failure) noexcept {
    if (failure != nullptr) static_cast<void>(report(*failure, &handle_));
}

BorrowedError::~BorrowedError() {
    if (handle_ != nullptr) static_cast<void>(take_object(handle_));
}

Result<std::string_view> required_text(char const* data, std::size_t size, char const* argument) {
    if (data == nullptr) return fail(Errc::invalid_argument, called(argument) + " is NULL.");
    if (size > largest)
        return fail(Errc::invalid_argument, "The length of '" + std::string(argument) + "' is no length.");
    return std::string_view(data, size);
}

Result<std::string_view> optional_text(char const* data, std::size_t size, char const* argument) {
    if (data == nullptr && size == 0) return std::string_view();
    return required_text(data, size, argument);
}

Result<void> required(void const* pointer, char const* argument) {
    if (pointer == nullptr) return fail(Errc::invalid_argument, called(argument) + " is NULL.");
    return ok();
}

Result<std::vector<std::vector<float>>> read_rows(float const* data, std::size_t count, std::size_t dimensions,
                                                  char const* argument) {
    std::vector<std::vector<float>> rows;
    if (data == nullptr) {
        if (count == 0 && dimensions == 0) return rows;
        return fail(Errc::invalid_argument, called(argument) + " is NULL, but its size is not 0.");
    }
    if (count == 0 || dimensions == 0) {
        return fail(Errc::invalid_argument, called(argument) + " has no rows or no dimensions; pass NULL for none.");
    }
    if (count > largest / sizeof(float) / dimensions) {
        return fail(Errc::invalid_argument, called(argument) + " is larger than any memory.");
    }
    rows.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        float const* const row = data + i * dimensions;
        rows.emplace_back(row, row + dimensions);
    }
    return rows;
}

Result<std::vector<float>> read_row(float const* data, std::size_t dimensions, char const* argument) {
    Result<std::vector<std::vector<float>>> rows = read_rows(data, data == nullptr ? 0 : 1, dimensions, argument);
    if (!rows) return rows.error();
    return rows->empty() ? std::vector<float>() : std::move(rows->front());
}

aikit_bytes make_bytes(std::string_view text) {
    aikit_bytes bytes = {nullptr, 0};
    if (text.empty()) return bytes;
    bytes.data = static_cast<char*>(std::malloc(text.size() + 1));
    if (bytes.data == nullptr) throw std::bad_alloc();
    std::memcpy(bytes.data, text.data(), text.size());
    bytes.data[text.size()] = '\0';
    bytes.size = text.size();
    return bytes;
}

aikit_floats make_floats(std::vector<std::vector<float>> const& rows) {
    aikit_floats floats = {nullptr, 0, 0};
    if (rows.empty()) return floats;
    std::size_t const dimensions = rows.front().size();
    floats.data = static_cast<float*>(std::calloc(rows.size() * dimensions + 1, sizeof(float)));
    if (floats.data == nullptr) throw std::bad_alloc();
    floats.count = rows.size();
    floats.dimensions = dimensions;
    float* out = floats.data;
    for (std::vector<float> const& row : rows) {
        if (row.size() == dimensions) std::memcpy(out, row.data(), dimensions * sizeof(float));
        out += dimensions;
    }
    return floats;
}

}  // namespace aikit::inline v0::capi
