# SPDX-License-Identifier: MIT
"""clang-tidy over every source of a build, several at once; what has not changed since it passed is not looked at again.

    tidy.py BUILD JOBS
"""

import concurrent.futures
import hashlib
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-14"


def units(build):
    """The sources of src/ that the build compiles, each with its command, once."""
    found = {}
    for unit in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(unit["file"])
        if path.is_relative_to(ROOT / "src"):
            found.setdefault(path, unit["command"])
    return found


def house_digest():
    """What any unit may depend on: the checks and every header of ours."""
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for folder in ("include", "src"):
        for header in sorted([*(ROOT / folder).rglob("*.hpp"), *(ROOT / folder).rglob("*.ipp")]):
            digest.update(header.read_bytes())
    return digest.hexdigest()


def check(build, path, command, house):
    stamp = hashlib.sha256(f"{house}{command}".encode() + path.read_bytes()).hexdigest()
    passed = build / "tidy" / stamp
    if passed.exists():
        return True, ""
    done = subprocess.run([TIDY, "-p", str(build), "--quiet", "--warnings-as-errors=*", str(path)],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        passed.touch()
    return done.returncode == 0, done.stdout


def main():
    build, jobs = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    (build / "tidy").mkdir(exist_ok=True)
    house, failed = house_digest(), 0
    sources = units(build)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for passed, output in pool.map(lambda unit: check(build, *unit, house), sorted(sources.items())):
            if not passed:
                failed += 1
                print(output)
    print(f"{len(sources)} sources looked at, {failed} with complaints")
    return 1 if failed or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
