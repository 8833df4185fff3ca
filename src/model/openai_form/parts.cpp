// SPDX-License-Identifier: MIT
// model/openai_form/parts.cpp - content parts: text, pictures, sounds, files, refusals.
#include "model/base64.hpp"
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

#include <aikit/core/no_destructor.hpp>

#include <array>

namespace aikit::inline v0::openai_form {

namespace {

// ---- data URIs (RFC 2397) ----

struct DataUri {
    std::string_view media_type;
    std::string_view base64;
};

std::optional<DataUri> split_data_uri(std::string_view url) {
    constexpr std::string_view scheme = "data:";
    constexpr std::string_view mark = ";base64,";
    std::size_t const at = url.find(mark);
    if (!url.starts_with(scheme) || at == std::string_view::npos) return std::nullopt;
    DataUri uri;
    uri.media_type = url.substr(scheme.size(), at - scheme.size());
    uri.base64 = url.substr(at + mark.size());
    return uri;
}

std::string data_uri(std::string_view media_type, std::string_view base64) {
    std::string uri = "data:";
    uri += media_type;
    uri += ";base64,";
    uri += base64;
    return uri;
}

/// Bytes when the text can be written again as it is from them, else a URL that keeps it.
void take_base64(MediaPart& part, std::string_view media_type, std::string_view base64) {
    part.media_type = std::string(media_type);
    if (std::optional<std::string> bytes = from_base64(base64)) {
        part.bytes = std::make_shared<std::string const>(std::move(*bytes));
    } else {
        part.url = data_uri(media_type, base64);
    }
}

void take_url(MediaPart& part, std::string_view url) {
    if (std::optional<DataUri> const uri = split_data_uri(url)) {
        take_base64(part, uri->media_type, uri->base64);
    } else {
        part.url = std::string(url);
    }
}

// ---- sounds: OpenAI names the format, not the media type ----

struct AudioFormat {
    std::string_view format;
    std::string_view media_type;
};
constexpr std::array<AudioFormat, 6> audio_formats{{
    {"mp3", "audio/mpeg"},
    {"wav", "audio/wav"},
    {"mp3", "audio/mp3"},
    {"wav", "audio/x-wav"},
    {"wav", "audio/wave"},
    {"m4a", "audio/mp4"},
}};
constexpr std::string_view audio_prefix = "audio/";

std::string media_type_of(std::string_view format) {
    for (AudioFormat const& one : audio_formats) {
        if (one.format == format) return std::string(one.media_type);
    }
    return std::string(audio_prefix) + std::string(format);
}

std::string_view format_of(std::string_view media_type) {
    for (AudioFormat const& one : audio_formats) {
        if (one.media_type == media_type) return one.format;
    }
    return media_type.starts_with(audio_prefix) ? media_type.substr(audio_prefix.size()) : media_type;
}

// ---- writing ----

void write_image(JsonWriter& out, MediaPart const& part) {
    out.key("type").text("image_url");
    out.key("image_url").begin_object();
    if (part.file_id.empty()) {
        out.key("url").text(media_url(part));
    } else {
        out.key("file_id").text(part.file_id);
    }
    if (!part.detail.empty()) out.key("detail").text(part.detail);
    out.end_object();
}

void write_audio(JsonWriter& out, MediaPart const& part) {
    std::optional<DataUri> const uri = split_data_uri(part.url);
    if (!part.bytes && !uri) {
        out.key("type").text("audio_url");
        out.key("audio_url").begin_object();
        out.key(part.url.empty() ? "file_id" : "url").text(part.url.empty() ? part.file_id : part.url);
        return out.end_object();
    }
    out.key("type").text("input_audio");
    out.key("input_audio").begin_object();
    out.key("data").text(part.bytes ? to_base64(*part.bytes) : std::string(uri->base64));
    out.key("format").text(format_of(part.media_type));
    out.end_object();
}

void write_document(JsonWriter& out, MediaPart const& part) {
    out.key("type").text("file");
    out.key("file").begin_object();
    if (!part.file_id.empty()) {
        out.key("file_id").text(part.file_id);
    } else {
        bool const inline_data = part.bytes || part.url.starts_with("data:");
        out.key(inline_data ? "file_data" : "file_url").text(media_url(part));
    }
    if (!part.name.empty()) out.key("filename").text(part.name);
    out.end_object();
}

/// Null when OpenAI's own endpoint takes the part, else what it is that it does not take.
char const* not_taken(MediaPart const& part) {
    bool const remote = !part.bytes && !part.url.empty() && !part.url.starts_with("data:");
    switch (part.kind) {
        case MediaPart::Kind::image: return part.file_id.empty() ? nullptr : "an image by file id";
        case MediaPart::Kind::document: return remote ? "a document by URL" : nullptr;
        case MediaPart::Kind::audio:
            return part.file_id.empty() ? (remote ? "a sound by URL" : nullptr) : "a sound by file id";
    }
    return nullptr;
}

std::string const& extra_of(Part const& part) {
    static NoDestructor<std::string> const none;
    if (auto const* text = std::get_if<TextPart>(&part)) return text->extra;
    if (auto const* media = std::get_if<MediaPart>(&part)) return media->extra;
    if (auto const* refusal = std::get_if<RefusalPart>(&part)) return refusal->extra;
    return *none;
}

void write_members(JsonWriter& out, Part const& part) {
    if (auto const* text = std::get_if<TextPart>(&part)) {
        out.key("type").text("text");
        out.key("text").text(text->text);
    } else if (auto const* refusal = std::get_if<RefusalPart>(&part)) {
        out.key("type").text("refusal");
        out.key("refusal").text(refusal->text);
    } else if (auto const* media = std::get_if<MediaPart>(&part)) {
        if (media->kind == MediaPart::Kind::image) write_image(out, *media);
        if (media->kind == MediaPart::Kind::audio) write_audio(out, *media);
        if (media->kind == MediaPart::Kind::document) write_document(out, *media);
    }
}

/// The part's object as its fields alone make it.
json::object canonical(Part const& part) {
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    write_members(out, part);
    out.end_object();
    Result<json::value> parsed = json_exact::parse(text, "part", Errc::internal);
    return parsed && parsed->is_object() ? std::move(parsed->get_object()) : json::object();
}

}  // namespace

std::string media_url(MediaPart const& part) {
    return part.bytes ? data_uri(part.media_type, to_base64(*part.bytes)) : part.url;
}

Result<void> write_part(JsonWriter& out, Part const& part, Style const& style, std::string const& path) {
    if (auto const* media = std::get_if<MediaPart>(&part)) {
        int const ways = (media->bytes ? 1 : 0) + (media->url.empty() ? 0 : 1) + (media->file_id.empty() ? 0 : 1);
        if (ways != 1) return wrong(path, "must have exactly one of bytes, url and file_id");
        char const* const refused = style.only_openai_parts ? not_taken(*media) : nullptr;
        if (refused != nullptr) {
            return fail(Errc::unsupported, std::string("This endpoint does not take ") + refused + " (" + path +
                                               "); give its bytes instead.");
        }
    }
    Extra const extra(extra_of(part));
    if (!extra.valid()) return wrong(path + ".extra", "must be a JSON object");
    if (extra.members().empty()) {
        out.begin_object();
        write_members(out, part);
        out.end_object();
        return ok();
    }
    if (extra.find("type") != nullptr) {  // a kind of its own
        out.object(extra.members());
        return ok();
    }
    json::object whole = canonical(part);
    overlay(whole, extra.members());
    out.object(whole);
    return ok();
}

namespace {

/// Reads texts out of an object and keeps the first thing that was wrong.
class Texts {
public:
    Texts(json::object const& object, std::string path) : object_(object), path_(std::move(path)) {}

    /// The text; empty when it is missing or null.
    std::string optional(std::string_view key) {
        json::value const* value = object_.if_contains(key);
        if (value == nullptr || value->is_null()) return {};
        if (json::string const* text = value->if_string()) return std::string(*text);
        if (!failed_) failed_ = wrong(path_ + "." + std::string(key), "must be a string");
        return {};
    }

    std::string required(std::string_view key) {
        json::value const* value = object_.if_contains(key);
        if ((value == nullptr || value->is_null()) && !failed_) {
            failed_ = wrong(path_ + "." + std::string(key), "is missing");
        }
        return optional(key);
    }

    std::optional<Error> const& failed() const noexcept { return failed_; }

private:
    json::object const& object_;
    std::string path_;
    std::optional<Error> failed_;
};

Result<MediaPart> read_image(json::object const& given, std::string const& path) {
    MediaPart part;
    json::value const* image = given.if_contains("image_url");
    if (image != nullptr && image->is_string()) {
        take_url(part, image->get_string());
        return part;
    }
    if (image == nullptr || !image->is_object()) return wrong(path + ".image_url", "must be an object with a url");
    Texts texts(image->get_object(), path + ".image_url");
    part.file_id = texts.optional("file_id");
    part.detail = texts.optional("detail");
    std::string const url = part.file_id.empty() ? texts.required("url") : std::string();
    if (texts.failed()) return *texts.failed();
    if (!url.empty()) take_url(part, url);
    if (url.empty() && part.file_id.empty()) return wrong(path + ".image_url.url", "must not be empty");
    return part;
}

Result<MediaPart> read_audio(json::object const& given, std::string const& path) {
    MediaPart part;
    part.kind = MediaPart::Kind::audio;
    if (json::value const* remote = given.if_contains("audio_url"); remote != nullptr && remote->is_object()) {
        Texts texts(remote->get_object(), path + ".audio_url");
        part.file_id = texts.optional("file_id");
        part.url = part.file_id.empty() ? texts.required("url") : std::string();
        if (texts.failed()) return *texts.failed();
        return part;
    }
    json::value const* audio = given.if_contains("input_audio");
    if (audio == nullptr || !audio->is_object()) {
        return wrong(path + ".input_audio", "must be an object with data and format");
    }
    Texts texts(audio->get_object(), path + ".input_audio");
    std::string const data = texts.required("data");
    std::string const format = texts.required("format");
    if (texts.failed()) return *texts.failed();
    take_base64(part, media_type_of(format), data);
    return part;
}

Result<MediaPart> read_document(json::object const& given, std::string const& path) {
    MediaPart part;
    part.kind = MediaPart::Kind::document;
    json::value const* file = given.if_contains("file");
    if (file == nullptr || !file->is_object()) return wrong(path + ".file", "must be an object");
    Texts texts(file->get_object(), path + ".file");
    part.file_id = texts.optional("file_id");
    part.name = texts.optional("filename");
    std::string const data = texts.optional("file_data");
    std::string const url = texts.optional("file_url");
    if (texts.failed()) return *texts.failed();
    if (!part.file_id.empty()) return part;
    if (data.empty() && url.empty()) return wrong(path + ".file", "must have file_id or file_data");
    take_url(part, data.empty() ? url : data);
    return part;
}

/// The part, its `extra` not yet filled.
Result<Part> read_known(json::object const& given, std::string const& path, std::string_view type) {
    auto const as_part = [](Result<MediaPart> media) -> Result<Part> {
        if (!media) return media.error();
        return Part(std::move(*media));
    };
    if (type == "image_url") return as_part(read_image(given, path));
    if (type == "input_audio" || type == "audio_url") return as_part(read_audio(given, path));
    if (type == "file") return as_part(read_document(given, path));
    Texts texts(given, path);
    if (type == "refusal") {
        RefusalPart refusal;
        refusal.text = texts.required("refusal");
        if (texts.failed()) return *texts.failed();
        return Part(std::move(refusal));
    }
    TextPart text;
    if (type == "text") text.text = texts.required("text");
    if (texts.failed()) return *texts.failed();
    return Part(std::move(text));
}

}  // namespace

Result<Part> read_part(json::value const& given, std::string const& path) {
    json::object const* object = given.if_object();
    if (object == nullptr) return wrong(path, "must be an object with a type");
    Texts texts(*object, path);
    std::string const type = texts.required("type");
    if (texts.failed()) return *texts.failed();

    Result<Part> part = read_known(*object, path, type);
    if (!part) return part;
    bool const known = type != "text" ? !std::holds_alternative<TextPart>(*part) : true;
    std::string extra = extra_text(known ? difference(*object, canonical(*part)) : *object);
    if (auto* text = std::get_if<TextPart>(&*part)) {
        text->extra = std::move(extra);
    } else if (auto* media = std::get_if<MediaPart>(&*part)) {
        media->extra = std::move(extra);
    } else if (auto* refusal = std::get_if<RefusalPart>(&*part)) {
        refusal->extra = extra.empty() ? "{}" : std::move(extra);
    }
    return part;
}

}  // namespace aikit::inline v0::openai_form
