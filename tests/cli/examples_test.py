# SPDX-License-Identifier: MIT
"""The course runs, and prints what its .expected files say; the README's program is the first of the course."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from loopback import KEY, ROOT, Answer, Server

PROGRAMS = pathlib.Path(os.environ.get("AIKIT_EXAMPLES", ROOT / "build/release/examples"))
JSON = {"content-type": "application/json", "x-request-id": "req_example"}


def tools_reply(request):
    """Calls the tool it was given, then answers by what that said."""
    given = request["messages"][-1]
    if given["role"] == "tool":
        warm = json.loads(given["content"])["celsius"] > 20
        message, finish = {"role": "assistant", "content": "Yes, it is warm." if warm else "No, it is not."}, "stop"
    else:
        call = {"id": "call_1", "type": "function", "function": {"name": request["tools"][0]["function"]["name"],
                                                                 "arguments": json.dumps({"city": "Rome"})}}
        message, finish = {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
    return Answer(200, JSON, json.dumps({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1760000000, "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": {"prompt_tokens": 60, "completion_tokens": 15, "total_tokens": 75}}))


def anthropic_stream(request):
    """The same answer in Anthropic's dialect."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": request["model"], "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 14, "output_tokens": 1}}
    events = [{"type": "message_start", "message": message},
              {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
              {"type": "content_block_delta", "index": 0,
               "delta": {"type": "text_delta", "text": "The capital of France is Paris."}},
              {"type": "content_block_stop", "index": 0},
              {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
               "usage": {"output_tokens": 10}},
              {"type": "message_stop"}]
    lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]
    return Answer(200, {"content-type": "text/event-stream", "request-id": "req_example"}, b"", chunked=True, pieces=lines)


def server_script(_, path, body):
    """OpenAI, and a little of Anthropic, as far as the examples need them."""
    request = json.loads(body)
    if path.endswith("/messages"):
        return anthropic_stream(request)
    if "tools" in request:
        return tools_reply(request)
    question = request["messages"][-1]["content"]
    if "does not exist" in question:
        return Answer(404, JSON, json.dumps({"error": {"message": "The model does not exist", "type": "invalid_request_error",
                                                       "param": None, "code": "model_not_found"}}))
    text = "The capital of Italy is Rome." if "Italy" in question else "The capital of France is Paris."
    usage = {"prompt_tokens": 14, "completion_tokens": 7, "total_tokens": 21}
    head = {"id": "chatcmpl-1", "created": 1760000000, "model": "gpt-4o-mini-2024-07-18"}
    if not request.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "logprobs": None, "finish_reason": "stop"}
        return Answer(200, JSON, json.dumps({**head, "object": "chat.completion", "choices": [choice], "usage": usage}))
    chunks = [{"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]} for word in re.findall(r"\S+\s*", text)]
    chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, {"choices": [], "usage": usage}]
    if "Cut" in question:
        chunks = chunks[:3]
    lines = [b"data: " + json.dumps({**head, "object": "chat.completion.chunk", **chunk}).encode() + b"\n\n" for chunk in chunks]
    if "Cut" not in question:
        lines.append(b"data: [DONE]\n\n")
    return Answer(200, {"content-type": "text/event-stream", "x-request-id": "req_example"}, b"", chunked=True, pieces=lines)


class Examples(unittest.TestCase):
    def prints(self, command, expected):
        """The command, run in the environment of the course, prints what the file says."""
        with self.subTest(command), Server(server_script) as server, tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "aikit.json"
            config.write_text(json.dumps({"providers": [{"name": "openai", "model": "gpt-4o-mini"}]}))
            done = subprocess.run(command, capture_output=True, timeout=60, cwd=ROOT, check=False, env={
                "PATH": os.environ["PATH"], "HOME": folder, "AIKIT_CONFIG": str(config),
                "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.base_url,
                "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.base_url.removesuffix("/v1")})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout.decode().splitlines(), expected.read_text().splitlines())

    def test_every_program_prints_what_it_should(self):
        expected = sorted((ROOT / "examples").glob("*.expected"))
        self.assertEqual({file.stem for file in expected}, {file.stem for file in (ROOT / "examples").glob("*.cpp")})
        for file in expected:
            self.prints([PROGRAMS / file.stem], file)

    def test_the_first_program_prints_the_same_in_c(self):
        self.assertTrue((ROOT / "examples/01_hello.c").is_file())
        self.prints([PROGRAMS / "01_hello_c"], ROOT / "examples/01_hello.expected")

    def test_no_example_is_longer_than_eighty_lines(self):
        for file in [*(ROOT / "examples").glob("*.cpp"), *(ROOT / "examples").glob("*.c")]:
            self.assertLessEqual(len(file.read_text().splitlines()), 80, file.name)

    def test_the_readme_shows_the_first_example_and_its_output(self):
        readme = (ROOT / "README.md").read_text()
        for file in ("01_hello.cpp", "01_hello.c"):
            program = (ROOT / "examples" / file).read_text()
            self.assertIn(program[program.index("#include"):].strip(), readme)
        self.assertIn((ROOT / "examples/01_hello.expected").read_text().strip(), readme)


if __name__ == "__main__":
    unittest.main()
