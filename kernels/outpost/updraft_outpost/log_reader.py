"""Reads a run's segmented log for the supervisor: how long it is, which file holds an offset, where the last whole record ends.

It never holds log bytes in memory: the caller sends from file to socket.
"""

from __future__ import annotations

import io
import os
from typing import Optional

from .places import segment_firsts, segment_name
from .records import Header, headers

OPEN_SEGMENTS = 4


class LogReader:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.firsts = segment_firsts(folder)
        self.files: dict[int, io.FileIO] = {}
        self.size = self.firsts[-1] if self.firsts else 0
        self.refresh()

    @property
    def first(self) -> int:
        return self.firsts[0] if self.firsts else 0

    def refresh(self) -> int:
        """Look how far the log goes now. A next segment is named by where the last one ended."""
        if not self.firsts:
            if not os.path.exists(os.path.join(self.folder, segment_name(0))):
                return 0
            self.firsts = [0]
        while True:
            last = self.firsts[-1]
            self.size = last + os.fstat(self.file(last).fileno()).st_size
            if self.size > last and os.path.exists(os.path.join(self.folder, segment_name(self.size))):
                # the writer is done with the last one before it makes the next, but look again: it may have grown between the two calls
                self.firsts.append(self.size)
                continue
            return self.size

    def file(self, first: int) -> io.FileIO:
        """Closed when nobody holds it any more: a slice that is being sent may outlive its place here."""
        found = self.files.get(first)
        if found is None:
            while len(self.files) >= OPEN_SEGMENTS:
                del self.files[next(k for k in self.files if k != self.firsts[-1])]
            found = self.files[first] = io.FileIO(os.path.join(self.folder, segment_name(first)), 'r+')
        return found

    def locate(self, offset: int) -> tuple[io.FileIO, int, int]:
        """(file, place in it, bytes from there to the end of that file's known part) of an offset of the log."""
        for i in range(len(self.firsts) - 1, -1, -1):
            first = self.firsts[i]
            if first <= offset:
                end = self.firsts[i + 1] if i + 1 < len(self.firsts) else self.size
                return self.file(first), offset - first, end - offset
        raise ValueError(f'offset {offset} is gone')

    def drop_below(self, offset: int) -> int:
        """Delete whole segments below offset; the answer is what is first now."""
        while len(self.firsts) > 1 and self.firsts[1] <= offset:
            first = self.firsts.pop(0)
            self.files.pop(first, None)
            os.unlink(os.path.join(self.folder, segment_name(first)))
        return self.first

    def cut_torn(self) -> tuple[int, Optional[tuple[Header, bytes]]]:
        """After the writer's death: cut off an unfinished record. (bytes cut, the last whole record and its payload)."""
        cut = 0
        while self.firsts:
            self.refresh()
            last = self.firsts[-1]
            fd = self.file(last).fileno()
            end, final = 0, None
            for final in headers(fd, 0, self.size - last):
                end = final.offset + 20 + final.length
            torn = self.size - last - end
            if torn:
                os.ftruncate(fd, end)
                cut += torn
                self.size = last + end
            if final is not None:
                return cut, (final, os.pread(fd, min(final.length, 1 << 16), final.offset + 20))
            if len(self.firsts) == 1:
                break
            # killed between making a segment and marking it: an empty last segment is none
            self.firsts.pop()
            self.files.pop(last, None)
            os.unlink(os.path.join(self.folder, segment_name(last)))
        return cut, None

    def tail(self, kind: int, size_bytes: int) -> bytes:
        """The last payload bytes of one kind in the last segment or two."""
        parts: list[bytes] = []
        have = 0
        for first in reversed(self.firsts[-2:]):
            fd = self.file(first).fileno()
            end = (self.size if first == self.firsts[-1] else self.firsts[-1]) - first
            found = [h for h in headers(fd, 0, end) if h.kind == kind][-64:]
            for h in reversed(found):
                n = min(h.length, size_bytes - have)
                parts.append(os.pread(fd, n, h.offset + 20 + h.length - n))
                have += n
                if have >= size_bytes:
                    return b''.join(reversed(parts))
        return b''.join(reversed(parts))

    def close(self) -> None:
        self.files.clear()
