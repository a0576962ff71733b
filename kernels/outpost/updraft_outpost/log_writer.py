"""Appends records to a run's log. Used by the host of the run itself, by forks of a kernel, and by the supervisor after the host's death.

Every byte is written before anyone is told (a doorbell byte to the supervisor). A full disk or a used-up quota makes the writer wait:
nothing is lost, and the supervisor is told. Segments are cut at record borders (PROTOCOL.md §3, §8).
"""

from __future__ import annotations

import collections
import contextlib
import errno
import fcntl
import json
import os
import socket
import threading
import time
from typing import Any, Callable, ContextManager, Optional, Sequence, Union

from .places import segment_firsts, segment_name
from .records import MARK, RECORD, dump, head, now_us

Bytes = Union[bytes, bytearray, memoryview]
TICK_SECONDS = 0.012  # trailing flush; a doorbell wakes another process and costs about 40 us
SEGMENT_BYTES = 64 << 20
WAIT_SECONDS = 0.05
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class LogWriter:
    def __init__(
        self,
        folder: str,
        log_id: str,
        name: str,
        segment_bytes: int = SEGMENT_BYTES,
        quota_bytes: int = 0,
        guard: Optional[ContextManager[Any]] = None,
    ) -> None:
        self.folder, self.log_id, self.name = folder, log_id, name
        self.segment_bytes = min(segment_bytes, max(quota_bytes // 4, 1 << 16)) if quota_bytes else segment_bytes
        self.quota_bytes = quota_bytes
        self.guard: ContextManager[Any] = guard if guard is not None else contextlib.nullcontext()
        self.bell_sock: Optional[socket.socket] = None
        self.lines: collections.deque[bytes] = collections.deque()
        self.rang = 0.0
        self.unrung = False
        self.on_unrung: Callable[[], None] = lambda: None  # asks the flusher to ring at the next tick
        self.on_wait: Callable[[bool], None] = lambda waits: None
        self.patient = True  # False: a full disk is an OSError at once, and the log as it was
        self.shared = False  # a fork of this process writes too: take the file lock for each record
        self.first, self.kept_first, self.position, self.fd = 0, 0, 0, -1
        self.lock_fd = -1
        self.reset()
        firsts = segment_firsts(folder)
        if firsts:
            self.kept_first, self.first = firsts[0], firsts[-1]
            self._open()
        else:
            self._new_segment(0)

    def reset(self) -> None:
        """Fresh locks and nothing held; also in a forked child, where the parent's held records are the parent's."""
        self.lock = threading.RLock()
        self.writing = False
        self.held: list[Bytes] = []

    # -- appending ---------------------------------------------------------------------------------------------------

    def append(self, kind: int, parent: int, *parts: Bytes, flags: int = 0, hold: bool = False, quiet: bool = False) -> None:
        """One record. hold: it may wait in memory for the next record or the next tick; quiet: without waking the flusher for it."""
        size = sum(map(len, parts))
        with self.guard:
            with self.lock:
                self.held += (RECORD.pack(size, kind, flags, 0, parent, now_us()), *parts)
                if hold or self.writing:  # writing: a signal handler printed in the middle of our own write
                    self.unrung = True
                    if not quiet:
                        self.on_unrung()
                    return
                self.write_held()
        self.ring_soon()

    def ring_soon(self) -> None:
        """The leading edge at once, the rest with the next tick."""
        if time.monotonic() - self.rang > TICK_SECONDS:
            self.bell()
        else:
            self.unrung = True
            self.on_unrung()

    def sync(self) -> None:
        """All out, and said so."""
        with self.guard:
            with self.lock:
                if self.held and not self.writing:
                    self.write_held()
        self.bell()

    def write_held(self) -> None:
        self.writing = True
        try:
            while self.held:
                parts, self.held = self.held, []
                self._write(parts)
        finally:
            self.writing = False

    def _write(self, parts: Sequence[Bytes]) -> None:
        if self.quota_bytes and self.position - self.kept_first > self.quota_bytes:
            self._wait_for_quota()
        if not self.shared:
            self._write_all(parts)
            if self.position - self.first >= self.segment_bytes:
                self._rotate()
            return
        fcntl.flock(self.lock_fd, fcntl.LOCK_EX)
        try:
            self._catch_up()
            self._write_all(parts)
            self._catch_up()
            if self.position - self.first >= self.segment_bytes:
                self._rotate()
        finally:
            fcntl.flock(self.lock_fd, fcntl.LOCK_UN)

    def _write_all(self, parts: Sequence[Bytes]) -> None:
        left = sum(map(len, parts))
        waits, before = False, self.position
        while left:
            try:
                n = os.writev(self.fd, parts[:1000])
            except OSError as error:
                if error.errno not in NO_SPACE:
                    raise
                n = 0
            left -= n
            self.position += n
            if left:
                parts = [b''.join(parts)[n:]]
                if not n:
                    if not self.patient:
                        os.ftruncate(self.fd, before - self.first)
                        self.position = before
                        raise OSError(errno.ENOSPC, 'the disk is full')
                    if not waits:
                        waits = True
                        self._say_wait('disk')
                    time.sleep(WAIT_SECONDS)
        if waits:
            self._say_wait(None)

    def _wait_for_quota(self) -> None:
        """The client must take what is there (ack) before more is written."""
        self.kept_first = segment_firsts(self.folder)[0]
        if self.position - self.kept_first <= self.quota_bytes:
            return
        self._rotate()  # so that all that is written can go once it is acked
        self._say_wait('quota')
        while self.position - self.kept_first > self.quota_bytes:
            time.sleep(WAIT_SECONDS)
            self.kept_first = segment_firsts(self.folder)[0]
        self._say_wait(None)

    # -- segments ----------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self.fd = os.open(os.path.join(self.folder, segment_name(self.first)), os.O_WRONLY | os.O_APPEND)
        self.position = self.first + os.fstat(self.fd).st_size

    def _new_segment(self, first: int) -> None:
        path = os.path.join(self.folder, segment_name(first))
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        if self.fd >= 0:
            os.close(self.fd)
        self.fd, self.first, self.position = fd, first, first
        mark = dump({'log': self.log_id, 'name': self.name, 'first': first, 'segment': segment_name(first)})
        self._write_all([head(len(mark), MARK), mark])

    def _rotate(self) -> None:
        try:
            self._new_segment(self.position)
        except OSError:
            pass  # no inode left, say: the old segment just goes on

    def _catch_up(self) -> None:
        """Others write to this log: where does it end now, and in which segment?"""
        while True:
            end = self.first + os.fstat(self.fd).st_size
            if end > self.first and os.path.exists(os.path.join(self.folder, segment_name(end))):
                os.close(self.fd)
                self.first = end
                self._open()
                continue
            self.position = end
            return

    def share(self) -> None:
        """From now on more than one process writes here."""
        if not self.shared:
            self.lock_fd = os.open(os.path.join(self.folder, 'log-lock'), os.O_RDWR | os.O_CREAT, 0o600)
            self.shared = True

    def forked(self) -> None:
        """In the child: a file lock belongs to the open file, so the child needs its own."""
        self.reset()
        self.bell_sock = None
        self.lock_fd = os.open(os.path.join(self.folder, 'log-lock'), os.O_RDWR | os.O_CREAT, 0o600)

    # -- telling the supervisor --------------------------------------------------------------------------------------

    def tell(self, event: dict[str, Any], now: bool = False) -> None:
        """A line out of band, with the next doorbell. The log is the truth; this only shows sooner."""
        self.lines.append(json.dumps(event).encode() + b'\n')
        if now:
            self.bell()

    def bell(self) -> None:
        self.unrung = False
        self.rang = time.monotonic()
        sock = self.bell_sock
        if sock is None:
            return
        message = b'!'
        while self.lines:
            try:
                message += self.lines.popleft()
            except IndexError:
                break
        try:
            sock.send(message, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass  # bells enough are waiting already
        except OSError:
            self.bell_sock = None

    def _say_wait(self, why: Optional[str]) -> None:
        free = None
        with contextlib.suppress(OSError):
            st = os.statvfs(self.folder)
            free = st.f_bavail * st.f_frsize
        self.on_wait(why is not None)
        self.tell({'event': 'blocked', 'why': why, 'freeBytes': free} if why else {'event': 'unblocked'}, now=True)
