// SPDX-License-Identifier: MIT
// Covers src/provider/carrier/media: what a picture or document comes to in a request.
#include "provider/carrier/media.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

using namespace aikit;

namespace {

MediaPart at(std::string url) {
    MediaPart part;
    part.url = std::move(url);
    return part;
}

}  // namespace

TEST_CASE("a data URI means the same bytes however its base64 is spelled") {
    // RFC 4648 section 10 and, for the letters that differ, the bytes fb ff fe.
    for (auto const& [url, type, base64] :
         std::vector<std::array<char const*, 3>>{{"data:image/png;base64,Zm9vYg==", "image/png", "Zm9vYg=="},
                                                 {"data:image/png;base64,Zm9vYg", "image/png", "Zm9vYg=="},
                                                 {"data:image/png;base64,Zm9v\r\nYg==\n", "image/png", "Zm9vYg=="},
                                                 {"data:image/png;base64,-__-", "image/png", "+//+"},
                                                 {"data:;base64,Zm9v", "", "Zm9v"}}) {
        CAPTURE(url);
        std::optional<provider::carrier::InlineMedia> const media = provider::carrier::inline_media(at(url));
        REQUIRE(media.has_value());
        CHECK(media->media_type == type);
        CHECK(media->base64 == base64);
    }
    MediaPart bytes;
    bytes.bytes = std::make_shared<std::string const>("foob");
    bytes.media_type = "image/gif";
    CHECK(provider::carrier::inline_media(bytes)->base64 == "Zm9vYg==");
    CHECK(provider::carrier::inline_media(bytes)->media_type == "image/gif");
    for (char const* url : {"https://example.com/a;base64,Zm9v", "data:text/plain,hello", "file-1", ""}) {
        CAPTURE(url);
        CHECK(!provider::carrier::inline_media(at(url)));
    }
}

TEST_CASE("what stands elsewhere is of the kind that its address ends in, unless it is told") {
    for (auto const& [url, type] :
         std::vector<std::array<char const*, 2>>{{"https://a.example/b.png", "image/png"},
                                                 {"https://a.example/b.PDF?x=.png#c", "application/pdf"},
                                                 {"gs://bucket/film.mp4", "video/mp4"},
                                                 {"https://a.example/b", ""},
                                                 {"https://a.example/b.unheard", ""}}) {
        CAPTURE(url);
        CHECK(provider::carrier::media_type_of(at(url)) == type);
    }
    MediaPart told = at("https://a.example/b.png");
    told.media_type = "image/webp";
    CHECK(provider::carrier::media_type_of(told) == "image/webp");
}
