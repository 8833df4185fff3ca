# SPDX-License-Identifier: MIT
# examples/01_hello.py - ask a model, print the answer as it comes, and what it cost.
import aikit

with aikit.Kit() as kit, kit.stream("What is the capital of France?") as stream:
    for words in stream.text():
        print(words, end="", flush=True)
    reply = stream.result
print(f"\n{reply['aikit']['provider']}, {reply['usage']['total_tokens']} tokens, ${reply['aikit']['cost']['usd']}")
