# SPDX-License-Identifier: MIT
"""Every recorded exchange with OpenAI's chat, embeddings, moderations and models, and with Ollama's form of them."""

import json
import unittest

from openai_form import OpenAiForm, assemble  # noqa: F401
from replay import Reply, events_of  # noqa: F401

COMMANDS = {"/v1/chat/completions": "chat", "/v1/embeddings": "embed", "/v1/moderations": "moderate"}


class OpenAi(OpenAiForm):
    folders = ("openai",)

    def claims(self, recording):
        return COMMANDS.get(recording.route)

    def place(self, recording, root):
        return ["--provider", "openai", "--base-url", root + "/v1"], {}, None

    def is_stream(self, recording):
        return recording.body.get("stream") if recording.known else recording.answer.startswith("data:")

    def stand_in(self, recording):
        return {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}


class OpenAiModel(OpenAi):
    """One model that was asked for by its name stands in a list of one."""

    def claims(self, recording):
        return "models" if recording.kind == "models" else None

    def ask(self, recording, command, request, stream=False):
        return super().ask(recording.answered(200, json.dumps({"object": "list", "data": [json.loads(recording.answer)]})), command, None)

    def path_of(self, recording):
        return "/v1/models"

    def expected(self, recording):
        return Reply({}, body=[json.loads(recording.answer)["id"]])


class OllamaInOpenAisForm(OpenAi):
    folders = ("ollama",)

    def claims(self, recording):
        if recording.surface == "native":  # its path was inferred, and the answer shows that it was another
            return "chat" if '"object":"chat.completion"' in recording.answer else None
        return super().claims(recording)

    def replay(self, recording, command):
        if recording.surface == "native":
            recording = recording.answered(recording.status, recording.answer, "/v1/chat/completions")
        super().replay(recording, command)


if __name__ == "__main__":
    unittest.main()
