"""Reads a kernel's FIFOs (its file descriptors 1 and 2) when the kernel can't: C code that prints while it holds the GIL stops
the host's own reader, the FIFO fills, and without this both would wait for each other for ever. Also drains what a dead host left.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
import time
from typing import TYPE_CHECKING, Iterator

from .log_writer import LogWriter
from .records import ERR, OUT, headers

if TYPE_CHECKING:
    from .run import Run

RESCUE_BYTES = 1 << 20
MOVE_SECONDS = 0.05
F_GETPIPE_SZ = 1032
LEAST_BYTES = 1 << 12


def capacity(fd: int) -> int:
    """1 MB where we may; a user with many pipes (above fs.pipe-user-pages-soft) gets 64 KB, and then 4 KB: never a constant here."""
    try:
        return fcntl.fcntl(fd, F_GETPIPE_SZ)
    except OSError:
        return LEAST_BYTES


class Fifos:
    def __init__(self, folder: str) -> None:
        self.readers: list[tuple[int, int]] = []
        self.seen: dict[int, tuple[int, int]] = {}
        self.hot: set[int] = set()  # read for the host at the last tick
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
            if waiting <= capacity(fd) // 2:
                self.seen.pop(fd, None)
                self.hot.discard(fd)
                continue
            now = (waiting, run.log.refresh())
            if fd not in self.hot and self.seen.get(fd) != now:
                self.seen[fd] = now
                continue
            if self.torn(run):
                continue  # the host is in the middle of a record (a full disk): keep out
            done = self.move(run, kind, fd) or done
            self.hot.add(fd)
        return done

    @staticmethod
    def torn(run: Run) -> bool:
        last, end = run.log.firsts[-1], 0
        for h in headers(run.log.file(last).fileno(), 0, run.log.size - last):
            end = h.offset + 20 + h.length
        return last + end != run.log.size

    def move(self, run: Run, kind: int, fd: int) -> bool:
        """From FIFO to log, for at most MOVE_SECONDS, under a lock that the host takes before its `idle`: else this could be written
        after it. Never waits for that lock."""
        lock = os.open(os.path.join(run.folder, 'fd-lock'), os.O_RDWR | os.O_CREAT, 0o600)
        writer = writer_for(run)
        moved, end = False, time.monotonic() + MOVE_SECONDS
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            while time.monotonic() < end:
                st = os.statvfs(run.folder)
                if st.f_bavail * st.f_frsize < 4 * RESCUE_BYTES:
                    break  # once read it must be written
                data = os.read(fd, RESCUE_BYTES)
                writer.append(kind, run.busy_parent or run.last_parent, data)
                moved = True
                time.sleep(0.0002)  # the writer wakes and fills it again
        except BlockingIOError:
            pass  # empty, or the host has come to itself
        finally:
            os.close(lock)
            os.close(writer.fd)
        return moved

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
