"""sys.stdout and sys.stderr of a direct kernel, and the thread that writes what is left in their buffers.

A plain TextIOWrapper does the work at C speed and hands over 64 KB at a time (an exact one is 1.8 times faster than any subclass). While
threads, children or left-over tasks of cells are alive, `slow` puts a Python write before it that keeps one buffer per cell.
"""

from __future__ import annotations

import collections
import io
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Optional

from ..log_writer import TICK_SECONDS, LogWriter
from .attribution import parent_var
from .guard import Guard, untraced

if TYPE_CHECKING:
    from .fd_reader import FdReader

CHUNK_BYTES = 1 << 16
IDLE_TICKS = 80  # then the flusher sleeps until it is woken


class Lines(list):  # type: ignore[type-arg]
    """What one cell's thread wrote since the last flush."""

    __slots__ = ('parent', 'size', 'dirty')

    def __init__(self, parent: int) -> None:
        super().__init__()
        self.parent, self.size, self.dirty = parent, 0, False


class Sink:
    """What lies under sys.stdout: the `buffer` of its TextIOWrapper."""

    closed = False
    mode = 'w'

    def __init__(self, log: LogWriter, guard: Guard, kind: int, name: str, flusher: Flusher, fds: FdReader) -> None:
        self.log, self.guard, self.kind, self.name, self.flusher, self.fds = log, guard, kind, name, flusher, fds
        self.ours = True  # False in a forked child
        self.buffers: dict[int, Lines] = {}
        self.dirty: collections.deque[Lines] = collections.deque()
        self.is_slow = False
        self.inside = 0  # the thread whose flush of the wrapper is under way
        self.text = io.TextIOWrapper(self, encoding='utf-8', errors='backslashreplace', newline='\n')  # type: ignore[arg-type,type-var]
        self.text._CHUNK_SIZE = CHUNK_BYTES  # type: ignore[attr-defined]
        self.text.set_parent = lambda parent: None  # type: ignore[attr-defined]  # ipykernel's shell calls it
        guard.codes.add(Sink.write.__code__)
        flusher.sinks.append(self)

    def write(self, data: Any) -> int:
        if not data:  # print(end='') is no output
            return 0
        parent = parent_var.get() if self.is_slow else None
        self.log.append(self.kind, self.fds.global_parent if parent is None else parent, bytes(data))
        return len(data)

    def slow(self, on: bool) -> None:
        if on == self.is_slow:
            return
        self.flush()
        self.is_slow = on
        if on:
            self.text.write = self.slow_write  # type: ignore[method-assign]
        else:
            self.text.__dict__.pop('write', None)

    def slow_write(self, s: str) -> int:
        if not isinstance(s, str):
            raise TypeError(f'write() argument must be str, not {type(s).__name__}')
        parent = parent_var.get()
        if parent is None:
            parent = self.fds.global_parent
        if not s:
            return 0
        if self.fds.children and self.ours:
            self.fds.catch_up()
        lines = self.buffers.get(parent)
        if lines is None:
            lines = self.buffers[parent] = Lines(parent)
        lines.append(s)
        size = lines.size = lines.size + len(s)
        if not lines.dirty:
            lines.dirty = True
            self.dirty.append(lines)
            if self.ours:
                self.flusher.wake()
        elif size >= CHUNK_BYTES:
            self.flush()
        return len(s)

    def flush(self) -> None:
        if self.inside == threading.get_ident():
            return  # the wrapper asks its buffer back: 8 of the 16 flushes of a short cell
        with self.guard:
            with self.log.lock:  # taken before the text leaves the wrapper: what leaves first is written first
                if self.is_slow:
                    self.flush_slow()
                self.inside = threading.get_ident()
                try:
                    io.TextIOWrapper.flush(self.text)
                finally:
                    self.inside = 0

    def flush_slow(self) -> None:
        while self.dirty:
            lines = self.dirty.popleft()
            lines.dirty = False
            n = len(lines)
            if n:
                text = ''.join(lines[:n])
                del lines[:n]
                lines.size = 0
                self.log.append(self.kind, lines.parent, text.encode('utf-8', 'backslashreplace'))

    def forget(self, alive: set[int]) -> None:
        """Buffers of cells that have nothing running any more."""
        for parent in [p for p, b in self.buffers.items() if not b and p not in alive]:
            del self.buffers[parent]

    def reset(self) -> None:
        """In a forked child: the parent's unflushed text is the parent's."""
        self.ours = False
        self.buffers.clear()
        self.dirty.clear()

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self.kind

    def close(self) -> None:
        self.flush()


class Flusher(threading.Thread):
    """Writes what is left in buffers at the latest TICK after the first unflushed byte. Sleeps while the kernel is idle."""

    def __init__(self, log: LogWriter) -> None:
        super().__init__(daemon=True, name='outpost-flush')
        untraced(self)
        self.log = log
        self.event = threading.Event()
        self.sinks: list[Sink] = []
        self.busy = self.asleep = False
        self.quiet = 0
        self.idle_job: Optional[Callable[[], None]] = None
        log.on_unrung = self.on_unrung

    def on_unrung(self) -> None:
        if not self.busy:
            self.wake()

    def wake(self) -> None:
        self.quiet = 0
        if self.asleep:
            self.event.set()

    def run(self) -> None:
        while True:
            self.quiet = 0 if self.busy else self.quiet + 1
            if self.quiet > IDLE_TICKS:
                self.rest()
            time.sleep(TICK_SECONDS)
            for sink in self.sinks:
                sink.flush()
            if self.log.unrung:
                self.log.sync()

    def rest(self) -> None:
        if self.idle_job is not None:
            self.idle_job()
            self.idle_job = None
        self.event.clear()
        self.asleep = True
        if not self.busy and not self.log.unrung and not any(s.dirty for s in self.sinks):
            self.event.wait()
        self.asleep = False
        self.quiet = 0
