// SPDX-License-Identifier: MIT
// bindings/node/lib/jobs.js - long jobs and files at a provider: the part of a kit that is about them.
'use strict';

/** A job by its id, its handle, or a reply that has one. */
function of(job, more) {
  return typeof job === 'string' ? { id: job, ...more } : { handle: job?.handle ?? job, ...more };
}

function itemOf(one) {
  return typeof one.body === 'string' ? { ...one, body: { messages: [{ role: 'user', content: one.body }] } } : one;
}

function items(requests, more) {
  const list = Array.isArray(requests) ? requests : Object.entries(requests).map(([id, body]) => ({ custom_id: id, body }));
  return { requests: list.map(itemOf), ...more };
}

function fileOf(file, more) {
  return typeof file === 'string' ? { path: file, ...more } : { data: Buffer.from(file).toString('base64'), ...more };
}

/** What a kit does with jobs and files: its methods become the kit's, whose own are `job` and `jobStream`. */
class Jobs {
  batchCreate(requests, { signal, ...more } = {}) {
    return this.job('batch.create', items(requests, more), { signal });
  }

  batchPoll(job, { signal, ...more } = {}) {
    return this.job('batch.poll', of(job, more), { signal });
  }

  batchResults(job, { signal, ...more } = {}) {
    return this.jobStream('batch.results', of(job, more), { signal });
  }

  batchCancel(job, { signal, ...more } = {}) {
    return this.job('batch.cancel', of(job, more), { signal });
  }

  batchList({ signal, ...more } = {}) {
    return this.job('batch.list', more, { signal });
  }

  filesUpload(file, { signal, ...more } = {}) {
    return this.job('files.upload', fileOf(file, more), { signal });
  }

  filesFind(id, { signal, ...more } = {}) {
    return this.job('files.find', { id, ...more }, { signal });
  }

  filesList({ signal, ...more } = {}) {
    return this.job('files.list', more, { signal });
  }

  async filesContent(id, { signal, ...more } = {}) {
    return Buffer.from((await this.job('files.content', { id, ...more }, { signal })).data, 'base64');
  }

  filesRemove(id, { signal, ...more } = {}) {
    return this.job('files.remove', { id, ...more }, { signal });
  }

  fineTuneCreate(model, trainingFile, { signal, ...more } = {}) {
    return this.job('fine_tune.create', { model, training_file: trainingFile, ...more }, { signal });
  }

  fineTunePoll(job, { signal, ...more } = {}) {
    return this.job('fine_tune.poll', of(job, more), { signal });
  }

  fineTuneEvents(job, { signal, ...more } = {}) {
    return this.job('fine_tune.events', of(job, more), { signal });
  }

  fineTuneCancel(job, { signal, ...more } = {}) {
    return this.job('fine_tune.cancel', of(job, more), { signal });
  }

  fineTuneList({ signal, ...more } = {}) {
    return this.job('fine_tune.list', more, { signal });
  }
}

module.exports = { Jobs };
