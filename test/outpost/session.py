"""A kernel under test: starts it, runs cells, and gives back what came, with the cell that each line belongs to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any, NamedTuple, Optional

from client import ACCEPTED, CONTROL, ERR, EXIT, IOPUB, NOTE, OUT, READY, SHELL, STDIN, Client, message


def slowness() -> float:
    """How many times slower than a quiet machine this one is now, by the start of a bare interpreter (25 ms): limits in time are multiplied by it."""
    times = []
    for _ in range(7):
        t = time.perf_counter()
        subprocess.run([sys.executable, '-I', '-S', '-c', 'pass'], check=True)
        times.append(time.perf_counter() - t)
    return max(1.0, sorted(times)[3] / 0.02)


class Piece(NamedTuple):
    cell: Optional[str]  # msg_id of the request it belongs to
    kind: str  # 'out', 'err' or the message type
    content: Any
    message: Any


class Output(list):  # type: ignore[type-arg]
    def text(self, kind: str = 'out', cell: Optional[str] = None) -> str:
        return ''.join(p.content for p in self if p.kind == kind and (cell is None or p.cell == cell))

    def get(self, kind: str) -> list[Any]:
        return [p.content for p in self if p.kind == kind]

    def kinds(self) -> list[str]:
        return [p.kind for p in self]

    def result(self) -> str:
        found = self.get('execute_result')
        return found[0]['data']['text/plain'] if found else ''

    def ename(self) -> str:
        found = self.get('error')
        return found[0]['ename'] if found else ''


class Session:
    number = 0

    def __init__(self, base: str, stream: int = 1, client: Optional[Client] = None, **start: Any) -> None:
        Session.number += 1
        self.name = start.pop('name', None) or f's{os.getpid()}-{int(time.time() * 1000) % 10**8}-{Session.number}'
        self.client, self.stream = client or Client(base), stream
        self.began = time.perf_counter()
        self.run_state = self.client.call('start', name=self.name, kind='kernel', cwd=start.pop('cwd', '/tmp'), **start)
        self.client.open(self.name, stream)
        self.cells: dict[int, str] = {}
        self.notes: list[Any] = []
        self.ready: dict[str, Any] = {}
        for r in self.client.records(stream, timeout=60):
            if r.kind == NOTE:
                self.notes.append(json.loads(r.payload))
            if r.kind == EXIT:
                raise RuntimeError(f'the kernel ended: {r.payload!r} {self.notes}')
            if r.kind == READY:
                self.ready = json.loads(r.payload)
                break
        self.ready_seconds = time.perf_counter() - self.began

    def take(self, cell: Optional[str] = None, until: str = 'idle', timeout: float = 15, stdin: Optional[str] = None) -> Output:
        """Everything up to the idle of a cell, or up to the first message of a type."""
        found = Output()
        for r in self.client.records(self.stream, timeout):
            if r.kind == ACCEPTED:
                self.cells[r.parent] = json.loads(r.payload)['id']
            elif r.kind in (OUT, ERR):
                found.append(
                    Piece(self.cells.get(r.parent), 'out' if r.kind == OUT else 'err', r.payload.decode('utf-8', 'replace'), r)
                )
            elif r.kind == EXIT:
                found.append(Piece(None, 'exit', json.loads(r.payload), r))
                return found
            elif r.kind in (IOPUB, SHELL, CONTROL, STDIN):
                m = message(r.payload)
                found.append(Piece(m['p'], m['h']['msg_type'], m['c'], m))
                if os.environ.get('SHOW'):
                    print('   ', m['h']['msg_type'], str(m['c'])[:200], flush=True)
                if r.kind == STDIN and stdin is not None:
                    self.client.request('input_reply', {'value': stdin, 'status': 'ok'}, channel=3, stream=self.stream)
                if until == 'idle' and m['p'] == cell and m['c'].get('execution_state') == 'idle':
                    return found
                if until != 'idle' and m['h']['msg_type'] == until:
                    return found
        return found

    def ask(self, msg_type: str, content: dict[str, Any], **more: Any) -> tuple[str, Output]:
        cell = self.client.request(msg_type, content, stream=self.stream, **more)
        return cell, self.take(cell)

    def execute(self, code: str, **more: Any) -> str:
        return self.client.execute(code, stream=self.stream, **more)

    def run(self, code: str, stdin: Optional[str] = None, timeout: float = 20, **more: Any) -> tuple[str, Output]:
        cell = self.execute(code, **more)
        return cell, self.take(cell, timeout=timeout, stdin=stdin)

    def comm(self, comm_id: str, data: dict[str, Any], **more: Any) -> str:
        return self.client.request('comm_msg', {'comm_id': comm_id, 'data': data}, stream=self.stream, **more)

    def interrupt(self) -> float:
        self.client.interrupt(self.name)
        return time.perf_counter()

    def kill(self) -> None:
        self.client.call('stop', name=self.name, graceMs=0)
