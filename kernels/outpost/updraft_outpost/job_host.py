"""Runs a process and writes its log itself, so that the supervisor may die at any time without a byte lost.

Its stdout and stderr are FIFOs in the run's folder: they never break, `/dev/stdout` still opens, and should this host be killed,
the supervisor can read what is left in them.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from .child import Child, wake_on_child
from .fifos import open_fifos
from .frames import BYTES_CH
from .host_link import HostLink, say_ready
from .ready_files import still_open
from .records import ERR

READ_BYTES = 1 << 18
TAIL_BYTES = 4096


class JobHost:
    def __init__(self, folder: str) -> None:
        self.link = link = HostLink(folder)
        self.readers, writers = open_fifos(folder)
        files = [(writers[0], 1), (writers[1], 2)]
        self.stdin = -1
        self.pending = bytearray()
        self.close_stdin = False
        child_stdin = -1
        if link.spec['stdin'] == 'pipe':
            child_stdin, self.stdin = os.pipe()
            os.set_blocking(self.stdin, False)
            files.append((child_stdin, 0))
        wake_on_child(link.selector)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.child = Child(link.spec['argv'], dict(os.environ), link.spec['cwd'], files)
        for fd in (*writers, child_stdin):
            if fd >= 0:
                os.close(fd)
        self.tail = b''
        for fd, _kind in self.readers:
            link.selector.register(fd, 1, lambda _mask: self.drain())
        link.on_input, link.on_order = self.on_input, self.on_order
        say_ready(link.log, folder, {'pid': self.child.pid, 'path': 'job', 'ms': link.ms()})

    def on_order(self, order: dict[str, Any]) -> None:
        if order['op'] == 'signal':
            self.child.signal(order['signal'], order['group'])

    def on_input(self, channel: int, body: bytes) -> None:
        if channel != BYTES_CH or self.stdin < 0:
            return
        if body:
            self.pending += body
        else:
            self.close_stdin = True
        self.feed(0)

    def feed(self, _mask: int) -> None:
        try:
            while self.pending:
                del self.pending[: os.write(self.stdin, self.pending)]
        except BlockingIOError:
            if self.stdin not in self.link.selector.get_map():
                self.link.selector.register(self.stdin, 2, self.feed)
            return
        except OSError:
            self.pending.clear()
            self.close_stdin = True
        if self.stdin in self.link.selector.get_map():
            self.link.selector.unregister(self.stdin)
        if self.close_stdin:
            os.close(self.stdin)
            self.stdin = -1

    def drain(self) -> bool:
        """One read of each at a time: in the order in which they were found readable, input and orders in between."""
        found = False
        for fd, kind in self.readers:
            try:
                data = os.read(fd, READ_BYTES)
            except BlockingIOError:
                continue
            if data:
                found = True
                self.link.log.append(kind, 0, data)
                if kind == ERR:
                    self.tail = (self.tail + data)[-TAIL_BYTES:]
        return found

    def run(self) -> int:
        link = self.link
        while not self.child.poll():
            timeout = 0.012 if link.log.unrung else None
            ready = link.selector.select(timeout)
            for key, mask in ready:
                if still_open(link.selector, key):
                    key.data(mask)
            if not ready and link.log.unrung:
                link.log.bell()
        while self.drain():
            pass
        link.finish(self.child.exit(link.folder, self.tail))
        return 0


def run(folder: str) -> int:
    try:
        host = JobHost(folder)
    except OSError as error:
        print(f'{error.filename or ""}: {error.strerror}', flush=True)
        return 127
    return host.run()
