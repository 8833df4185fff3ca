# SPDX-License-Identifier: MIT
"""Puts libaikit_c.so.1 into the package: that of AIKIT_LIBRARY, else one built here with CMake. A checkout whose package
holds it already, or a system that has it, needs neither."""

import ctypes
import os
import pathlib
import shutil
import subprocess

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).resolve().parent
NAME = "libaikit_c.so.1"


def system_has_it():
    try:
        ctypes.CDLL(NAME)
    except OSError:
        return False
    return True


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        target = pathlib.Path(self.build_lib) / "aikit" / NAME
        if target.is_file() or (not os.environ.get("AIKIT_LIBRARY") and system_has_it()):
            return
        built = os.environ.get("AIKIT_LIBRARY")
        if not built:
            folder = HERE.parents[1] / "build" / "python"
            subprocess.run(["cmake", "-S", HERE.parents[1], "-B", folder, "-DCMAKE_BUILD_TYPE=Release"], check=True)
            subprocess.run(["cmake", "--build", folder, "-j2", "--target", "aikit_c"], check=True)
            built = folder / "capi" / NAME
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(built, target)


class WithLibrary(Distribution):
    def has_ext_modules(self):
        return True


setup(cmdclass={"build_py": BuildWithLibrary}, distclass=WithLibrary)
