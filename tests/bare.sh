#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/bare.sh - proves on a bare Debian 12 what the README promises. Not a part of tests/run.sh; needs root.
#
#   tests/bare.sh FOLDER [WHAT...]
#
# Makes FOLDER/root with debootstrap (once), puts a clone of the last commit and of ../shared in, enters it, and does
# WHAT: quickstart (twice, with times; the default), tests, setup, shell, or `run COMMAND`. Packages come from where
# this machine gets its own.
set -eu
if [ $# -lt 1 ] || [ "$(id -u)" != 0 ]; then
    echo "usage: tests/bare.sh FOLDER [quickstart] [tests] [setup] [shell] [run COMMAND], as root" >&2
    exit 2
fi
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- quickstart
cd "$(dirname "$0")/.."
root=$folder/root

# The Debian archives this machine uses, as lines of a sources.list.
archives() {
    apt-get indextargets --format '$(ORIGIN) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sed -n 's/^Debian //p' | sort -u
}

make_root() {
    command -v debootstrap >/dev/null || apt-get -q install -y --no-install-recommends debootstrap
    mirror=$(archives | awk '$3 == "bookworm" { print $2; exit }')
    if [ -z "$mirror" ]; then
        echo "bare: this machine has no archive of Debian 12 among its sources; run apt-get update first" >&2
        exit 1
    fi
    debootstrap --variant=minbase bookworm "$root.part" "$mirror" >"$folder/debootstrap.log" 2>&1 || {
        tail -n 20 "$folder/debootstrap.log" >&2
        exit 1
    }
    archives >"$root.part/etc/apt/sources.list"
    apt-config dump | grep -iE '^Acquire::(http|https)::' >"$root.part/etc/apt/apt.conf.d/90host" || true
    mv "$root.part" "$root"
}

put_sources_in() {
    rm -rf "$root/src/aikit" "$root/src/shared"
    mkdir -p "$root/src"
    git clone -q . "$root/src/aikit"
    if [ -d ../shared ]; then cp -r ../shared "$root/src/shared"; fi
    cp /etc/resolv.conf "$root/etc/resolv.conf"
}

# Runs a command inside, in a mount namespace of its own: nothing stays mounted afterwards.
inside() {
    unshare --mount sh -c '
        root=$1
        shift
        mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc" && mount -t tmpfs tmpfs "$root/tmp"
        exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 CI=true \
            ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
            sh -c "cd /src/aikit && $*"' bare "$root" "$@" </dev/null
}

timed() {
    what=$1
    shift
    began=$(date +%s)
    "$@"
    echo "== $what took $(($(date +%s) - began)) seconds"
}

[ -d "$root" ] || timed "debootstrap" make_root
put_sources_in
while [ $# -gt 0 ]; do
    case "$1" in
    quickstart)
        timed "the first quickstart" inside ./examples/quickstart.sh
        timed "the second quickstart" inside ./examples/quickstart.sh
        ;;
    tests) timed "tests/run.sh" inside ./tests/run.sh ;;
    setup) timed "setup" inside ./cmake/setup.sh build ;;
    shell) unshare --mount chroot "$root" sh -c 'cd /src/aikit && exec bash' ;;
    run)
        timed "$2" inside "$2"
        shift
        ;;
    *)
        echo "bare: there is no '$1'" >&2
        exit 2
        ;;
    esac
    shift
done
