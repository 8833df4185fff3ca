#!/bin/sh
# SPDX-License-Identifier: MIT
# A project that finds an installed aikit by pkg-config: build.sh COMPILER PACKAGE OUTPUT
set -eu
flags=$(pkg-config --cflags --libs "$2")
"$1" -std=c++20 -Wall -Werror "$(dirname "$0")/../hello.cpp" -o "$3" $flags
