"""A pseudo-terminal that outlives engine and supervisor: a shell on one side, the run's log on the other."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import termios
from typing import Any

from .child import Child, wake_on_child
from .frames import BYTES_CH
from .host_link import HostLink, say_ready
from .ready_files import still_open
from .records import OUT

READ_BYTES = 1 << 16


def set_size(fd: int, rows: int, cols: int) -> None:
    size = struct.pack('HHHH', max(1, min(rows, 1000)), max(1, min(cols, 2000)), 0, 0)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, size)


class TerminalHost:
    def __init__(self, folder: str) -> None:
        self.link = link = HostLink(folder)
        self.master, slave = pty.openpty()
        set_size(self.master, link.spec['rows'], link.spec['cols'])
        env = dict(os.environ)
        env.setdefault('TERM', 'xterm-256color')
        if env['TERM'] in ('dumb', 'unknown', ''):
            env['TERM'] = 'xterm-256color'
        env.setdefault('COLORTERM', 'truecolor')
        wake_on_child(link.selector)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.child = Child(
            link.spec['argv'],
            env,
            link.spec['cwd'],
            [(slave, 0), (slave, 1), (slave, 2)],
            lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        os.set_blocking(self.master, False)
        self.pending = bytearray()
        link.selector.register(self.master, 1, self.on_master)
        link.on_input, link.on_order = self.on_input, self.on_order
        say_ready(link.log, folder, {'pid': self.child.pid, 'path': 'terminal', 'ms': link.ms()})

    def on_order(self, order: dict[str, Any]) -> None:
        if order['op'] == 'resize':
            set_size(self.master, order['rows'], order['cols'])
        elif order['op'] == 'signal':
            self.child.signal(order['signal'], order['group'])

    def on_input(self, channel: int, body: bytes) -> None:
        if channel == BYTES_CH and body:
            self.pending += body
            self.feed()

    def feed(self) -> None:
        try:
            while self.pending:
                del self.pending[: os.write(self.master, self.pending[:4096])]
        except BlockingIOError:
            pass
        except OSError:
            self.pending.clear()
        if self.master in self.link.selector.get_map():
            self.link.selector.modify(self.master, 1 | (2 if self.pending else 0), self.on_master)

    def on_master(self, mask: int) -> None:
        if mask & 1:
            self.drain()
        if mask & 2:
            self.feed()

    def drain(self) -> bool:
        try:
            data = os.read(self.master, READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b''  # EIO: the last one on the other side has closed it
        if not data:
            if self.master in self.link.selector.get_map():
                self.link.selector.unregister(self.master)
            return False
        self.link.log.append(OUT, 0, data)
        return True

    def run(self) -> int:
        link = self.link
        while not self.child.poll():
            ready = link.selector.select(0.012 if link.log.unrung else None)
            for key, mask in ready:
                if still_open(link.selector, key):
                    key.data(mask)
            if not ready and link.log.unrung:
                link.log.bell()
        while self.drain():
            pass
        link.finish(self.child.exit(link.folder, b''))
        return 0


def run(folder: str) -> int:
    try:
        host = TerminalHost(folder)
    except OSError as error:
        print(f'{error.filename or ""}: {error.strerror}', flush=True)
        return 127
    return host.run()
