"""Reads a kernel's FIFOs (its file descriptors 1 and 2) when the kernel can't: C code that prints while it holds the GIL stops
the host's own reader, the 1 MB FIFO fills, and without this both would wait for each other for ever. Also drains what a dead host left.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from typing import TYPE_CHECKING, Iterator

from .log_writer import LogWriter
from .records import ERR, OUT, headers

if TYPE_CHECKING:
    from .run import Run

HALF_FULL_BYTES = 1 << 19
RESCUE_BYTES = 1 << 20


class Fifos:
    def __init__(self, folder: str) -> None:
        self.readers: list[tuple[int, int]] = []
        self.seen: dict[int, tuple[int, int]] = {}
        for fd, kind in ((1, OUT), (2, ERR)):
            try:
                self.readers.append((os.open(os.path.join(folder, f'fd{fd}'), os.O_RDONLY | os.O_NONBLOCK), kind))
            except OSError:
                continue

    def rescue(self, run: Run) -> bool:
        """More than half full, and neither FIFO nor log moved since the last tick: read it for the host."""
        done = False
        for fd, kind in self.readers:
            waiting = struct.unpack('i', fcntl.ioctl(fd, termios.FIONREAD, b'\0\0\0\0'))[0]
            if waiting <= HALF_FULL_BYTES:
                self.seen.pop(fd, None)
                continue
            now = (waiting, run.log.refresh())
            if self.seen.get(fd) != now:
                self.seen[fd] = now
                continue
            last = run.log.firsts[-1]
            end = 0
            for h in headers(run.log.file(last).fileno(), 0, run.log.size - last):
                end = h.offset + 20 + h.length
            if last + end != run.log.size:
                continue  # the host is in the middle of a record (a full disk): keep out
            st = os.statvfs(run.folder)
            if st.f_bavail * st.f_frsize < 4 * RESCUE_BYTES:
                continue  # once read it must be written
            self.move(run, kind, fd)
            del self.seen[fd]
            done = True
        return done

    def move(self, run: Run, kind: int, fd: int) -> None:
        """From FIFO to log under a lock that the host takes before its `idle`: else this could be written after it."""
        lock = os.open(os.path.join(run.folder, 'fd-lock'), os.O_RDWR | os.O_CREAT, 0o600)
        writer = writer_for(run)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            writer.append(kind, run.busy_parent, os.read(fd, RESCUE_BYTES))
        finally:
            os.close(lock)
            os.close(writer.fd)

    def drain(self) -> Iterator[tuple[int, bytes]]:
        for fd, kind in self.readers:
            while True:
                try:
                    data = os.read(fd, 1 << 18)
                except BlockingIOError:
                    break
                if not data:
                    break
                yield kind, data

    def close(self) -> None:
        for fd, _ in self.readers:
            os.close(fd)
        self.readers.clear()


def writer_for(run: Run) -> LogWriter:
    """A writer for the end of a run's log. It never waits, for quota or disk: the supervisor must not."""
    writer = LogWriter(run.folder, run.meta['log'], run.name, run.meta['segmentBytes'])
    writer.patient = False
    return writer
