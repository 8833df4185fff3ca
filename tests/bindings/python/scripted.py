# SPDX-License-Identifier: MIT
"""Configurations of the scripted provider."""


def config(*replies, **more):
    script = {"repeat": True, "replies": list(replies)}
    return {"providers": [{"name": "scripted", "model": "m-1", "embedding_model": "e-1", "script": script}], **more}


def slow(pieces=200, seconds=0.05):
    """A stream that takes its time."""
    return config({"pieces": [f"{i} " for i in range(pieces)], "piece_delay": seconds})
