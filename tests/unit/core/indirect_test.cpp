// SPDX-License-Identifier: MIT
// tests/unit/core/indirect_test.cpp - a value on the heap is a value.
#include <aikit/core/indirect.hpp>

#include <doctest/doctest.h>

#include <string>

using aikit::Indirect;

TEST_CASE("an indirect value reads as a default one until it is written") {
    Indirect<std::string> const never;
    CHECK(never->empty());
    Indirect<std::string> written;
    *written += "a";
    CHECK(*written == "a");
    CHECK(sizeof(Indirect<std::string>) == sizeof(void*));
}

TEST_CASE("a copy of an indirect value is of its own, and one moved from reads as a default one") {
    Indirect<std::string> first(std::string("first"));
    Indirect<std::string> second = first;
    *second = "second";
    CHECK(*first == "first");
    first = second;
    CHECK(*first == "second");
    Indirect<std::string> const third = std::move(first);
    CHECK(*third == "second");
    CHECK(first->empty());
    first = second;
    Indirect<std::string> const& itself = first;
    first = itself;
    CHECK(*first == "second");
}
