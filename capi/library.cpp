// SPDX-License-Identifier: MIT
// capi/library.cpp - versions, bytes, errors, and a way into JSON.
#include "guard.hpp"
#include "model/json_exact.hpp"

#include <aikit/model/json_form.hpp>

#include <cstdlib>

using namespace aikit;
using namespace aikit::capi;

namespace {

/// A text of an error; "" where there is none.
char const* text_of(aikit_error const* error, std::string Error::*member) noexcept {
    try {
        std::shared_ptr<ErrorObject> const object = find_object(error);
        return object ? (object->error.*member).c_str() : "";
    } catch (...) {
        return "";
    }
}

template <class Value, class Read>
Value value_of(aikit_error const* error, Value otherwise, Read read) noexcept {
    try {
        std::shared_ptr<ErrorObject> const object = find_object(error);
        return object ? static_cast<Value>(read(object->error)) : otherwise;
    } catch (...) {
        return otherwise;
    }
}

}  // namespace

uint32_t aikit_abi_version(void) {
    return AIKIT_ABI_VERSION;
}

char const* aikit_version(void) {
    return version();
}

char const* aikit_status_name(aikit_status status) {
    return status == AIKIT_OK ? "ok" : name(static_cast<Errc>(status));
}

void aikit_bytes_free(aikit_bytes* bytes) {
    if (bytes == nullptr) return;
    std::free(bytes->data);
    *bytes = aikit_bytes{nullptr, 0};
}

void aikit_floats_free(aikit_floats* floats) {
    if (floats == nullptr) return;
    std::free(floats->data);
    *floats = aikit_floats{nullptr, 0, 0};
}

aikit_status aikit_json_get(char const* json, size_t json_size, char const* pointer, size_t pointer_size,
                            aikit_bytes* out, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::string_view> const text = required_text(json, json_size, "json");
        if (!text) return text.error();
        Result<std::string_view> const path = optional_text(pointer, pointer_size, "pointer");
        if (!path) return path.error();
        if (Result<void> given = required(out, "out"); !given) return given;
        Result<json::value> const document = json_exact::parse(*text, "document", Errc::invalid_argument);
        if (!document) return document.error();
        boost::system::error_code missing;
        json::value const* const found = document->find_pointer(*path, missing);
        if (found == nullptr) return fail(Errc::not_found, "The document has no value at the pointer.");
        *out = found->is_string() ? make_bytes(found->get_string()) : make_bytes(json_exact::write(*found));
        return ok();
    });
}

aikit_status aikit_error_code(aikit_error const* error) {
    if (error == nullptr) return AIKIT_E_INVALID_ARGUMENT;
    return value_of<aikit_status>(error, AIKIT_E_INVALID_STATE, [](Error const& e) { return status_of(e.code); });
}

char const* aikit_error_message(aikit_error const* error) {
    return text_of(error, &Error::message);
}

char const* aikit_error_provider(aikit_error const* error) {
    return text_of(error, &Error::provider);
}

char const* aikit_error_provider_code(aikit_error const* error) {
    return text_of(error, &Error::provider_code);
}

char const* aikit_error_request_id(aikit_error const* error) {
    return text_of(error, &Error::request_id);
}

char const* aikit_error_remote_detail(aikit_error const* error) {
    return text_of(error, &Error::remote_detail);
}

int32_t aikit_error_http_status(aikit_error const* error) {
    return value_of<int32_t>(error, 0, [](Error const& e) { return e.http_status; });
}

int32_t aikit_error_retryable(aikit_error const* error) {
    return value_of<int32_t>(error, 0, [](Error const& e) { return retryable(e) ? 1 : 0; });
}

int64_t aikit_error_retry_after_ms(aikit_error const* error) {
    return value_of<int64_t>(error, -1, [](Error const& e) { return e.retry_after ? e.retry_after->count() : -1; });
}

aikit_status aikit_error_json(aikit_error const* failed, aikit_bytes* out, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::shared_ptr<ErrorObject>> const object = object_of(failed, "failed");
        if (!object) return object.error();
        if (Result<void> given = required(out, "out"); !given) return given;
        *out = make_bytes(json_form::write_error((*object)->error));
        return ok();
    });
}

void aikit_error_free(aikit_error* error) {
    static_cast<void>(guard_entry(nullptr, [&]() -> Result<void> {
        static_cast<void>(take_object(error));
        return ok();
    }));
}
