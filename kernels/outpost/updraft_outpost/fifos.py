"""Named FIFOs as a run's file descriptors 1 and 2: opened for reading and writing, so they never break and never end."""

from __future__ import annotations

import fcntl
import os

from .records import ERR, OUT

F_SETPIPE_SZ = 1031  # Linux; the default of 64 KB would make a flood wait for its reader every 64 KB
FIFO_BYTES = 1 << 20


def open_fifos(folder: str) -> tuple[list[tuple[int, int]], list[int]]:
    """([(reader, record kind)], [writer of fd 1, writer of fd 2])."""
    readers, writers = [], []
    for fd, kind in ((1, OUT), (2, ERR)):
        path = os.path.join(folder, f'fd{fd}')
        if not os.path.exists(path):
            os.mkfifo(path, 0o600)
        writer = os.open(path, os.O_RDWR)
        try:
            fcntl.fcntl(writer, F_SETPIPE_SZ, FIFO_BYTES)
        except OSError:
            pass
        writers.append(writer)
        readers.append((os.open(path, os.O_RDONLY | os.O_NONBLOCK), kind))
    return readers, writers
