# SPDX-License-Identifier: MIT
"""aikit beside its peers, against one mock server in one run: CPU of a call and of a short stream, the time to a
stream's first text, the most memory a process held. Prints JSON lines: medians of rounds that alternate, and how many
times aikit's from C++ each is. The ratios are what counts.

    python3 tests/bench/side_by_side.py --install           # the peers, in build/peers
    python3 tests/bench/side_by_side.py [--rounds 3] [--calls 2000] [--streams 50] [--only aikit]

The peers: litellm and openai from PyPI, each in a process of its own in a virtual environment; Bifrost's Go core, from
Go's module proxy. One that cannot be installed is told with what the machine said, and the others go on. Every process
warms up before it is measured, and makes its calls one after the other.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve()
ROOT = HERE.parents[2]
PEERS = ROOT / "build" / "peers"
QUESTION = "What did the quick brown fox do after it had jumped?"
MODEL = "gpt-4o-mini"
# The proxy lists no newer version of the core. It asks for sonic 1.14.0, which Go 1.26 does not compile.
BIFROST = ("github.com/maximhq/bifrost/core@v1.2.0", "github.com/bytedance/sonic@v1.15.5")
FIGURES = ("cpu_us_per_call", "cpu_us_per_stream", "first_token_us", "peak_memory_bytes")


# ---- one peer, in a process of its own ----

class Aikit:
    def __init__(self, url):
        import aikit
        self.version = aikit.version()
        self.kit = aikit.Kit({"providers": [{"name": "openai", "base_url": url, "model": MODEL}]})

    def chat(self):
        assert self.kit.chat(QUESTION).text

    def stream(self, first):
        with self.kit.stream(QUESTION) as stream:
            for _ in stream.text():
                first()


class OpenAI:
    def __init__(self, url):
        import openai
        self.version = openai.__version__
        self.client = openai.OpenAI(base_url=url, api_key="none")
        self.asking = {"model": MODEL, "messages": [{"role": "user", "content": QUESTION}]}

    def chat(self):
        assert self.client.chat.completions.create(**self.asking).choices[0].message.content

    def stream(self, first):
        for chunk in self.client.chat.completions.create(stream=True, **self.asking):
            if chunk.choices and chunk.choices[0].delta.content:
                first()


class LiteLLM:
    def __init__(self, url):
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches its prices from the network
        import importlib.metadata
        import litellm
        litellm.telemetry = False
        self.version = importlib.metadata.version("litellm")
        self.asking = {"model": f"openai/{MODEL}", "api_base": url, "api_key": "none",
                       "messages": [{"role": "user", "content": QUESTION}]}
        self.completion = litellm.completion

    def chat(self):
        assert self.completion(**self.asking).choices[0].message.content

    def stream(self, first):
        for chunk in self.completion(stream=True, **self.asking):
            if chunk.choices and chunk.choices[0].delta.content:
                first()


PYTHON_PEERS = {"aikit, Python": Aikit, "openai, Python": OpenAI, "litellm, Python": LiteLLM}


def peak_bytes():
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def first_token_us(peer):
    began, said = time.perf_counter(), []
    peer.stream(lambda: said.append(time.perf_counter()) if not said else None)
    return (said[0] - began) * 1e6


def measure(name, url, calls, streams):
    peer = PYTHON_PEERS[name](url)
    for _ in range(calls // 10 + 1):
        peer.chat()
    for _ in range(2):
        first_token_us(peer)
    start = time.process_time()
    for _ in range(calls):
        peer.chat()
    between = time.process_time()
    firsts = [first_token_us(peer) for _ in range(streams)]
    end = time.process_time()
    print(json.dumps({"version": peer.version, "cpu_us_per_call": (between - start) * 1e6 / calls,
                      "cpu_us_per_stream": (end - between) * 1e6 / streams,
                      "first_token_us": statistics.median(firsts), "peak_memory_bytes": peak_bytes()}))


# ---- installing ----

def try_to(what, command, **more):
    """Runs it; what the machine said when it did not work, else nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    except OSError as error:
        return f"{what}: {error}"
    return "" if done.returncode == 0 else f"{what}: {(done.stderr or done.stdout).strip()[-600:]}"


def install():
    PEERS.mkdir(parents=True, exist_ok=True)
    python = PEERS / "venv" / "bin" / "python"
    said = "" if python.exists() else try_to("venv", [sys.executable, "-m", "venv", str(PEERS / "venv")])
    said = said or try_to("pip install", [python, "-m", "pip", "install", "-q", "litellm", "openai"])
    print(json.dumps({"installed": "litellm and openai", "missing": said}))
    go = shutil.which("go") or "/usr/local/go/bin/go"
    folder = PEERS / "bifrost"
    folder.mkdir(exist_ok=True)
    shutil.copy(HERE.parent / "bifrost" / "main.go", folder / "main.go")
    where = {**os.environ, "GOPATH": str(PEERS / "gopath"), "GOCACHE": str(PEERS / "gocache"), "GOFLAGS": "-modcacherw"}
    said = "" if (folder / "go.mod").exists() else try_to("go mod init", [go, "mod", "init", "bench"], cwd=folder,
                                                           env=where)
    for step in (["get", *BIFROST], ["build", "-o", str(PEERS / "bifrost_peer"), "."]):
        said = said or try_to(f"go {step[0]}", [go, *step], cwd=folder, env=where)
    print(json.dumps({"installed": " and ".join(BIFROST), "missing": said}))


# ---- side by side ----

def peers_of(options):
    """How each is started, by its name; the reason why not, in place of the command, where it cannot be."""
    binary = pathlib.Path(options.build) / "bin"
    venv = PEERS / "venv" / "bin" / "python"
    python = str(venv) if venv.exists() else sys.executable
    again = [str(HERE), "--peer"]
    peers = {"aikit, C++": [str(binary / "bench_peer")], "aikit, Python": [python, *again, "aikit, Python"]}
    if options.only == "aikit":
        return peers
    for name in ("openai, Python", "litellm, Python"):
        said = "" if venv.exists() else "it is not installed; run side_by_side.py --install"
        module = name.split(",")[0]
        said = said or try_to("import", [python, "-c", f"import importlib.util as u; assert u.find_spec('{module}')"])
        peers[name] = said or [python, *again, name]
    bifrost = PEERS / "bifrost_peer"
    peers["Bifrost's core, Go"] = [str(bifrost)] if bifrost.exists() else \
        "it is not installed; run side_by_side.py --install"
    return peers


def run(options):
    build = pathlib.Path(options.build)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "bindings" / "python")}
    environment.setdefault("AIKIT_LIBRARY", str(build / "capi" / "libaikit_c.so.1"))
    mock = subprocess.Popen([str(build / "bin" / "bench_mock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    url = f"http://127.0.0.1:{json.loads(mock.stdout.readline())['port']}/v1"
    peers = peers_of(options)
    measured, worked = {}, True
    for _ in range(options.rounds):
        for name, command in peers.items():
            if isinstance(command, str):
                continue
            done = subprocess.run([*command, url, str(options.calls), str(options.streams)], capture_output=True,
                                  text=True, env=environment, check=False)
            if done.returncode == 0:
                measured.setdefault(name, []).append(json.loads(done.stdout.splitlines()[-1]))
            else:
                peers[name] = f"it failed: {done.stderr.strip()[-600:]}"
                worked = worked and not name.startswith("aikit")
    mock.stdin.close()
    mock.wait()
    base = None  # aikit's from C++, which comes first
    for name, said in peers.items():
        line = {"bench": "side by side", "peer": name}
        if isinstance(said, str):
            print(json.dumps({**line, "missing": said}))
            continue
        rounds = measured[name]
        figures = {figure: statistics.median(one[figure] for one in rounds) for figure in FIGURES}
        base = base or figures
        line["version"] = rounds[0]["version"]
        for figure in FIGURES:
            line[figure] = round(figures[figure], 1) if figure != "peak_memory_bytes" else int(figures[figure])
        for figure in FIGURES:
            line[f"{figure} of aikit's"] = round(figures[figure] / base[figure], 2)
        print(json.dumps(line))
    return 0 if worked else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--only", choices=["aikit"], help="no peers but aikit's own")
    parser.add_argument("--peer", nargs=4, metavar=("NAME", "URL", "CALLS", "STREAMS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        name, url, calls, streams = options.peer
        return measure(name, url, int(calls), int(streams))
    return install() if options.install else run(options)


if __name__ == "__main__":
    sys.exit(main())
