"""One run as the supervisor knows it: its folder, its host process, its log (only tailed), its input socket.

Nothing that must survive lives here: after a kill of the supervisor the same object is made again from the run's folder.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import selectors
import socket
import struct
import time
from typing import TYPE_CHECKING, Any, Callable, Optional

from . import ending, places, processes
from .frames import BYTES_CH
from .journal import Journal
from .log_reader import LogReader
from .memory_end import MemoryWatch
from .problem import Problem
from .rescue import Fifos

if TYPE_CHECKING:
    from .streams_out import LogStream
    from .supervisor import Supervisor

HELD_INPUT_BYTES = 64 << 20
ACTIVE_SECONDS = 60.0
MARK_SECONDS = 1.0
INPUT_HEAD = struct.Struct('<IB')  # length, channel


class Run:
    def __init__(self, top: Supervisor, folder: str, meta: dict[str, Any]) -> None:
        self.top, self.folder, self.meta = top, folder, meta
        self.log = LogReader(folder)
        self.journal = Journal(self.log)
        self.streams: set[LogStream] = set()
        self.sock: Optional[socket.socket] = None
        self.inbuf = bytearray()
        self.out = bytearray()
        self.pidfd: Optional[int] = None
        self.ready: Optional[dict[str, Any]] = places.read_json(os.path.join(folder, 'ready.json'))
        self.exit: Optional[dict[str, Any]] = meta.get('exit')
        self.busy_parent = 0
        self.last_parent = 0
        self.blocked: Optional[str] = None
        self.fifos: Optional[Fifos] = None
        self.memory: Optional[MemoryWatch] = None
        self.on_end: list[Callable[[], None]] = []
        self.stop_at: list[tuple[float, int]] = []  # (when, signal) of a stop in progress
        self.adopted = False
        self.warm = False
        self.active_at = time.monotonic()  # when it last said or was sent something

    @property
    def name(self) -> str:
        return self.meta['name']

    @property
    def over(self) -> bool:
        return self.exit is not None

    @property
    def pid(self) -> Optional[int]:
        """The user's process: of the host itself only on the direct path."""
        return self.ready['pid'] if self.ready else (self.meta['pid'] if self.meta['path'] == 'direct' else None)

    def state(self) -> dict[str, Any]:
        m = self.meta
        return {
            'name': m['name'], 'kind': m['kind'], 'path': (self.ready or m)['path'], 'pid': self.pid, 'log': m['log'], 'first': self.log.first, 'size': self.log.size,
            'state': 'ended' if self.over else 'ready' if self.ready else 'starting', 'busy': bool(self.busy_parent) and not self.over, 'blocked': self.blocked,
            'startedUs': m['startedUs'], 'cwd': m['cwd'], 'argv': m['argv'], 'python': m.get('python'), 'ready': self.ready, 'exit': self.exit,
        }  # fmt: skip

    def save(self) -> None:
        places.write_json(os.path.join(self.folder, 'meta.json'), dict(self.meta, exit=self.exit))

    # -- the host process --------------------------------------------------------------------------------------------

    def watch(self) -> None:
        if self.over:
            return
        if not processes.alive(self.meta['pid'], self.meta['start']):
            return self.on_exit()
        self.memory = MemoryWatch(self.meta['pid'])
        if hasattr(os, 'pidfd_open'):
            with contextlib.suppress(OSError):
                self.pidfd = os.pidfd_open(self.meta['pid'])
                self.top.selector.register(self.pidfd, selectors.EVENT_READ, self.on_exit)
        self.connect()

    def on_exit(self, _mask: int = 0) -> None:
        """It ended. Its status: from us if we are its parent, else from the keeper, who inherited it."""
        if self.pidfd is not None:
            self.top.selector.unregister(self.pidfd)
            os.close(self.pidfd)
            self.pidfd = None
        try:
            pid, status = os.waitpid(self.meta['pid'], os.WNOHANG)
            if pid:
                return self.ended(os.waitstatus_to_exitcode(status))
        except ChildProcessError:
            pass
        self.top.later(0.0, lambda: self._ask_keeper(time.monotonic() + 0.4))

    def _ask_keeper(self, until: float) -> None:
        code = ending.kept_status(self.top.base, self.meta['pid'])
        if code is None and time.monotonic() < until:
            return self.top.later(0.01, lambda: self._ask_keeper(until))
        self.ended(code)

    def check(self) -> None:
        """On the tick, where there is no pidfd (macOS, old kernels)."""
        if self.over or self.pidfd is not None:
            return
        try:
            pid, status = os.waitpid(self.meta['pid'], os.WNOHANG)
            if pid:
                self.ended(os.waitstatus_to_exitcode(status))
            return
        except ChildProcessError:
            pass
        try:
            os.kill(self.meta['pid'], 0)
        except ProcessLookupError:
            self.on_exit()

    def ended(self, code: Optional[int]) -> None:
        if self.over:
            return
        self.exit = ending.close_log(self, code)
        self.busy_parent, self.blocked = 0, None
        with contextlib.suppress(OSError):  # a full disk: the log's last record says it too
            self.save()
        if self.sock is not None:
            self.drop_socket()
        self.grew()
        for waiting in self.on_end:
            waiting()
        self.on_end.clear()
        self.stop_at.clear()
        self.top.run_ended(self)

    # -- its socket --------------------------------------------------------------------------------------------------

    def connect(self) -> bool:
        if self.sock is not None or self.over:
            return True
        s = socket.socket(socket.AF_UNIX)
        s.setblocking(False)
        try:
            s.connect(os.path.join(self.folder, 'host.sock'))
        except OSError:
            s.close()
            return False
        self.sock = s
        self.top.selector.register(s, selectors.EVENT_READ, self.on_host)
        self.push()
        return True

    def drop_socket(self) -> None:
        assert self.sock is not None
        self.top.selector.unregister(self.sock)
        self.sock.close()
        self.sock = None
        self.inbuf.clear()

    def on_host(self, mask: int) -> None:
        if mask & selectors.EVENT_READ and self.sock is not None:
            try:
                data = self.sock.recv(1 << 16)
            except BlockingIOError:
                data = b'!'
            except OSError:
                data = b''
            if not data:
                self.drop_socket()
                return self.check()
            self.active_at = time.monotonic()
            lines = data.lstrip(b'!')
            if lines or self.inbuf:
                self.inbuf += data
                self.read_lines()
            self.grew()
        if mask & selectors.EVENT_WRITE and self.sock is not None:
            self.push()

    def read_lines(self) -> None:
        """Doorbells are '!', what is told out of band is a JSON line."""
        *lines, rest = bytes(self.inbuf).split(b'\n')
        self.inbuf[:] = rest.lstrip(b'!')
        for line in lines:
            try:
                self.told(json.loads(line.lstrip(b'!')))
            except ValueError:
                continue  # cut off by a full socket: the log has it

    def told(self, event: dict[str, Any]) -> None:
        what = event['event']
        event['name'] = self.name
        if what == 'ready':
            self.ready = event['ready']
            if self.name.startswith('.'):
                return  # a spare is nobody's run yet
        elif what == 'state':
            self.busy_parent = event['busy']
            return
        elif what == 'warm':
            return self.top.run_warm(self)
        elif what == 'busy':
            self.busy_parent = self.last_parent = event['parent']
        elif what == 'idle':
            self.busy_parent = 0
            # four files of /proc and /sys: 0.25 ms, half of the supervisor's time for a short cell. Once a second says as much.
            if self.memory is not None and time.monotonic() - self.memory.marked_at > MARK_SECONDS:
                self.memory.mark()
        elif what == 'blocked':
            self.blocked = event['why']
        elif what == 'unblocked':
            self.blocked = None
        for client in list(self.top.clients):
            if what not in ('busy', 'error', 'idle') or client.watches(self):
                client.event(event)

    def send(self, channel: int, body: bytes) -> Optional[Problem]:
        """Give input to the host, or keep it until the host listens. What can't be delivered is said."""
        if self.over:
            return Problem('run.ended', f'{self.name} has ended: what was sent did not run')
        if len(self.out) + len(body) > HELD_INPUT_BYTES:
            return Problem(
                'run.full', f'{self.name} does not take its input; 64 MiB wait already', 'Send it again when it is idle.'
            )
        if channel == BYTES_CH and self.meta['kind'] == 'kernel':
            return Problem('run.kind', 'a kernel takes messages, not bytes')
        self.active_at = time.monotonic()
        self.out += INPUT_HEAD.pack(len(body), channel) + body
        if self.sock is not None or self.connect():
            self.push()
        return None

    def push(self) -> None:
        if self.sock is None:
            return
        try:
            while self.out:
                n = self.sock.send(self.out)
                del self.out[:n]
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno in (errno.EPIPE, errno.ECONNRESET):
                return self.drop_socket()
            raise
        mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.out else 0)
        if self.top.selector.get_key(self.sock).events != mask:
            self.top.selector.modify(self.sock, mask, self.on_host)

    # -- its log -----------------------------------------------------------------------------------------------------

    def grew(self) -> None:
        self.log.refresh()
        for client in {id(c): c for c in self.top.clients if c.watches(self)}.values():
            client.pump()

    @property
    def active(self) -> bool:
        """Not: busy. C code may hold the GIL before the host's first doorbell of a cell, and then nobody has told us that it runs."""
        return bool(self.busy_parent) or time.monotonic() - self.active_at < ACTIVE_SECONDS

    def rescue(self) -> None:
        """See rescue.py: only for a kernel host that can't read its own file descriptors at the moment."""
        if self.over or self.meta['path'] != 'direct' or not self.ready or not self.active or self.blocked:
            return
        if self.fifos is None:
            self.fifos = Fifos(self.folder)
        if self.fifos.rescue(self):
            self.grew()
