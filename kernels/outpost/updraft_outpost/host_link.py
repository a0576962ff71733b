"""The side of a run's host that the supervisor talks to: host.sock, input in, doorbells out. For the hosts with one thread (bridge, job,
terminal); the direct kernel host has its own, because it must listen while a cell runs. Also the pieces every host needs.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import struct
import time
from typing import Any, Callable, Optional

from . import places, processes
from .frames import INTERNAL_CH
from .log_writer import LogWriter
from .records import EXIT, NOTE, READY, dump

INPUT_HEAD = struct.Struct('<IB')  # length, channel


def split_input(buffer: bytearray) -> list[tuple[int, bytes]]:
    """Whole inputs from the front of buffer."""
    at, found = 0, []
    while len(buffer) - at >= INPUT_HEAD.size:
        n, channel = INPUT_HEAD.unpack_from(buffer, at)
        start = at + INPUT_HEAD.size
        if len(buffer) - start < n:
            break
        at = start + n
        found.append((channel, bytes(memoryview(buffer)[start:at])))
    del buffer[:at]
    return found


def listen(folder: str) -> socket.socket:
    path = os.path.join(folder, 'host.sock')
    server = socket.socket(socket.AF_UNIX)
    old = os.umask(0o177)
    server.bind(path)
    os.umask(old)
    server.listen(4)
    server.setblocking(False)
    return server


def say_ready(log: LogWriter, folder: str, ready: dict[str, Any]) -> None:
    """In a file (for a supervisor that adopts), in the log, and at once."""
    ready['start'] = processes.start_time(ready['pid'])
    places.write_json(os.path.join(folder, 'ready.json'), ready)
    log.append(READY, 0, dump(ready))
    log.tell({'event': 'ready', 'ready': ready}, now=True)


def note(log: LogWriter, code: str, message: str, hint: str = '') -> None:
    log.append(NOTE, 0, dump({'code': code, 'message': message, 'hint': hint}))


class HostLink:
    """One selectors loop, one supervisor connection at a time."""

    def __init__(self, folder: str) -> None:
        self.began = time.monotonic()
        self.folder = folder
        self.spec: dict[str, Any] = places.read_json(os.path.join(folder, 'spec.json'))
        s = self.spec
        self.log = LogWriter(folder, s['log'], s['name'], s['segmentBytes'], s['quotaBytes'])
        self.selector = selectors.DefaultSelector()
        self.server = listen(folder)
        self.selector.register(self.server, selectors.EVENT_READ, lambda _mask: self.accept())
        self.sock: Optional[socket.socket] = None
        self.inbuf = bytearray()
        self.on_input: Callable[[int, bytes], None] = lambda channel, body: None
        self.on_order: Callable[[dict[str, Any]], None] = lambda order: None
        self.state: Callable[[], dict[str, Any]] = lambda: {'event': 'state', 'busy': 0}

    def accept(self) -> None:
        sock, _ = self.server.accept()
        sock.setblocking(False)
        if self.sock is not None:
            self.drop()  # a new supervisor: the old one is dead
        self.sock = self.log.bell_sock = sock
        self.selector.register(sock, selectors.EVENT_READ, lambda _mask: self.read())
        self.log.tell(self.state(), now=True)

    def drop(self) -> None:
        assert self.sock is not None
        self.selector.unregister(self.sock)
        self.sock.close()
        self.sock = self.log.bell_sock = None
        self.inbuf.clear()

    def read(self) -> None:
        assert self.sock is not None
        try:
            data = self.sock.recv(1 << 16)  # 256 KB came from mmap and went back to it with each request
        except BlockingIOError:
            return
        except OSError:
            data = b''
        if not data:
            return self.drop()
        self.inbuf += data
        for channel, body in split_input(self.inbuf):
            if channel == INTERNAL_CH:
                self.on_order(json.loads(body))
            else:
                self.on_input(channel, body)

    def ms(self) -> float:
        return round((time.monotonic() - self.began) * 1000, 1)

    def finish(self, exit: dict[str, Any]) -> None:
        self.log.append(EXIT, 0, dump(exit))
        self.log.sync()
