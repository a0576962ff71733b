"""Requests in: the socket of the host, read by the main thread while it is idle and by the control thread while a cell runs.

A hand-over between threads costs about 130 us, so the idle kernel reads its requests itself; one epoll change swaps the reader. The
control thread also answers what must be answered while a cell runs: completion, inspection, debugging, shutdown.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import selectors
import socket
import threading
from typing import TYPE_CHECKING, Any

from ..frames import INTERNAL_CH, SHELL_CH, STDIN_CH
from ..host_link import listen, split_input
from ..records import ACCEPTED, CONTROL, dump, unpack_message
from .debugger import wire_debugger
from .guard import untraced
from .session import CHANNELS

if TYPE_CHECKING:
    from .kernel_host import KernelHost

# runs in the user's thread or not at all, also when a client asks on the control channel
SHELL_ONLY = ('execute_request', 'comm_open', 'comm_msg', 'comm_close')
BESIDE = ('comm_open', 'comm_msg', 'comm_close')


class ControlThread(threading.Thread):
    def __init__(self, host: KernelHost) -> None:
        super().__init__(daemon=True, name='Control')  # ipykernel tells its control thread by this name
        untraced(self)
        self.host = host
        self.server = listen(host.folder)
        self.connections: dict[socket.socket, bytearray] = {}
        self.reading = threading.RLock()
        self.inner = selectors.DefaultSelector()  # readable as a whole: nested in the loop of this thread
        self.mine = False
        self.started = threading.Event()

    def run(self) -> None:
        self.loop = loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self.lock = asyncio.Lock()
        loop.add_reader(self.server, self.accept)
        loop.add_reader(self.inner.fileno(), self.read_inner)  # type: ignore[attr-defined]
        loop.call_soon(self.started.set)
        host = self.host
        host.debugger_why = wire_debugger(host, loop)
        loop.run_forever()

    def own_input(self, main: bool) -> None:
        """main: the main loop reads by itself (it is idle); else this thread does."""
        with self.reading:
            self.mine = not main
            for c in self.connections:
                try:
                    if self.mine:
                        self.inner.register(c, selectors.EVENT_READ)
                    else:
                        self.inner.unregister(c)
                except (KeyError, ValueError, OSError):
                    continue

    def accept(self) -> None:
        sock, _ = self.server.accept()
        sock.setblocking(False)
        host = self.host
        with self.reading:
            self.connections[sock] = bytearray()
            if self.mine:
                self.inner.register(sock, selectors.EVENT_READ)
            host.log.bell_sock = sock
            host.log.tell({'event': 'state', 'busy': host.running_cell})
        host.loop.call_soon_threadsafe(lambda: sock.fileno() >= 0 and host.loop.add_reader(sock, self.read, sock))
        host.log.bell()

    def read_inner(self) -> None:
        for key, _ in self.inner.select(0):
            self.read(key.fileobj)  # type: ignore[arg-type]

    def read(self, sock: socket.socket) -> None:
        with self.reading:
            buffer = self.connections.get(sock)
            if buffer is None:
                return
            try:
                data = sock.recv(1 << 16)  # 256 KB came from mmap and went back to it with each request
            except BlockingIOError:
                return
            except OSError:
                data = b''
            if not data:
                return self.gone(sock)
            buffer += data
            for channel, body in split_input(buffer):
                try:
                    self.take(channel, body)
                except Exception:
                    self.host.app.log.error('bad request', exc_info=True)

    def gone(self, sock: socket.socket) -> None:
        del self.connections[sock]
        try:
            self.inner.unregister(sock)
        except (KeyError, ValueError):
            pass
        if self.host.log.bell_sock is sock:
            self.host.log.bell_sock = None

        def forget() -> None:
            self.host.loop.remove_reader(sock)
            sock.close()

        self.host.loop.call_soon_threadsafe(forget)

    def take(self, channel: int, body: bytes) -> None:
        host = self.host
        if channel == INTERNAL_CH:
            order = json.loads(body)
            if threading.get_ident() == host.main:
                return host.obey(order)
            return host.loop.call_soon_threadsafe(host.obey, order)
        found, buffers = unpack_message(body)
        header = found['h']
        msg = {
            'header': header, 'msg_id': header['msg_id'], 'msg_type': header['msg_type'], 'parent_header': {'msg_id': found['p']} if found.get('p') else {},
            'metadata': found.get('m') or {}, 'content': found.get('c') or {}, 'buffers': buffers,
        }  # fmt: skip
        if channel == STDIN_CH:
            host.answers.put(msg)
            return
        number, again = host.accept(header, channel)
        if again:
            host.log.append(
                ACCEPTED, number, dump({'id': header['msg_id'], 'type': header['msg_type'], 'channel': channel, 'again': True})
            )
            return
        shell = channel == SHELL_CH or header['msg_type'] in SHELL_ONLY
        host.log.append(
            ACCEPTED,
            number,
            dump({'id': header['msg_id'], 'type': header['msg_type'], 'channel': channel}),
            hold=shell,
            quiet=True,
        )
        if not shell:
            self.loop.call_soon_threadsafe(lambda: self.loop.create_task(self.control(number, msg)))
        elif threading.get_ident() == host.main:
            host.enqueue(number, msg)
        else:
            host.loop.call_soon_threadsafe(host.enqueue, number, msg)
            host.log.ring_soon()

    async def control(self, number: int, msg: dict[str, Any]) -> None:
        kernel = self.host.app.kernel
        async with self.lock:
            kernel.set_parent([], msg, channel='control')
            kernel._publish_status('busy', 'control')
            handler = kernel.control_handlers.get(msg['header']['msg_type'])
            try:
                if handler is not None:
                    found = handler(CHANNELS[CONTROL], [], msg)
                    if inspect.isawaitable(found):
                        await found
            except Exception:
                self.host.app.log.error('Exception in control handler:', exc_info=True)
            kernel._publish_status('idle', 'control')
            self.host.log.sync()
