// SPDX-License-Identifier: MIT
// provider/carrier/media.cpp - bytes and data URIs as base64.
#include "provider/carrier/media.hpp"

#include "model/base64.hpp"
#include "model/openai_form/form.hpp"

#include <array>
#include <string_view>

namespace aikit::inline v0::provider::carrier {

namespace {

/// The same bytes in the one spelling that everybody reads.
std::string plain_base64(std::string_view given) {
    std::string text;
    text.reserve(given.size() + 3);
    for (char const c : given) {
        if (c == '=' || c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
        text += c == '-' ? '+' : c == '_' ? '/' : c;
    }
    while (text.size() % 4 != 0) text += '=';
    return text;
}

struct Ending {
    std::string_view ending;
    std::string_view media_type;
};

// IANA's names for what the providers take.
constexpr std::array<Ending, 24> endings{{
    {"png", "image/png"},       {"jpg", "image/jpeg"},        {"jpeg", "image/jpeg"},     {"gif", "image/gif"},
    {"webp", "image/webp"},     {"heic", "image/heic"},       {"heif", "image/heif"},     {"bmp", "image/bmp"},
    {"pdf", "application/pdf"}, {"txt", "text/plain"},        {"md", "text/markdown"},    {"html", "text/html"},
    {"csv", "text/csv"},        {"json", "application/json"}, {"xml", "text/xml"},        {"mp3", "audio/mpeg"},
    {"wav", "audio/wav"},       {"ogg", "audio/ogg"},         {"flac", "audio/flac"},     {"aac", "audio/aac"},
    {"m4a", "audio/mp4"},       {"mp4", "video/mp4"},         {"mov", "video/quicktime"}, {"webm", "video/webm"},
}};

}  // namespace

std::string media_type_of(MediaPart const& part) {
    if (!part.media_type.empty()) return part.media_type;
    std::string_view path = part.url;
    path = path.substr(0, path.find_first_of("?#"));
    std::size_t const dot = path.rfind('.');
    if (dot == std::string_view::npos) return {};
    std::string ending(path.substr(dot + 1));
    for (char& c : ending) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    for (Ending const& one : endings) {
        if (one.ending == ending) return std::string(one.media_type);
    }
    return {};
}

std::optional<InlineMedia> inline_media(MediaPart const& part) {
    InlineMedia media;
    if (part.bytes) {
        media.media_type = part.media_type;
        media.base64 = to_base64(*part.bytes);
        return media;
    }
    constexpr std::string_view scheme = "data:";
    constexpr std::string_view mark = ";base64,";
    std::string_view const url = part.url;
    std::size_t const at = url.find(mark);
    if (!url.starts_with(scheme) || at == std::string_view::npos) return std::nullopt;
    media.media_type = std::string(url.substr(scheme.size(), at - scheme.size()));
    if (media.media_type.empty()) media.media_type = part.media_type;
    media.base64 = plain_base64(url.substr(at + mark.size()));
    return media;
}

bool is_foreign(TextPart const& part) {
    if (!part.text.empty() || part.extra.empty()) return false;
    openai_form::Extra const extra(part.extra);
    return extra.valid() && extra.find("type") != nullptr;
}

Error foreign_part(std::string const& path) {
    return fail(Errc::unsupported, "The request holds a part of a kind (" + path +
                                       ") that this provider has no form for; leave it out or give it as text.");
}

}  // namespace aikit::inline v0::provider::carrier
