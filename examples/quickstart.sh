#!/bin/sh
# SPDX-License-Identifier: MIT
# examples/quickstart.sh - from a bare Debian 12 to a cited, costed answer.
#
#   examples/quickstart.sh [FOLDER [QUESTION]]
#
# Without FOLDER the documents are three manuals of Debian's, fetched into build/ and not installed; without network,
# aikit's own documentation. The built-in provider answers: no key and no model is needed.
set -eu

paths=
if [ $# -gt 0 ]; then
    if [ ! -d "$1" ]; then
        echo "quickstart: there is no folder $1" >&2
        exit 2
    fi
    paths=$(cd "$1" && pwd)
fi
question=${2:-}
cd "$(dirname "$0")/.."
mkdir -p build

# Runs a command whose output matters only when it fails.
quietly() {
    if ! "$@" >build/quickstart.log 2>&1; then
        tail -n 40 build/quickstart.log >&2
        echo "quickstart: this failed: $*" >&2
        exit 1
    fi
}

began=$(date +%s)
./cmake/setup.sh build >build/setup.log 2>&1 || { tail -n 20 build/setup.log >&2; exit 1; }
packages=$(($(date +%s) - began))
[ "$packages" -lt 2 ] || echo "Installed what was missing in $packages seconds."

[ -e build/release/build.ninja ] || quietly cmake --preset release
if [ -t 1 ]; then
    cmake --build build/release --target aikit_command
else
    [ -e build/release/bin/aikit ] || echo "Building the aikit command..."
    quietly cmake --build build/release --target aikit_command
fi
built=$(($(date +%s) - began - packages))
[ "$built" -lt 2 ] || echo "Built aikit in $built seconds."

store=build/quickstart.db
if [ -n "$paths" ]; then
    store=build/quickstart-$(printf '%s' "$paths" | cksum | cut -d' ' -f1).db
    question=${question:-What is this about?}
elif ./cmake/setup.sh documents 2>build/setup.log; then
    paths=build/documents
    question=${question:-When may a package be uploaded by a non-maintainer?}
else
    echo "There is no network: asking aikit's own documentation."
    paths="README.md src/README.md tests/README.md"
    store=build/quickstart-own.db
    question=${question:-Who can make a stream complete?}
fi

aikit() {
    printf '\n$ aikit'
    for word in "$@"; do
        case "$word" in
        *[!A-Za-z0-9_./-]*) printf ' "%s"' "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    build/release/bin/aikit --store "$store" "$@"
}

# The list of paths is split on purpose; a folder of the user's is one word.
if [ -d "$paths" ]; then aikit ingest docs "$paths"; else aikit ingest docs $paths; fi
aikit ask docs "$question"
aikit ask docs "How many moons does the planet Jupiter have?"
aikit cost --by model
