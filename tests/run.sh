#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/run.sh - builds and runs the tests; ends with "N passed, N failed, N skipped".
#
#   tests/run.sh                format, release and asan, as continuous integration does
#   tests/run.sh all            every stage
#   tests/run.sh LABEL...       the tests of these labels in the release build: core, net, loopback, cli, rules, ...
#   tests/run.sh recordings     recordings replayed through the command, and what passed by provider, surface and kind
#   tests/run.sh STAGE...       format, release, asan, tsan, clang, tidy, fuzz; tests/README.md says what each does
#   tests/run.sh fuzz           libFuzzer over every target, AIKIT_FUZZ_SECONDS each (60)
#   tests/run.sh coverage       lines and branches that the unit and loopback tests reach
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
./cmake/setup.sh build test tokens

jobs=${AIKIT_JOBS:-$(nproc)}
passed=0 failed=0 skipped=0
log=build/tests.log

say() { printf '\n== %s\n' "$*"; }

count() {
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# Runs a command that counts as one test; its output is shown when it fails.
one() {
    what=$1
    shift
    began=$(date +%s)
    if "$@" >$log 2>&1; then
        echo "passed: $what ($(($(date +%s) - began)) s)"
        count 1 0 0
    else
        tail -n 120 $log
        echo "FAILED: $what"
        count 0 1 0
        return 1
    fi
}

build() { # PRESET TARGET...
    preset=$1
    shift
    cmake --preset "$preset" && cmake --build --preset "$preset" -j "$jobs" --target "$@"
}

# Runs ctest in a build and adds up what it says: PRESET [CTEST ARGUMENTS]
tests() {
    preset=$1
    shift
    results=$PWD/build/$preset/results.xml
    rm -f "$results"
    (cd "build/$preset" && ctest -j "$jobs" --output-on-failure --no-tests=error --output-junit "$results" "$@" >"$OLDPWD/$log" 2>&1) || true
    # Only what did not pass is worth a line.
    grep -v -E '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test .* Passed )|^$' $log || true
    if ! counts=$(python3 -B tests/count.py "$results"); then
        count 0 1 0
        return
    fi
    count $counts
}

stage_release() {
    say "release: everything"
    one "the release build" build release all && tests release "$@" || true
}

stage_asan() {
    say "asan: unit and loopback tests with the address and undefined-behaviour sanitizers"
    one "the asan build" build asan tests_asan && tests asan -L "$(cat build/asan/tests/asan_labels)" || true
}

stage_tsan() {
    say "tsan: what runs on several threads, with the thread sanitizer"
    one "the tsan build" build tsan tests_tsan && tests tsan -L "$(cat build/tsan/tests/tsan_labels)" || true
}

stage_clang() {
    say "clang: the library and each public header with the second compiler"
    one "the clang build" build clang aikit headers_alone || true
}

stage_tidy() {
    say "tidy: clang-tidy over the sources"
    [ -e build/clang/compile_commands.json ] || cmake --preset clang >/dev/null
    one "clang-tidy" python3 -B tests/tidy.py build/clang "$jobs" || true
}

# clang-format 14 calls it a change when it writes the comment behind an inline namespace as it stands, so what it makes
# of each file is compared with the file.
format_is_right() {
    wrong=0
    for file in $(find include src capi bindings tests examples -name '*.hpp' -o -name '*.cpp' -o -name '*.ipp' -o -name '*.h' -o -name '*.c'); do
        clang-format-14 "$file" | cmp -s - "$file" || { echo "$file is not formatted; run clang-format-14 -i on it" && wrong=1; }
    done
    return $wrong
}

stage_format() {
    say "format: clang-format"
    one "clang-format" format_is_right || true
}

# What it finds stays in build/fuzz; what is mended belongs into tests/fuzz/corpus/TARGET, where the tests replay it.
stage_fuzz() {
    say "fuzz: arbitrary bytes for everything that reads what others wrote"
    one "the fuzz build" build fuzz fuzzer || return 0
    fuzzer=$PWD/build/fuzz/bin/fuzzer
    for target in $(AIKIT_FUZZ=seeds "$fuzzer" build/fuzz/seeds); do
        found=build/fuzz/found/$target
        mkdir -p "$found" "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target"
        if AIKIT_FUZZ=$target one "$target" "$fuzzer" -max_total_time="${AIKIT_FUZZ_SECONDS:-60}" -print_final_stats=1 -max_len=65536 \
            -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$found/" "build/fuzz/corpus/$target" "build/fuzz/seeds/$target" "tests/fuzz/corpus/$target"; then
            sed -n 's/^stat::\(number_of_executed_units\|average_exec_per_sec\): */  \1 /p' $log
            grep -o 'cov: [0-9]*' $log | tail -n 1 | sed 's/^/  /'
        fi
        rmdir "tests/fuzz/corpus/$target" 2>/dev/null || true
    done
}

coverage() {
    build coverage tests_asan >$log 2>&1 || { tail -n 120 $log; exit 1; }
    find build/coverage -name '*.gcda' -delete
    (cd build/coverage && ctest -j "$jobs" --output-on-failure -L "$(cat tests/asan_labels)" | tail -n 15)
    mkdir -p build/coverage/report
    gcovr --root . --object-directory build/coverage --filter 'src/' --filter 'include/' --exclude-throw-branches \
        --exclude-unreachable-branches --gcov-ignore-parse-errors --html-details build/coverage/report/index.html \
        --txt - --print-summary
    echo "The report's pages are in build/coverage/report."
}

[ $# -gt 0 ] || set -- format release asan
[ "$*" != all ] || set -- format release asan tsan clang tidy
labels= groups=
for name in "$@"; do
    case "$name" in
    coverage)
        coverage
        exit
        ;;
    release | asan | tsan | clang | tidy | format | fuzz) "stage_$name" ;;
    *) labels="$labels${labels:+|}$name" groups="$groups tests_$name" ;;
    esac
done
if [ -n "$labels" ]; then
    say "release: $labels"
    # A label whose tests are programs of their own is built alone; others need all there is.
    cmake --preset release >$log 2>&1 || { tail -n 40 $log; exit 1; }
    for group in $groups; do
        ninja -C build/release -t query "$group" >/dev/null 2>&1 || groups=all
    done
    one "the release build" build release $groups && tests release -L "^($labels)\$" || true
    case "|$labels|" in *"|recordings|"*) cat build/release/recordings.txt || true ;; esac
fi

printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
