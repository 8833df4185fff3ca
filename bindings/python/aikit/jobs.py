# SPDX-License-Identifier: MIT
"""Long jobs and files at a provider: the part of a kit that is about them.

Where a job is wanted, its id, its "handle" or a reply that has one will do; a handle goes through json.dumps and goes on
with the job in another process. `provider`, else the default one, and `aikit` are given by name.
"""

import base64
import os
from typing import Any, Dict, Mapping, Optional, Sequence, Union

from .operation import AsyncStream, Reply, Stream

Json = Mapping[str, Any]
Job = Union[str, Json]


def _of(job: Job, more: Json) -> Dict[str, Any]:
    if isinstance(job, str):
        return {"id": job, **more}
    return {"handle": job.get("handle", job), **more}


def _items(requests: Union[Mapping[str, Any], Sequence[Json]], more: Json) -> Dict[str, Any]:
    if isinstance(requests, Mapping):
        requests = [{"custom_id": key, "body": body} for key, body in requests.items()]
    return {"requests": [_item(one) for one in requests], **more}


def _item(one: Json) -> Json:
    body = one.get("body")
    if not isinstance(body, str):
        return one
    return {**one, "body": {"messages": [{"role": "user", "content": body}]}}


def _upload(file: Union[str, "os.PathLike[str]", bytes], more: Json) -> Dict[str, Any]:
    if isinstance(file, bytes):
        return {"data": base64.b64encode(file).decode(), **more}
    return {"path": os.fspath(file), **more}


class Jobs:
    """What a kit does with jobs and files; a Kit is one."""

    def job(self, action: str, request: Optional[Json] = None, **more: Any) -> Reply:
        """Any action by its name, such as "batch.poll"."""
        raise NotImplementedError

    async def job_async(self, action: str, request: Optional[Json] = None, **more: Any) -> Reply:
        """`job`, awaited."""
        raise NotImplementedError

    def batch_results(self, job: Job, **more: Any) -> Stream:
        """The results of a batch, one by one as they are read: {"custom_id", "reply" or "error"}."""
        raise NotImplementedError

    def batch_results_async(self, job: Job, **more: Any) -> AsyncStream:
        """`batch_results` for a loop, which must be running."""
        raise NotImplementedError

    def files_content(self, file: str, **more: Any) -> bytes:
        """What is in a file at a provider."""
        return base64.b64decode(self.job("files.content", {"id": file, **more})["data"])

    async def files_content_async(self, file: str, **more: Any) -> bytes:
        """`files_content`, awaited."""
        reply = await self.job_async("files.content", {"id": file, **more})
        return base64.b64decode(reply["data"])

    def batch_create(self, requests: Union[Mapping[str, Any], Sequence[Json]], **more: Any) -> Reply:
        """Begins a batch: chats by their own ids, or a list of {"custom_id", "body"}."""
        return self.job("batch.create", _items(requests, more))

    async def batch_create_async(self, requests: Union[Mapping[str, Any], Sequence[Json]], **more: Any) -> Reply:
        """`batch_create`, awaited."""
        return await self.job_async("batch.create", _items(requests, more))

    def batch_poll(self, job: Job, **more: Any) -> Reply:
        """How a batch stands."""
        return self.job("batch.poll", _of(job, more))

    async def batch_poll_async(self, job: Job, **more: Any) -> Reply:
        """`batch_poll`, awaited."""
        return await self.job_async("batch.poll", _of(job, more))

    def batch_cancel(self, job: Job, **more: Any) -> Reply:
        """Asks a batch to stop."""
        return self.job("batch.cancel", _of(job, more))

    async def batch_cancel_async(self, job: Job, **more: Any) -> Reply:
        """`batch_cancel`, awaited."""
        return await self.job_async("batch.cancel", _of(job, more))

    def batch_list(self, **more: Any) -> Reply:
        """The latest batches of a provider."""
        return self.job("batch.list", more)

    async def batch_list_async(self, **more: Any) -> Reply:
        """`batch_list`, awaited."""
        return await self.job_async("batch.list", more)

    def files_upload(self, file: Union[str, "os.PathLike[str]", bytes], **more: Any) -> Reply:
        """Sends a file by its path, or bytes with a `name`."""
        return self.job("files.upload", _upload(file, more))

    async def files_upload_async(self, file: Union[str, "os.PathLike[str]", bytes], **more: Any) -> Reply:
        """`files_upload`, awaited."""
        return await self.job_async("files.upload", _upload(file, more))

    def files_find(self, file: str, **more: Any) -> Reply:
        """What is known of a file."""
        return self.job("files.find", {"id": file, **more})

    async def files_find_async(self, file: str, **more: Any) -> Reply:
        """`files_find`, awaited."""
        return await self.job_async("files.find", {"id": file, **more})

    def files_list(self, **more: Any) -> Reply:
        """The latest files at a provider."""
        return self.job("files.list", more)

    async def files_list_async(self, **more: Any) -> Reply:
        """`files_list`, awaited."""
        return await self.job_async("files.list", more)

    def files_remove(self, file: str, **more: Any) -> Reply:
        """Deletes a file at a provider."""
        return self.job("files.remove", {"id": file, **more})

    async def files_remove_async(self, file: str, **more: Any) -> Reply:
        """`files_remove`, awaited."""
        return await self.job_async("files.remove", {"id": file, **more})

    def fine_tune_create(self, model: str, training_file: str, **more: Any) -> Reply:
        """Begins a training, which the provider bills."""
        return self.job("fine_tune.create", {"model": model, "training_file": training_file, **more})

    async def fine_tune_create_async(self, model: str, training_file: str, **more: Any) -> Reply:
        """`fine_tune_create`, awaited."""
        return await self.job_async("fine_tune.create", {"model": model, "training_file": training_file, **more})

    def fine_tune_poll(self, job: Job, **more: Any) -> Reply:
        """How a training stands."""
        return self.job("fine_tune.poll", _of(job, more))

    async def fine_tune_poll_async(self, job: Job, **more: Any) -> Reply:
        """`fine_tune_poll`, awaited."""
        return await self.job_async("fine_tune.poll", _of(job, more))

    def fine_tune_events(self, job: Job, **more: Any) -> Reply:
        """What happened in a training, the latest first."""
        return self.job("fine_tune.events", _of(job, more))

    async def fine_tune_events_async(self, job: Job, **more: Any) -> Reply:
        """`fine_tune_events`, awaited."""
        return await self.job_async("fine_tune.events", _of(job, more))

    def fine_tune_cancel(self, job: Job, **more: Any) -> Reply:
        """Asks a training to stop."""
        return self.job("fine_tune.cancel", _of(job, more))

    async def fine_tune_cancel_async(self, job: Job, **more: Any) -> Reply:
        """`fine_tune_cancel`, awaited."""
        return await self.job_async("fine_tune.cancel", _of(job, more))

    def fine_tune_list(self, **more: Any) -> Reply:
        """The latest trainings at a provider."""
        return self.job("fine_tune.list", more)

    async def fine_tune_list_async(self, **more: Any) -> Reply:
        """`fine_tune_list`, awaited."""
        return await self.job_async("fine_tune.list", more)
