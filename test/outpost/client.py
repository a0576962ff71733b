"""A small synchronous client of the outpost, for tests. Records come out whole, whatever the frame borders."""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional, Sequence

PROGRAM = str(Path(__file__).resolve().parents[2] / 'kernels' / 'outpost')
COMMAND = [sys.executable, '-I', '-S', PROGRAM]
FRAME, RECORD = struct.Struct('<IBBHQ'), struct.Struct('<IBBHIQ')
CALL, INPUT, CREDIT, PING, REPLY, DATA, EVENT, PONG = 1, 2, 3, 4, 16, 17, 18, 19
OUT, ERR, IOPUB, SHELL, CONTROL, STDIN, ACCEPTED, READY, EXIT, LOST, MARK, NOTE = range(1, 13)
STARTED, FINISHED, FAILED, ABORTED = 1, 2, 4, 8
PREAMBLE = b'\0updraft-outpost/1\n'


class Refused(Exception):
    def __init__(self, problem: dict[str, str]) -> None:
        super().__init__(f'{problem["code"]}: {problem["message"]}')
        self.code = problem['code']


class Record(NamedTuple):
    end: int
    kind: int
    flags: int
    parent: int
    time_us: int
    payload: bytes


class Stream:
    def __init__(self, since: int, window: int) -> None:
        self.next = self.at = self.credited = since
        self.window = window
        self.buffer = bytearray()
        self.marks: list[dict[str, Any]] = []


class Client:
    def __init__(self, base: str = '', argv: Optional[Sequence[str]] = None, hello: bool = True, **about: Any) -> None:
        self.process: Optional[subprocess.Popen[bytes]] = None
        if argv:
            self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
            assert self.process.stdin and self.process.stdout
            self.rfd, self.wfd = self.process.stdout.fileno(), self.process.stdin.fileno()
        else:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(base + '/sock')
            self.rfd = self.wfd = self.sock.fileno()
        self.buffer = bytearray()
        self.replies: dict[int, dict[str, Any]] = {}
        self.number = 0
        self.streams: dict[int, Stream] = {}
        self.events: list[dict[str, Any]] = []
        self.gives_credit = True
        self.began = False
        self.opening: Optional[int] = None
        self.pongs: list[tuple[int, bytes]] = []
        if hello:
            self.about = self.call('hello', client='test', version=1, **about)

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        else:
            self.sock.close()

    def send(self, kind: int, body: bytes = b'', flags: int = 0, stream: int = 0, seq: int = 0) -> None:
        data = FRAME.pack(len(body), kind, flags, stream, seq) + body
        while data:
            data = data[os.write(self.wfd, data) :]

    def fill(self, timeout: Optional[float] = None) -> bool:
        if timeout is not None and not select.select([self.rfd], [], [], max(0.0, timeout))[0]:
            return False
        data = os.read(self.rfd, 1 << 18)
        if not data:
            raise EOFError('the outpost is gone')
        buffer = self.buffer
        buffer += data
        if not self.began:
            at = buffer.find(PREAMBLE)
            if at < 0:
                return True
            del buffer[: at + len(PREAMBLE)]
            self.began = True
        at = 0
        while len(buffer) - at >= 16:
            n, kind, flags, stream, seq = FRAME.unpack_from(buffer, at)
            if len(buffer) - at - 16 < n:
                break
            body = bytes(memoryview(buffer)[at + 16 : at + 16 + n])
            at += 16 + n
            self.take(kind, flags, stream, seq, body)
        del buffer[:at]
        return True

    def take(self, kind: int, flags: int, stream: int, seq: int, body: bytes) -> None:
        if kind == DATA:
            s = self.streams.get(stream)
            if s is None:
                return
            if flags & 1:
                s.marks.append(dict(json.loads(body), position=seq))
                return
            assert seq == s.next, (seq, s.next)
            s.next += len(body)
            s.buffer += body
            if self.gives_credit and s.next - s.credited >= s.window // 4:
                s.credited = s.next
                self.send(CREDIT, stream=stream, seq=s.next)
        elif kind == REPLY:
            answer = json.loads(body)
            self.replies[answer['id']] = answer
            if self.opening is not None and 'skipped' in answer:
                s = self.streams[self.opening]
                s.next = s.at = s.credited = answer['from']
                self.opening = None
        elif kind == PONG:
            self.pongs.append((seq, body))
        else:
            self.events.append(json.loads(body))

    def ask(self, op: str, **query: Any) -> int:
        self.number += 1
        self.send(CALL, json.dumps(dict(query, op=op, id=self.number)).encode())
        return self.number

    def answer(self, number: int, timeout: float = 30) -> dict[str, Any]:
        end = time.monotonic() + timeout
        while number not in self.replies:
            if not self.fill(end - time.monotonic()):
                raise TimeoutError(f'call {number}')
        found = self.replies.pop(number)
        if 'problem' in found:
            raise Refused(found['problem'])
        return found

    def call(self, op: str, **query: Any) -> dict[str, Any]:
        return self.answer(self.ask(op, **query))

    def open(self, name: str, stream: int = 1, since: Any = 0, window: int = 4 << 20) -> dict[str, Any]:
        self.opening = stream  # the reply comes before the first DATA: its `from` is taken when it is parsed
        self.streams[stream] = Stream(0, window)
        return self.call('open', name=name, stream=stream, since=since, window=window)

    def follow(self, path: str, stream: int, **query: Any) -> dict[str, Any]:
        self.streams[stream] = Stream(0, query.get('window', 4 << 20))
        return self.call('follow', path=path, stream=stream, **query)

    def event(self, what: str, timeout: float = 15, **fields: Any) -> dict[str, Any]:
        """The next event of a kind; it is taken out."""
        end = time.monotonic() + timeout
        while True:
            for i, e in enumerate(self.events):
                if e['event'] == what and all(e.get(k) == v for k, v in fields.items()):
                    return self.events.pop(i)
            if not self.fill(end - time.monotonic()):
                raise TimeoutError(f'no event {what} {fields}; there were {[e["event"] for e in self.events]}')

    def records(self, stream: int = 1, timeout: float = 30) -> Iterator[Record]:
        s = self.streams[stream]
        end = time.monotonic() + timeout
        at = 0  # bytes given out already; deleted even when the generator is left early
        try:
            while True:
                b = s.buffer
                while len(b) - at >= 20:
                    n, kind, flags, _, parent, when = RECORD.unpack_from(b, at)
                    if len(b) - at - 20 < n:
                        break
                    payload = bytes(memoryview(b)[at + 20 : at + 20 + n])
                    at += 20 + n
                    s.at += 20 + n
                    yield Record(s.at, kind, flags, parent, when, payload)
                del b[:at]
                at = 0
                if not self.fill(end - time.monotonic()):
                    raise TimeoutError('no more records')
        finally:
            del s.buffer[:at]

    def until(self, kind: int, stream: int = 1, timeout: float = 30) -> Record:
        for r in self.records(stream, timeout):
            if r.kind == kind:
                return r
        raise AssertionError

    def request(
        self,
        msg_type: str,
        content: dict[str, Any],
        channel: int = 1,
        stream: int = 1,
        msg_id: str = '',
        buffers: Sequence[bytes] = (),
        metadata: Any = None,
    ) -> str:
        msg_id = msg_id or uuid.uuid4().hex
        header = {
            'msg_id': msg_id,
            'msg_type': msg_type,
            'session': 's',
            'username': 'u',
            'version': '5.3',
            'date': '2026-01-01T00:00:00Z',
        }
        body = json.dumps({'h': header, 'p': '', 'm': metadata or {}, 'c': content, 'b': [len(b) for b in buffers]}).encode()
        self.send(INPUT, len(body).to_bytes(4, 'little') + body + b''.join(buffers), flags=channel, stream=stream)
        return msg_id

    def execute(
        self,
        code: str,
        silent: bool = False,
        store_history: bool = True,
        allow_stdin: bool = False,
        stop_on_error: bool = True,
        **more: Any,
    ) -> str:
        content = {
            'code': code,
            'silent': silent,
            'store_history': store_history,
            'user_expressions': {},
            'allow_stdin': allow_stdin,
            'stop_on_error': stop_on_error,
        }
        return self.request('execute_request', content, **more)

    def bytes_in(self, data: bytes, stream: int = 1) -> None:
        self.send(INPUT, data, flags=4, stream=stream)

    def interrupt(self, name: str) -> int:
        return self.ask('signal', name=name, signal='INT')


def message(payload: bytes) -> dict[str, Any]:
    n = int.from_bytes(payload[:4], 'little')
    found = json.loads(payload[4 : 4 + n])
    at = 4 + n
    found['buffers'] = []
    for size in found['b']:
        found['buffers'].append(payload[at : at + size])
        at += size
    return found


def up(base: str) -> dict[str, Any]:
    done = subprocess.run([*COMMAND, 'up', base], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)
