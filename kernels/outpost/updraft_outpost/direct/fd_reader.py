"""Reads what children and C code write to file descriptors 1 and 2 (FIFOs, see fifos.py) and puts it under the cell that runs."""

from __future__ import annotations

import fcntl
import os
import select
import threading
from typing import TYPE_CHECKING

from ..fifos import open_fifos
from ..log_writer import LogWriter
from .guard import Guard, untraced

if TYPE_CHECKING:
    from .streams import Sink

READ_BYTES = 1 << 18


class FdReader(threading.Thread):
    def __init__(self, log: LogWriter, guard: Guard, folder: str) -> None:
        super().__init__(daemon=True, name='outpost-fd')
        untraced(self)
        self.log, self.guard, self.folder = log, guard, folder
        self.pid = os.getpid()
        self.sinks: list[Sink] = []
        self.lock = threading.RLock()
        self.global_parent = 0
        self.children = False  # a child of this cell may be writing: look before each print
        self.readers: list[tuple[int, int]] = []

    def redirect(self) -> None:
        self.file_lock = os.open(os.path.join(self.folder, 'fd-lock'), os.O_RDWR | os.O_CREAT, 0o600)
        self.readers, writers = open_fifos(self.folder)
        self.poll = select.poll()
        for reader, _ in self.readers:
            self.poll.register(reader, select.POLLIN)
        for fd, writer in zip((1, 2), writers):
            os.dup2(writer, fd)
            os.close(writer)

    def drain(self) -> None:
        if os.getpid() != self.pid:
            return
        with self.guard:
            with self.lock:
                self.drain_all()

    def settle(self) -> None:
        """All of it, before the end of a cell is said. Under the file lock: a supervisor that reads for us (rescue.py) has written then.

        Only the main thread takes it: this thread could lose the GIL with the lock held, and then nobody could rescue.
        """
        fcntl.flock(self.file_lock, fcntl.LOCK_EX)
        try:
            self.drain()
        finally:
            fcntl.flock(self.file_lock, fcntl.LOCK_UN)

    def drain_all(self) -> None:
        for fd, kind in self.readers:
            while True:
                try:
                    data = os.read(fd, READ_BYTES)
                except BlockingIOError:
                    break
                if not data:
                    break
                self.log.append(kind, self.global_parent, data)

    def catch_up(self) -> None:
        """A child of this cell wrote: its bytes come before what is printed next."""
        if self.poll.poll(0):
            for sink in self.sinks:
                sink.flush()
            self.drain()

    def run(self) -> None:
        fds = [r[0] for r in self.readers]
        while True:
            select.select(fds, [], [])
            for sink in self.sinks:
                sink.flush()
            self.drain()
