"""The supervisor: one selectors loop that starts runs, carries what clients say to them, and copies log bytes to clients.

It may be killed at any instant. All it knows is in BASE, and its successor reads it from there (adopt). No asyncio: its import alone
takes longer than the whole start may (100 ms).
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import os
import selectors
import signal
import socket
import struct
import sys
import time
from typing import Any, Callable, Optional

from . import places, processes, stopping
from .calls import Calls
from .client import Client
from .ready_files import still_open
from .run import Run
from .sample import Sampler
from .spares import Spares, is_spare
from .streams_out import FollowStream

LINGER_SECONDS = 900.0
TICK_SECONDS = 0.2
FOLLOW_SECONDS = 0.1
CLOSE_SECONDS = 3.0
FAULT_LIMIT = 50
YOUNG_SECONDS = 60.0
BASE_SECONDS = 3.0  # how soon the loss of BASE is seen: one stat, so that an idle laptop hardly wakes


class Supervisor:
    def __init__(self, base: str) -> None:
        self.base = base
        self.selector = selectors.DefaultSelector()
        self.clients: list[Client] = []
        self.runs: dict[str, Run] = {}
        self.timers: list[tuple[float, int, Callable[[], None]]] = []
        self.timer_number = 0
        self.boot = processes.random_hex(8)
        self.identity = ''
        self.epoch = -1.0
        self.linger: Optional[float] = LINGER_SECONDS
        self.running = True
        self.closing = False
        self.wake_at = 0.0
        self.base_at = 0.0
        self.faults = 0
        self.alone_since = time.monotonic()
        self.calls, self.spares, self.sampler = Calls(self), Spares(self), Sampler(self)

    # -- life --------------------------------------------------------------------------------------------------------

    def lock(self) -> bool:
        """False: somebody serves this BASE already."""
        places.prepare_base(self.base)
        self.lock_fd = os.open(os.path.join(self.base, 'lock'), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def serve(self) -> None:
        os.makedirs(os.path.join(self.base, 'exits'), 0o700, exist_ok=True)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: self.leave())
        self.load()
        server = self.listen()
        self.adopt()
        while self.running:
            try:
                ready = self.selector.select(self.wait_seconds())
            except InterruptedError:
                continue
            for key, mask in ready:
                if still_open(self.selector, key):
                    self.guarded(key.data, mask)
            self.guarded(self.tick)
        server.close()
        if self.has_base():  # else the socket there is somebody else's
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self.base, 'sock'))

    def guarded(self, handler: Callable[..., None], *mask: int) -> None:
        """A fault in one handler must not cut everybody off; many mean that this process is not sound, and the keeper starts a fresh one."""
        try:
            handler(*mask)
        except Exception:
            self.faults += 1
            self.complain(f'in {handler}')
            if self.faults > FAULT_LIMIT:
                raise

    def leave(self) -> None:
        """TERM: only this process ends; the runs stay and the next supervisor adopts them."""
        self.running = False

    def load(self) -> None:
        state = places.read_json(os.path.join(self.base, 'state.json')) or {}
        self.identity = state.get('outpost') or processes.random_hex(8)
        self.epoch = state.get('epoch', -1)
        self.linger = state.get('linger', LINGER_SECONDS)
        self.save()

    def save(self) -> None:
        places.write_json(
            os.path.join(self.base, 'state.json'), {'outpost': self.identity, 'epoch': self.epoch, 'linger': self.linger}
        )

    def adopt(self) -> None:
        """Every run that is in BASE is ours again; those whose process has ended meanwhile get their last records."""
        for entry in sorted(os.listdir(self.base)):
            folder = os.path.join(self.base, entry)
            if not entry.startswith('r') or not os.path.isdir(folder):
                continue
            meta = places.read_json(os.path.join(folder, 'meta.json'))
            if meta is None:
                places.remove_folder(folder)  # killed between making the folder and starting the host
                continue
            self.runs[meta['name']] = run = Run(self, folder, meta)
            run.adopted = True
        for run in list(self.runs.values()):
            if not run.over:
                with contextlib.suppress(OSError):
                    run.watch()
        self.spares.forget_leftovers()

    def listen(self) -> socket.socket:
        path = os.path.join(self.base, 'sock')
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        server = socket.socket(socket.AF_UNIX)
        old = os.umask(0o177)
        server.bind(path)
        os.umask(old)
        server.listen(64)
        server.setblocking(False)
        self.selector.register(server, selectors.EVENT_READ, lambda _mask: self.accept(server))
        return server

    def accept(self, server: socket.socket) -> None:
        try:
            sock, _ = server.accept()
        except OSError:
            return
        if hasattr(socket, 'SO_PEERCRED'):  # elsewhere the 0700 folder is the guard
            uid = struct.unpack('3i', sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
            if uid not in (os.getuid(), 0):
                return sock.close()
        sock.setblocking(False)
        client = Client(self, sock)
        self.clients.append(client)
        client.pump()

    # -- time --------------------------------------------------------------------------------------------------------

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        self.timer_number += 1
        heapq.heappush(self.timers, (time.monotonic() + seconds, self.timer_number, what))

    def wait_seconds(self) -> float:
        """Long sleeps when nothing needs looking at: an idle outpost should not wake a laptop."""
        now = time.monotonic()
        live = [r for r in self.runs.values() if not r.over]
        if any(r.sock is None for r in live):
            young = any(r.sock is None and time.time() - r.meta['startedUs'] / 1e6 < YOUNG_SECONDS for r in live)
            wait = 0.005 if young else TICK_SECONDS  # its socket is about to appear
        elif any(isinstance(s, FollowStream) for c in self.clients for s in c.streams.values()):
            wait = FOLLOW_SECONDS
        elif any(r.active or r.stop_at or r.pidfd is None for r in live):
            wait = TICK_SECONDS
        else:
            wait = BASE_SECONDS if self.linger is None else min(BASE_SECONDS, max(1.0, self.linger))
        if self.timers:
            wait = min(wait, max(0.0, self.timers[0][0] - now))
        return min(wait, self.sampler.wait_seconds(now))

    def tick(self) -> None:
        now = time.monotonic()
        while self.timers and self.timers[0][0] <= now:
            heapq.heappop(self.timers)[2]()
        for run in list(self.runs.values()):
            if run.sock is None and not run.over and os.path.exists(os.path.join(run.folder, 'host.sock')) and run.connect():
                run.grew()
        if now >= self.wake_at:
            self.wake_at = now + FOLLOW_SECONDS
            for client in list(self.clients):
                followed = [s for s in client.streams.values() if isinstance(s, FollowStream)]
                for stream in followed:
                    stream.follow.look()
                if followed:
                    client.pump()
            self.slow_tick(now)
        self.sampler.tick(now)
        if now >= self.base_at:
            self.base_at = now + BASE_SECONDS
            self.consider_base()
        self.consider_end(now)

    def slow_tick(self, now: float) -> None:
        for run in list(self.runs.values()):
            if not run.over:
                run.check()
                run.rescue()
                stopping.on_tick(run, now)

    def consider_end(self, now: float) -> None:
        """It ends by itself when it keeps nothing alive and nobody asks."""
        if self.clients or any(not r.over and not is_spare(r) for r in self.runs.values()):
            self.alone_since = now
        elif self.linger is not None and now - self.alone_since >= self.linger and not self.closing:
            self.shut_down('linger')

    def has_base(self) -> bool:
        """Is BASE still the folder that we locked? It may have been removed, or removed and made anew by another outpost."""
        try:
            return os.path.samestat(os.stat(os.path.join(self.base, 'lock')), os.fstat(self.lock_fd))
        except FileNotFoundError:
            return False
        except OSError:
            return True

    def consider_base(self) -> None:
        """Without BASE nobody can reach or adopt anything here. What runs a cell, or is looked at, is let go on until then."""
        if self.closing or self.has_base():
            return
        kept = [r for r in self.runs.values() if not r.over and not is_spare(r)]
        if any(self.clients or r.busy_parent or r.meta['kind'] == 'job' for r in kept):
            return
        print(f'{self.base} is gone', file=sys.stderr)
        self.shut_down('gone')

    def shut_down(self, why: str) -> None:
        self.closing = True
        self.spares.wanted.clear()
        live = [r for r in self.runs.values() if not r.over]
        for run in live:
            stopping.stop(run, 0 if is_spare(run) else CLOSE_SECONDS)
        self.tell({'event': 'closing', 'why': why})
        end = time.monotonic() + CLOSE_SECONDS + 2

        def look() -> None:
            if all(r.over for r in self.runs.values()) or time.monotonic() > end:
                self.running = False
            else:
                self.later(0.02, look)

        self.later(0.02, look)

    # -- what happens ------------------------------------------------------------------------------------------------

    def tell(self, event: dict[str, Any]) -> None:
        for client in list(self.clients):
            client.event(event)
            client.pump()

    def fence(self, epoch: float, newcomer: Client) -> None:
        """A newer engine is here: older ones are told and cut off, so that two never drive the same kernels."""
        self.epoch = epoch
        self.save()
        for client in list(self.clients):
            if client is not newcomer and client.epoch is not None and client.epoch < epoch:
                client.event({'event': 'replaced', 'epoch': epoch})
                client.closing = True
                client.pump()

    def client_gone(self, client: Client) -> None:
        if client in self.clients:
            self.clients.remove(client)
        self.sampler.forget(client)

    def run_warm(self, run: Run) -> None:
        """A spare is `ready` when a first traceback and a first completion cost nothing any more. It can be taken before."""
        if is_spare(run):
            run.warm = True
            self.spares.say(run.meta['python'], 'ready')

    def run_ended(self, run: Run) -> None:
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self.base, 'exits', str(run.meta['pid'])))
        if is_spare(run):
            return self.spares.ended(run)
        self.tell({'event': 'exit', 'name': run.name, 'exit': run.exit})

    def forget(self, run: Run) -> None:
        for client in list(self.clients):
            for number, stream in list(client.streams.items()):
                if getattr(stream, 'run', None) is run:
                    client.drop_stream(number)
        self.runs.pop(run.name, None)
        run.log.close()
        places.remove_folder(run.folder)

    def complain(self, where: str) -> None:
        print(time.strftime('%Y-%m-%d %H:%M:%S'), where, file=sys.stderr)
        import traceback

        traceback.print_exc()
