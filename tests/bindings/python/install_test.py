# SPDX-License-Identifier: MIT
"""The package, installed by pip into a fresh environment, streams an answer. Reported as skipped where pip, venv or
setuptools are not there: nothing is downloaded."""

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PACKAGE = pathlib.Path(__file__).parents[3] / "bindings/python"
PROGRAM = """
import aikit, pathlib
assert pathlib.Path(aikit.__file__).with_name("libaikit_c.so.1").is_file(), aikit.__file__
with aikit.Kit({}) as kit, kit.stream("Hello") as stream:
    said = "".join(stream.text())
assert said and said == stream.result.text
print("streamed")
"""


def main():
    missing = [name for name in ("ensurepip", "pip", "setuptools", "wheel") if importlib.util.find_spec(name) is None]
    if missing:
        print(f"[skipped] not installed: {', '.join(missing)}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        here = pathlib.Path(folder)
        shutil.copytree(PACKAGE, here / "source", ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", here / "venv"], check=True, env=env)
        python = here / "venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-index", "--no-build-isolation", "--no-deps",
                        here / "source"], check=True, env=env, cwd=folder)
        del env["AIKIT_LIBRARY"]
        done = subprocess.run([python, "-c", PROGRAM], check=False, env=env, cwd=folder, capture_output=True, text=True)
        print(done.stdout, done.stderr)
        return 0 if done.returncode == 0 and done.stdout == "streamed\n" else 1


if __name__ == "__main__":
    sys.exit(main())
