"""ipykernel's own Debugger with a plain TCP socket to debugpy where it had a ZeroMQ STREAM socket. Loopback, as debugpy always does.

Behind a probe (compat.DEBUGGER): if its internals are not the ones we know there is no debugger, and `ready` says so.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import socket
import threading
from typing import TYPE_CHECKING, Any, Optional

from . import compat
from .guard import untraced

if TYPE_CHECKING:
    from .kernel_host import KernelHost

LISTEN_SECONDS = 10.0
CONNECT_SECONDS = 10.0


class Adapter:
    """The TCP side of a DebugpyClient."""

    def __init__(self, client: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.client, self.loop = client, loop
        self.sock: Optional[socket.socket] = None

    def get_host_port(self) -> tuple[str, str]:
        if self.client.debugpy_port == -1:
            with socket.socket() as s:
                s.bind(('127.0.0.1', 0))
                self.client.debugpy_port = str(s.getsockname()[1])
        return '127.0.0.1', self.client.debugpy_port

    def connect(self) -> None:
        self.sock = sock = socket.create_connection(('127.0.0.1', int(self.client.debugpy_port)), CONNECT_SECONDS)
        sock.settimeout(None)
        untraced(threading.Thread(target=self.read, args=(sock,), daemon=True, name='outpost-debugpy')).start()

    def read(self, sock: socket.socket) -> None:
        decoder = codecs.getincrementaldecoder('utf-8')()
        while True:
            try:
                data = sock.recv(65536)
            except OSError:
                return
            if not data:
                return
            self.loop.call_soon_threadsafe(self.client.receive_dap_frame, decoder.decode(data))

    def send(self, msg: Any) -> None:
        body = json.dumps(msg, ensure_ascii=False).encode()
        assert self.sock is not None
        self.sock.sendall(b'Content-Length: %d\r\n\r\n' % len(body) + body)

    def disconnect(self) -> None:
        if self.sock is not None:
            self.sock.close()
            self.sock = None
        client = self.client
        client.init_event.clear()
        client.init_event_seq = -1
        client.wait_for_attach = True


class ShellStandIn:
    """Debugger.start asks the shell channel to run `debugpy.listen`: done on the main loop here."""

    def __init__(self, host: KernelHost) -> None:
        self.host = host
        self.done = threading.Event()

    def getsockopt(self, _option: Any) -> bytes:
        return b''

    def send(self, _sock: Any, _type: Any, content: dict[str, Any], *_more: Any) -> None:
        self.done.clear()

        def listen() -> None:
            exec(content['code'], {})
            for thread in threading.enumerate():  # debugpy's own threads are theirs; ours must run at a breakpoint
                if thread.name.startswith('outpost-') or thread.name in ('Control', 'IPythonHistorySavingThread'):
                    untraced(thread)
            self.done.set()

        self.host.loop.call_soon_threadsafe(listen)

    def recv(self, *_more: Any, **__: Any) -> tuple[None, dict[str, Any]]:
        return None, {'content': {'status': 'ok' if self.done.wait(LISTEN_SECONDS) else 'error'}}


def wire_debugger(host: KernelHost, loop: asyncio.AbstractEventLoop) -> Optional[str]:
    """Why there is no debugger, or None when it works. Called in the control thread, whose loop will run it."""
    debugger = getattr(host.app.kernel, 'debugger', None)
    if debugger is None:
        return 'debugpy is not installed'
    why = compat.why_no_debugger()
    if why is not None or not hasattr(debugger, 'debugpy_client'):
        host.app.kernel.debugger = None
        return why or 'Debugger.debugpy_client is not there'
    client = debugger.debugpy_client
    adapter = Adapter(client, loop)
    client.get_host_port, client.connect_tcp_socket = adapter.get_host_port, adapter.connect
    client._send_request, client.disconnect_tcp_socket = adapter.send, adapter.disconnect
    stand_in = ShellStandIn(host)
    debugger.shell_socket = stand_in
    debugger.session = stand_in

    async def poll() -> None:
        while True:
            await debugger.handle_stopped_event()

    loop.call_soon(lambda: loop.create_task(poll()))
    return None
