# SPDX-License-Identifier: MIT
"""Builds and runs a consumer's program against an aikit that was installed, moved, or is a part of its sources.

    consume.py install BUILD SCRATCH               installs a build and moves it, for the two below
    consume.py find_package|pkg_config SCRATCH LIBRARY COMPILER
    consume.py add_subdirectory SCRATCH LIBRARY COMPILER ROOT

LIBRARY is aikit (the static one), aikit_shared or (of a program in C) aikit_c.
"""

import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def run(*command, **environment):
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL,
                   env=dict(os.environ, **{name: str(value) for name, value in environment.items()}))


def prefix_of(scratch):
    return scratch / "moved" / "here"


def library_folder(scratch):
    """Where the libraries are below the prefix: lib, or lib/<machine>."""
    return next(prefix_of(scratch).rglob("libaikit.a")).parent


def install(build, scratch):
    shutil.rmtree(scratch, ignore_errors=True)
    run("cmake", "--install", build, "--prefix", scratch / "first")
    prefix_of(scratch).parent.mkdir(parents=True)
    (scratch / "first").rename(prefix_of(scratch))  # nothing in it may know where it was put
    installed = prefix_of(scratch)
    for text in [*installed.rglob("*.cmake"), *installed.rglob("*.pc")]:
        content = text.read_text()
        for place in (str(scratch), str(build)):
            if place in content:
                raise SystemExit(f"{text.name} knows the place {place}")
    if not (installed / "share/doc/aikit/LICENSE").is_file():
        raise SystemExit("the licence is not installed")


def build_with_cmake(source, scratch, library, compiler, *options, **environment):
    folder = scratch / f"{source}-{library}"
    shutil.rmtree(folder, ignore_errors=True)
    run("cmake", "-S", HERE / source, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG", f"-DCMAKE_{'C' if library == 'aikit_c' else 'CXX'}_COMPILER={compiler}",
        f"-DLIBRARY={library}", *options)
    run("cmake", "--build", folder, "-j", "2", "--target", "hello")
    run(folder / "hello", **environment)


def find_package(scratch, library, compiler):
    build_with_cmake("find_package_c" if library == "aikit_c" else "find_package", scratch, library, compiler, f"-DCMAKE_PREFIX_PATH={prefix_of(scratch)}")


def pkg_config(scratch, library, compiler):
    folder = library_folder(scratch)
    package = {"aikit": "aikit-static", "aikit_shared": "aikit", "aikit_c": "aikit-c"}[library]
    output = scratch / f"hello-{package}"
    run(HERE / "pkg_config/build.sh", compiler, package, output, PKG_CONFIG_PATH=folder / "pkgconfig")
    run(output, LD_LIBRARY_PATH="" if library == "aikit" else folder)


def add_subdirectory(scratch, library, compiler, root):
    launcher = shutil.which("ccache")
    options = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"] if launcher else []
    # The same flags as our own build, so that the compiler's cache knows the objects.
    build_with_cmake("add_subdirectory", scratch, library, compiler, f"-DAIKIT_DIRECTORY={root}", "-DAIKIT_WERROR=ON", *options)


if __name__ == "__main__":
    kind = sys.argv[1]
    if kind == "install":
        install(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    else:
        {"find_package": find_package, "pkg_config": pkg_config, "add_subdirectory": add_subdirectory}[kind](
            pathlib.Path(sys.argv[2]), *sys.argv[3:])
