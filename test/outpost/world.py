"""What the tests of the outpost's promises share: outposts in folders of their own, floods that can be checked, a reader to kill."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).parent))
for unwanted in ('PYTHONUNBUFFERED', 'PYTHONDONTWRITEBYTECODE'):
    os.environ.pop(unwanted, None)

from client import OUT, RECORD, Client, up  # noqa: E402
from session import Session  # noqa: E402

SEED = 7
# The reader that is killed: its file is a copy of the log from 0, so its own length says where to go on
READER = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import os
from client import Client, COMMAND
f = os.open(sys.argv[3], os.O_RDWR | os.O_CREAT, 0o600)
size = os.fstat(f).st_size
c = Client(argv=[*COMMAND, 'attach', sys.argv[1]])
c.open(sys.argv[2], since=size)
s = c.streams[1]
while True:
    c.fill()
    if s.buffer:
        os.pwrite(f, bytes(s.buffer), size); size += len(s.buffer); s.buffer.clear()
"""


class World:
    def __init__(self, python: str, lines: int) -> None:
        self.python, self.lines = python, lines
        self.bases: list[str] = []
        self.passed, self.failed = 0, []
        self.base = self.new_base()
        self.random = random.Random(SEED)

    def new_base(self) -> str:
        base = tempfile.mkdtemp(prefix='uo-')
        self.bases.append(base)
        return base

    def check(self, title: str, ok: Any, info: Any = '') -> None:
        if ok:
            self.passed += 1
            print('ok  ', title, flush=True)
        else:
            self.failed.append(title)
            print('FAIL', title, str(info)[:600], flush=True)

    def kernel(self, **more: Any) -> Session:
        up(self.base)
        return Session(self.base, python=self.python, path='direct', **more)


def rss_mb(pid: int) -> float:
    return int(next(x for x in open(f'/proc/{pid}/status') if x.startswith('VmRSS')).split()[1]) / 1024


def lines(n: int) -> bytes:
    return b''.join(b'%099d\n' % i for i in range(n))


def text_of_copy(path: str) -> bytes:
    data, at, out = Path(path).read_bytes(), 0, []
    while at + 20 <= len(data):
        n, kind = RECORD.unpack_from(data, at)[:2]
        if kind == OUT:
            out.append(data[at + 20 : at + 20 + n])
        at += 20 + n
    return b''.join(out)


def reader(w: World, name: str, copy: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, '-c', READER, w.base, name, copy], stderr=subprocess.DEVNULL)


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.01)
    raise TimeoutError


def again(base: str, seconds: float = 5) -> Client:
    """A new connection, whoever serves now."""

    def dial() -> Any:
        try:
            return Client(base)
        except (OSError, EOFError):
            return None

    return wait_for(dial, seconds)


def size_of(c: Client, name: str) -> int:
    return c.call('journal', name=name, last=0)['size']


def done(c: Client, name: str) -> bool:
    return c.call('journal', name=name)['executions'][-1]['state'] == 'done'
