# SPDX-License-Identifier: MIT
"""Every recorded chat and embedding of Azure, by deployments, its v1 surface and Azure AI models; and its own ways."""

import json
import unittest

from loopback import KEY, Answer, Server, aikit
from openai_form import OpenAiForm
from replay import Failure, recordings


def place(path):
    """The base URL's path, the deployment and the version that a recorded path was made of."""
    path, _, query = path.replace("//", "/").partition("?")
    version = query.removeprefix("api-version=")
    parts = path.split("/")
    if "deployments" in parts:
        return "", parts[parts.index("deployments") + 1], version
    return ("/models" if parts[1] == "models" else ""), None, version


class Azure(OpenAiForm):
    folders = ("azure",)
    secret = {"AZURE_OPENAI_API_KEY": KEY}

    def claims(self, recording):
        return next((command for end, command in (("/chat/completions", "chat"), ("/embeddings", "embed")) if recording.route.endswith(end)), None)

    def place(self, recording, root):
        base, _, version = place(recording.path)
        return ["--provider", "azure", "--unknown-price", "allow"], {
            "AZURE_OPENAI_ENDPOINT": root + base, "OPENAI_API_VERSION": version, "OPENAI_API_KEY": None, **self.secret}, None

    def in_openai_form(self, recording):
        """Where the deployment stands in the path alone, it is the model."""
        _, deployment, _ = place(recording.path)
        return {**super().in_openai_form(recording), **({"model": deployment} if deployment else {})}

    def stand_in(self, recording):
        return {**super().stand_in(recording), "model": place(recording.path)[1] or "m"}

    def canonical(self, body, did):
        body = super().canonical(body, did)
        if body.pop("model", None) != self.model and self.model:
            did("model of a deployment")
        return body

    def replay(self, recording, command):
        self.model = place(recording.path)[1]
        super().replay(recording, command)

    def path_of(self, recording):
        return recording.path.replace("//", "/")

    def check_headers(self, recording, headers):
        self.assertEqual(headers["api-key"], KEY)
        self.assertNotIn("authorization", headers)

    def failure(self, recording):
        failure = super().failure(recording)
        after = recording.headers.get("retry-after")
        return Failure(failure.code, failure.status, failure.provider_code, 1000 * int(after) if after else None)

    def test_a_token_goes_as_a_bearer_where_there_is_no_key(self):
        recording = next(one for one in recordings("azure") if self.claims(one) == "chat" and one.known)
        self.secret = {"AZURE_OPENAI_AD_TOKEN": KEY}
        self.ask(recording, "chat", self.in_openai_form(recording))
        self.assertEqual(self.sent_headers["authorization"], "Bearer " + KEY)
        self.assertNotIn("api-key", self.sent_headers)

    def test_a_deployment_of_any_name_stands_escaped_in_the_path(self):
        with Server(lambda *_: Answer(404, {}, b"{}")) as server:
            aikit("chat", "Hi", "--json", "--provider", "azure", "--model", "my deployment/ü?", "--unknown-price", "allow",
                  env={"AZURE_OPENAI_ENDPOINT": server.base_url[:-len("/v1")] + "/", "AZURE_OPENAI_API_KEY": KEY,
                       "OPENAI_API_VERSION": "2024-10-21"})
            self.assertEqual(server.seen[0][1],
                             "/openai/deployments/my%20deployment%2F%C3%BC%3F/chat/completions?api-version=2024-10-21")

    def test_what_azure_does_not_offer_is_unsupported_and_asks_nobody(self):
        with Server(lambda *_: Answer(200, {}, b"{}")) as server:
            outcome = aikit("moderate", "text", "--json", "--provider", "azure",
                            env={"AZURE_OPENAI_ENDPOINT": server.base_url[:-len("/v1")], "AZURE_OPENAI_API_KEY": KEY})
            self.assertEqual(outcome.last["error"]["code"], "unsupported", outcome.err)
            self.assertEqual(server.seen, [])


if __name__ == "__main__":
    unittest.main()
