"""What a client reads: a window on a run's log or on a followed file, with credit. Both give the next slice to send, straight from a file."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, NamedTuple, Optional

from .frames import DATA, DATA_MARK, SLICE_BYTES, pack

if TYPE_CHECKING:
    from .follow import Follow
    from .run import Run


class Slice(NamedTuple):
    file: Optional[io.FileIO]  # None: all is in head
    offset: int
    length: int
    head: bytes


class LogStream:
    def __init__(self, number: int, run: Run, since: int, window: int) -> None:
        self.number, self.run, self.at, self.window = number, run, since, window
        self.limit = since + window

    def next(self) -> Optional[Slice]:
        log = self.run.log
        n = min(log.size, self.limit) - self.at
        if n <= 0:
            return None
        if self.at < log.first:
            self.at = log.first  # acked by another client in the meantime: the gap shows in seq
            return self.next()
        fd, place, left = log.locate(self.at)
        n = min(n, left, SLICE_BYTES)
        head = pack(DATA, b'', 0, self.number, self.at)
        self.at += n
        return Slice(fd, place, n, n.to_bytes(4, 'little') + head[4:])

    def close(self) -> None:
        self.run.streams.discard(self)


class FollowStream:
    def __init__(self, number: int, follow: Follow, window: int) -> None:
        self.number, self.follow, self.at, self.window = number, follow, 0, window
        self.limit = window

    def next(self) -> Optional[Slice]:
        room = self.limit - self.at
        if room <= 0:
            return None
        mark = self.follow.take_mark()
        if mark is not None:
            body = json.dumps(mark).encode()
            return Slice(None, 0, 0, pack(DATA, body, DATA_MARK, self.number, self.at))
        found = self.follow.take_bytes(min(room, SLICE_BYTES))
        if found is None:
            return None
        fd, place, n = found
        head = pack(DATA, b'', 0, self.number, self.at)
        self.at += n
        return Slice(fd, place, n, n.to_bytes(4, 'little') + head[4:])

    def close(self) -> None:
        self.follow.close()
