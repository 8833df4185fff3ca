# SPDX-License-Identifier: MIT
"""Puts libaikit_c.so.1 into the package: that of AIKIT_LIBRARY, else one built here with CMake, in build/python of the
checkout. A package that holds it already, or a system that has it, needs neither."""

import ctypes
import os
import pathlib
import shutil
import subprocess

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # older ones leave it to wheel
    from wheel.bdist_wheel import bdist_wheel

HERE = pathlib.Path(__file__).resolve().parent
NAME = "libaikit_c.so.1"


def system_has_it():
    try:
        ctypes.CDLL(NAME)
    except OSError:
        return False
    return True


def build():
    """The library, made from the checkout that this package is part of."""
    root = HERE.parents[1]
    if not (root / "capi/aikit.h").is_file():
        raise SystemExit(f"aikit: there is no {NAME} here and no source to build it from: install from a checkout, or "
                         "set AIKIT_LIBRARY to the library's path.")
    if not shutil.which("cmake"):
        raise SystemExit("aikit: building the library needs CMake, a C++20 compiler and some libraries; "
                         "cmake/setup.sh installs them on Debian.")
    folder = root / "build/python"
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG", "-DAIKIT_BUILD_SHARED=OFF",
               "-DAIKIT_BUILD_COMMAND=OFF", "-DAIKIT_BUILD_TESTS=OFF", "-DAIKIT_WERROR=OFF"]
    if shutil.which("ninja") and not (folder / "CMakeCache.txt").is_file():
        options += ["-G", "Ninja"]
    subprocess.run(["cmake", "-S", root, "-B", folder, *options], check=True)
    subprocess.run(["cmake", "--build", folder, "-j", str(os.cpu_count() or 1), "--target", "aikit_c"], check=True)
    return folder / "capi" / NAME


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        given = os.environ.get("AIKIT_LIBRARY")
        target = pathlib.Path(self.build_lib) / "aikit" / NAME
        for page in ("LICENSE", "NOTICE"):  # of what the library holds
            if (HERE.parents[1] / page).is_file():
                shutil.copyfile(HERE.parents[1] / page, target.with_name(page))
        if target.is_file() or (not given and system_has_it()):
            return
        shutil.copyfile(given or build(), target)


class WithLibrary(Distribution):
    def has_ext_modules(self):
        return True


class ForEveryPython(bdist_wheel):
    """The library is the platform's, and no Python's in particular."""

    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


setup(cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": ForEveryPython}, distclass=WithLibrary)
