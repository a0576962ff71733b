"""Follows a growing file by its identity (device and inode), not by its name: rotation and truncation are marks between the bytes.

Looked at on the supervisor's tick (no inotify in the standard library, and none over NFS). Bytes go from file to socket as a log's do.
"""

from __future__ import annotations

import collections
import io
import os
import stat
from typing import Any, Optional

from .problem import Problem


def inode_of(st: os.stat_result) -> str:
    return f'{st.st_dev}:{st.st_ino}'


class Follow:
    def __init__(self, path: str, since: Any) -> None:
        self.path = path
        self.file: Optional[io.FileIO] = None
        self.inode: Optional[str] = None
        self.offset = self.size = 0
        self.marks: collections.deque[dict[str, Any]] = collections.deque()
        self.said_gone = False
        self._begin(since)

    def _open(self, path: str) -> Optional[io.FileIO]:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not hold the supervisor up
        except FileNotFoundError:
            return None
        except PermissionError:
            raise Problem('follow.denied', f'{path} may not be read by this user') from None
        except OSError as error:
            raise Problem('follow.not-file', f'{path}: {error.strerror}') from None
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise Problem('follow.not-file', f'{path} is not a regular file')
        return io.FileIO(fd, 'r')

    def _take(self, file: io.FileIO, offset: int) -> None:
        st = os.fstat(file.fileno())
        self.file, self.inode, self.offset, self.size = file, inode_of(st), offset, st.st_size

    def _begin(self, since: Any) -> None:
        file = self._open(self.path)
        if isinstance(since, dict) and isinstance(since.get('inode'), str) and isinstance(since.get('offset'), int):
            wanted, offset = since['inode'], max(0, since['offset'])
            old = file if file is not None and inode_of(os.fstat(file.fileno())) == wanted else self._sibling(wanted)
            if old is not None:
                self._take(old, offset)
                return self.look()  # truncated since? rotated since?
            if file is not None:
                self._take(file, 0)
                self.marks.append({'what': 'lost', 'inode': self.inode, 'offset': 0})
            return
        if file is not None:
            self._take(file, 0)
            if since == 'end':
                self.offset = self.size

    def _sibling(self, inode: str) -> Optional[io.FileIO]:
        """A rotated file lies beside the new one, under the same name with something added."""
        folder, name = os.path.split(self.path)
        stem = name.split('.')[0]
        try:
            names = [n for n in os.listdir(folder or '.') if n.startswith(stem)][:1000]
        except OSError:
            return None
        for n in names:
            path = os.path.join(folder, n)
            try:
                if inode_of(os.stat(path)) == inode:
                    return self._open(path)
            except (OSError, Problem):
                continue
        return None

    def look(self) -> None:
        """Called on each tick."""
        if self.file is not None:
            self.size = os.fstat(self.file.fileno()).st_size
            if self.size < self.offset:
                self.offset = 0
                self.marks.append({'what': 'truncated', 'inode': self.inode, 'offset': 0})
        if self.marks or (self.file is not None and self.offset < self.size):
            return  # first what is there
        try:
            there: Optional[str] = inode_of(os.stat(self.path))
        except OSError:
            there = None
        if there is None:
            if self.file is not None and not self.said_gone:
                self.said_gone = True
                self.marks.append({'what': 'gone', 'inode': self.inode, 'offset': self.offset})
            return
        if there == self.inode:
            self.said_gone = False
            return
        try:
            file = self._open(self.path)
        except Problem:
            return
        if file is not None:
            what = 'appeared' if self.file is None else 'rotated'
            self._take(file, 0)
            self.said_gone = False
            self.marks.append({'what': what, 'inode': self.inode, 'offset': 0})

    def take_mark(self) -> Optional[dict[str, Any]]:
        return self.marks.popleft() if self.marks else None

    def take_bytes(self, most: int) -> Optional[tuple[io.FileIO, int, int]]:
        if self.file is None or self.offset >= self.size:
            return None
        n = min(most, self.size - self.offset)
        place = self.offset
        self.offset += n
        return self.file, place, n

    def close(self) -> None:
        self.file = None
