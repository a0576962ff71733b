"""What became of each request, read from record headers of the log (only `accepted` payloads are parsed). Incremental, bounded."""

from __future__ import annotations

import json
import os
from typing import Any

from .log_reader import LogReader
from .records import ABORTED, ACCEPTED, EXIT, FAILED, FINISHED, RECORD, STARTED, headers

KEPT = 10000


class Journal:
    def __init__(self, log: LogReader) -> None:
        self.log, self.scanned = log, log.first
        self.executions: dict[int, dict[str, Any]] = {}

    def read(self) -> None:
        self.scanned = max(self.scanned, self.log.first)
        while self.scanned < self.log.size:
            file, at, left = self.log.locate(self.scanned)
            fd, start = file.fileno(), at
            for h in headers(fd, at, at + left):
                at = h.offset + RECORD.size + h.length
                if h.kind == ACCEPTED:
                    self._accepted(fd, h.offset, h.length, h.parent, h.time_us, self.scanned + h.offset - start)
                elif h.kind == EXIT:
                    for e in self.executions.values():
                        if e['finishedUs'] is None:
                            e['state'] = 'lost'
                elif h.flags and h.parent in self.executions:
                    self._flags(self.executions[h.parent], h.flags, h.time_us)
            if at == start:
                return  # a torn record: not whole yet
            self.scanned += at - start

    def _accepted(self, fd: int, offset: int, length: int, parent: int, time_us: int, where: int) -> None:
        said = json.loads(os.pread(fd, length, offset + RECORD.size))
        if said.get('again'):
            return
        self.executions[parent] = {
            'parent': parent, 'id': said.get('id'), 'type': said.get('type'), 'state': 'queued',
            'acceptedUs': time_us, 'startedUs': None, 'finishedUs': None, 'offset': where,
        }  # fmt: skip
        while len(self.executions) > KEPT:
            del self.executions[next(iter(self.executions))]

    @staticmethod
    def _flags(e: dict[str, Any], flags: int, time_us: int) -> None:
        if flags & STARTED:
            e['startedUs'] = time_us
            if e['state'] == 'queued':  # behind the bridge `busy` may come after the reply: two sockets
                e['state'] = 'running'
        if flags & ABORTED:
            e['state'] = 'aborted'
        elif flags & FAILED:
            e['state'] = 'error'
        if flags & FINISHED:
            e['finishedUs'] = time_us
            if e['state'] not in ('error', 'aborted'):
                e['state'] = 'done'
