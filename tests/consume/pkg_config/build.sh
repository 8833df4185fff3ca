#!/bin/sh
# SPDX-License-Identifier: MIT
# A project that finds an installed aikit by pkg-config: build.sh COMPILER PACKAGE OUTPUT
set -eu
flags=$(pkg-config --cflags --libs "$2")
cd "$(dirname "$0")/.."
case "$2" in
aikit-c) "$1" -std=c11 -Wall -Wextra -pedantic -Werror hello.c -o "$3" $flags ;;
*) "$1" -std=c++20 -Wall -Werror hello.cpp -o "$3" $flags ;;
esac
