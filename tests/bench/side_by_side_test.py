# SPDX-License-Identifier: MIT
"""side_by_side.py prints a line for aikit from each language, with figures that can be: side_by_side_test.py BUILD"""

import json
import pathlib
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).with_name("side_by_side.py")


def main():
    said = subprocess.run([sys.executable, "-B", SCRIPT, "--only", "aikit", "--rounds", "1", "--calls", "20",
                           "--streams", "2", "--build", sys.argv[1]], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert [line["peer"] for line in lines] == ["aikit, C++", "aikit, Python"], lines
    for line in lines:
        assert "missing" not in line, line
        # Nobody answers before it was asked, and a call is no second of work.
        assert 0 < line["cpu_us_per_call"] < 1e6 and 0 < line["cpu_us_per_stream"] < 1e6, line
        assert 0 < line["first_token_us"] < 60e6 and 2**20 < line["peak_memory_bytes"] < 2**30, line
    assert lines[0]["cpu_us_per_call of aikit's"] == 1, lines[0]
    print("2 lines of aikit's")


if __name__ == "__main__":
    main()
