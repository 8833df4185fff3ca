// SPDX-License-Identifier: MIT
// capi/runtimes.cpp - the entries of runtimes, kits and operations.
#include "core/os/os.hpp"
#include "core/sha256.hpp"
#include "kit.hpp"
#include "requests.hpp"

#include <aikit/core/wait.hpp>

#include <cstdlib>
#include <map>

using namespace aikit;
using namespace aikit::capi;

namespace {

/// Ends what is still there when the process exits or the library is unloaded. Handlers run in the reverse of their
/// order, so this comes after OpenSSL has noted its own: its threads must have ended before it cleans up.
void end_at_exit() {
    static bool const noted = [] {
        static_cast<void>(sha256({}));
        return std::atexit(RuntimeObject::end_all) == 0;
    }();
    static_cast<void>(noted);
}

Result<std::shared_ptr<RuntimeObject>> runtime_for(aikit_runtime* handle, KitConfig const& config) {
    if (handle == nullptr) return RuntimeObject::create(config.runtime, Callbacks::on_loop);
    Result<std::shared_ptr<RuntimeObject>> runtime = object_of(handle, "runtime");
    if (runtime && !(*runtime)->usable()) return fail(Errc::invalid_state, "The runtime has ended.");
    return runtime;
}

/// Asks the host for each key that the configuration names, and keeps the answers for the kit that is opened.
Result<void> ask_keys(aikit_key_cb keys, void* user, KitConfig& config) {
    constexpr std::string_view lead = "callback:";
    constexpr std::size_t room = 65'536;
    auto const given = std::make_shared<std::map<std::string, Secret>>();
    std::string memory(room, '\0');
    for (ProviderConfig const& provider : config.providers) {
        for (std::string const* reference : {&provider.api_key, &provider.auth_token, &provider.credentials}) {
            if (!reference->starts_with(lead)) continue;
            std::string const name = reference->substr(lead.size());
            if (given->contains(name)) continue;
            std::size_t const size = keys(user, name.data(), name.size(), memory.data(), room);
            if (size <= room) given->emplace(name, Secret(std::string_view(memory).substr(0, size)));
            os::overwrite(memory.data(), memory.size());
            if (size > room) {
                return fail(Errc::invalid_argument, "The key '" + name + "' that the callback gave is longer than " +
                                                        std::to_string(room) + " bytes.");
            }
        }
    }
    config.keys = [given](std::string const& name) -> Result<Secret> {
        auto const found = given->find(name);
        return found == given->end() ? Secret() : found->second;
    };
    return ok();
}

}  // namespace

aikit_status aikit_runtime_create(char const* config, size_t config_size, aikit_runtime** out, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::string_view> const text = optional_text(config, config_size, "config");
        if (!text) return text.error();
        if (Result<void> given = required(out, "out"); !given) return given;
        Result<RuntimeRequest> request = read_runtime(*text);
        if (!request) return request.error();
        end_at_exit();
        RuntimeObject::end_postponed();
        Result<std::shared_ptr<RuntimeObject>> runtime =
            RuntimeObject::create(std::move(request->config), request->callbacks);
        if (!runtime) return runtime.error();
        *out = make_handle<aikit_runtime>(std::move(*runtime));
        return ok();
    });
}

aikit_status aikit_runtime_wait_handle(aikit_runtime* runtime, int32_t* out, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::shared_ptr<RuntimeObject>> const object = object_of(runtime, "runtime");
        if (!object) return object.error();
        if (Result<void> given = required(out, "out"); !given) return given;
        Result<int> const descriptor = (*object)->wait_handle();
        if (!descriptor) return descriptor.error();
        *out = *descriptor;
        return ok();
    });
}

aikit_status aikit_runtime_dispatch(aikit_runtime* runtime, size_t* ran, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::shared_ptr<RuntimeObject>> const object = object_of(runtime, "runtime");
        if (!object) return object.error();
        Result<std::size_t> const done = (*object)->dispatch();
        if (!done) return done.error();
        RuntimeObject::end_postponed();
        if (ran != nullptr) *ran = *done;
        return ok();
    });
}

aikit_status aikit_runtime_poll(aikit_runtime* runtime, int32_t timeout_ms, size_t* ran, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::shared_ptr<RuntimeObject>> const object = object_of(runtime, "runtime");
        if (!object) return object.error();
        auto const wait = timeout_ms < 0 ? std::chrono::milliseconds(std::chrono::hours(24 * 365))
                                         : std::chrono::milliseconds(timeout_ms);
        Result<std::size_t> const done = (*object)->poll(wait);
        if (!done) return done.error();
        RuntimeObject::end_postponed();
        if (ran != nullptr) *ran = *done;
        return ok();
    });
}

void aikit_runtime_free(aikit_runtime* runtime) {
    static_cast<void>(guard_entry(nullptr, [&]() -> Result<void> {
        std::shared_ptr<RuntimeObject> const object = take_object(runtime);
        if (object) object->end();
        RuntimeObject::end_postponed();
        return ok();
    }));
}

aikit_status aikit_config_from_env(char const* path, size_t path_size, aikit_bytes* out, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::string_view> const text = optional_text(path, path_size, "path");
        if (!text) return text.error();
        if (Result<void> given = required(out, "out"); !given) return given;
        Result<KitConfig> const config = KitConfig::from_env(std::string(*text));
        if (!config) return config.error();
        return hand_out(config->to_json(), out);
    });
}

aikit_status aikit_kit_open(aikit_runtime* runtime, char const* config, size_t config_size, aikit_kit** out,
                            aikit_error** error) {
    return aikit_kit_open_with_keys(runtime, config, config_size, nullptr, nullptr, out, error);
}

aikit_status aikit_kit_open_with_keys(aikit_runtime* runtime, char const* config, size_t config_size, aikit_key_cb keys,
                                      void* user, aikit_kit** out, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::string_view> const text = required_text(config, config_size, "config");
        if (!text) return text.error();
        if (Result<void> given = required(out, "out"); !given) return given;
        Result<KitConfig> read = KitConfig::from_json(*text);
        if (!read) return read.error();
        if (read->http.user_agent.empty()) read->http.user_agent = "aikit/" AIKIT_VERSION_STRING " (c)";
        if (keys != nullptr && read->replay.empty()) {
            if (Result<void> asked = ask_keys(keys, user, *read); !asked) return asked;
        }
        end_at_exit();
        RuntimeObject::end_postponed();
        Result<std::shared_ptr<RuntimeObject>> object = runtime_for(runtime, *read);
        if (!object) return object.error();
        bool const owned = runtime == nullptr;
        Result<Kit> kit = sync::wait((*object)->runtime(), Kit::open((*object)->runtime(), std::move(*read)));
        if (!kit) {
            if (owned) (*object)->end();
            return kit.error();
        }
        auto opened = std::make_shared<KitObject>(*object, owned, std::move(*kit));
        (*object)->add(opened);
        *out = make_handle<aikit_kit>(std::move(opened));
        return ok();
    });
}

aikit_status aikit_kit_flush(aikit_kit* kit, aikit_error** error) {
    return blocking(kit, error, [](KitPointer const& object) {
        return sync::wait(object->runtime->runtime(), object->kit.flush());
    });
}

aikit_status aikit_kit_close(aikit_kit* kit, aikit_error** error) {
    return blocking(kit, error, [](KitPointer const& object) -> Result<void> {
        if (object->runtime->runtime().on_own_thread()) {
            return fail(Errc::invalid_state, "A call that blocks on a thread of the runtime would wait for itself.");
        }
        return object->close(true);
    });
}

void aikit_kit_free(aikit_kit* kit) {
    static_cast<void>(guard_entry(nullptr, [&]() -> Result<void> {
        KitPointer const object = take_object(kit);
        if (object && object->owns_runtime) object->runtime->end();
        RuntimeObject::end_postponed();
        return ok();
    }));
}

aikit_status aikit_op_cancel(aikit_op* op) {
    return guard_entry(nullptr, [&]() -> Result<void> {
        Result<std::shared_ptr<Op>> const object = object_of(op, "op");
        if (!object) return object.error();
        (*object)->cancel();
        return ok();
    });
}

aikit_status aikit_op_more(aikit_op* op, uint32_t events) {
    return guard_entry(nullptr, [&]() -> Result<void> {
        Result<std::shared_ptr<Op>> const object = object_of(op, "op");
        if (!object) return object.error();
        (*object)->more(events);
        return ok();
    });
}

aikit_status aikit_op_next(aikit_op* op, int32_t timeout_ms, aikit_bytes* event, int32_t* ended, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::shared_ptr<Op>> const object = object_of(op, "op");
        if (!object) return object.error();
        if (Result<void> given = required(event, "event"); !given) return given;
        if (Result<void> given = required(ended, "ended"); !given) return given;
        bool over = false;
        Result<std::optional<std::string>> const next = (*object)->next(timeout_ms, &over);
        if (!next) return next.error();
        *event = make_bytes(*next ? **next : std::string_view());
        *ended = over ? 1 : 0;
        return ok();
    });
}

aikit_status aikit_op_wait(aikit_op* op, int32_t timeout_ms, int32_t* ended, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::shared_ptr<Op>> const object = object_of(op, "op");
        if (!object) return object.error();
        if (Result<void> given = required(ended, "ended"); !given) return given;
        Result<bool> const over = (*object)->wait(timeout_ms);
        if (!over) return over.error();
        *ended = *over ? 1 : 0;
        return ok();
    });
}

aikit_status aikit_op_result(aikit_op* op, aikit_bytes* result, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::shared_ptr<Op>> const object = object_of(op, "op");
        if (!object) return object.error();
        Result<Reply> const* const outcome = (*object)->outcome();
        if (outcome == nullptr) return fail(Errc::invalid_state, "The operation has not ended yet.");
        if (result != nullptr) *result = make_bytes(*outcome ? (*outcome)->json : (*object)->partial());
        if (!*outcome) return outcome->error();
        return ok();
    });
}

aikit_status aikit_op_vectors(aikit_op* op, aikit_floats* out, aikit_error** error) {
    return guard_entry(error, [&]() -> Result<void> {
        Result<std::shared_ptr<Op>> const object = object_of(op, "op");
        if (!object) return object.error();
        if (Result<void> given = required(out, "out"); !given) return given;
        Result<std::vector<std::vector<float>>> const vectors = (*object)->take_vectors();
        if (!vectors) return vectors.error();
        *out = make_floats(*vectors);
        return ok();
    });
}

void aikit_op_free(aikit_op* op) {
    static_cast<void>(guard_entry(nullptr, [&]() -> Result<void> {
        std::shared_ptr<Op> const object = take_object(op);
        if (object) object->let_go();
        return ok();
    }));
}
