# SPDX-License-Identifier: MIT
"""The package, installed by pip into a fresh environment, streams an answer. With AIKIT_LONG=1 it also builds the library
itself, which takes minutes. Reported as skipped where pip, venv or setuptools are not there: nothing is downloaded."""

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[3]
PACKAGE = ROOT / "bindings/python"
IGNORED = shutil.ignore_patterns("build", ".git", "*.egg-info", "__pycache__", "node_modules")
PROGRAM = """
import aikit, importlib.metadata, pathlib
assert "Tag: py3-none-" in importlib.metadata.distribution("aikit").read_text("WHEEL")
for name in ("libaikit_c.so.1", "py.typed", "LICENSE", "NOTICE"):
    assert pathlib.Path(aikit.__file__).with_name(name).is_file(), name
with aikit.Kit({}) as kit, kit.stream("Hello") as stream:
    said = "".join(stream.text())
assert said and said == stream.result.text
print("streamed")
"""


def installed(source, env):
    """Installs from `source` into a fresh environment; True when the package streams there."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", folder + "/venv"], check=True, env=env)
        python = folder + "/venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-index", "--no-build-isolation", "--no-deps", source],
                       check=True, env=env, cwd=folder)
        there = {name: value for name, value in env.items() if name != "AIKIT_LIBRARY"}
        done = subprocess.run([python, "-c", PROGRAM], check=False, env=there, cwd=folder, capture_output=True, text=True)
        print(done.stdout, done.stderr)
        return done.returncode == 0 and done.stdout == "streamed\n"


def refused(source, env):
    """True when the package says what is missing where it has neither a library nor a source of one."""
    done = subprocess.run([sys.executable, "setup.py", "-q", "build"], check=False, env=env, cwd=source,
                          capture_output=True, text=True)
    return done.returncode != 0 and "AIKIT_LIBRARY" in done.stderr


def main():
    missing = [name for name in ("ensurepip", "pip", "setuptools", "wheel") if importlib.util.find_spec(name) is None]
    if missing:
        print(f"[skipped] not installed: {', '.join(missing)}")
        return 77
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    without = {name: value for name, value in env.items() if name != "AIKIT_LIBRARY"}
    with tempfile.TemporaryDirectory() as folder:
        alone = pathlib.Path(folder) / "alone/bindings/python"
        shutil.copytree(PACKAGE, alone, ignore=IGNORED)
        for page in ("LICENSE", "NOTICE"):
            shutil.copyfile(ROOT / page, alone.parents[1] / page)
        good = refused(alone, without) and installed(alone, env)
        if good and os.environ.get("AIKIT_LONG"):
            checkout = pathlib.Path(folder) / "checkout"
            shutil.copytree(ROOT, checkout, ignore=IGNORED, symlinks=True)
            good = installed(checkout / "bindings/python", without)
            print("built by the package itself:", good)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
