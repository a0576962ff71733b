"""ipykernel's kernel and application classes with everything of ZeroMQ taken out. Same shell, comms, magics, completer, debugger.

The class of the shell stays ZMQInteractiveShell: libraries (tqdm, rich) look at its name to know that they are in a notebook.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import queue
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from ..records import CONTROL, IOPUB, SHELL, STDIN
from .attribution import parent_var
from .lean import make_lean
from .session import CHANNELS, make_session

if TYPE_CHECKING:
    from .kernel_host import KernelHost

STDIN_LOOK_SECONDS = 0.5


class ParentThread:
    """The only thing 7.x asks of its shell channel thread outside subshells."""

    parent_thread = threading.main_thread()
    manager = None


@contextlib.contextmanager
def no_tee(channel: str) -> Any:
    """IPython 9 wraps sys.stdout.write in Python during each cell and keeps all text: 1e6 prints 0.3 -> 1.4 s, memory 48 -> 700 MB."""
    yield


CONNECT_INFO = (
    'This kernel is run by Updraft directly: it opens no ZeroMQ ports, so there is no connection file,\n'
    'and `jupyter console --existing` or a Qt console can not join it. Open the notebook in a second window\n'
    'instead, or start the kernel on the bridge (kernel menu: "Run over ZeroMQ").'
)


def make_kernel_class(host: KernelHost) -> Any:
    from ipykernel.ipkernel import IPythonKernel
    from tornado import ioloop
    from traitlets import Any as AnyTrait

    class DirectKernel(IPythonKernel):
        shell_stream = AnyTrait()
        control_stream = AnyTrait()
        debugpy_stream = AnyTrait()
        _execute_sleep = 0
        _supports_kernel_subshells = False

        def start(self) -> None:
            self.io_loop = ioloop.IOLoop.current()
            self._control_lock = asyncio.Lock()
            self.shell.exit_now = False  # type: ignore[union-attr]
            self._publish_status('starting', 'shell')

        def pre_handler_hook(self) -> None:
            self.saved_sigint_handler = signal.signal(signal.SIGINT, host.guard.on_sigint)

        def _abort_queues(self, *_: Any) -> None:
            host.settle()
            host.abort_below = host.next_number  # everything accepted so far; what comes later runs

        async def shutdown_request(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
            content = self.do_shutdown(parent['content'].get('restart', False))
            if inspect.isawaitable(content):
                content = await content
            host.send(CHANNELS[CONTROL], 'shutdown_reply', content, parent)
            host.log.sync()
            self.io_loop.add_callback(self.io_loop.stop)

        async def interrupt_request(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
            os.killpg(os.getpgrp(), signal.SIGINT)
            host.send(CHANNELS[CONTROL], 'interrupt_reply', {'status': 'ok'}, parent)

        def _input_request(self, prompt: Any, ident: Any, parent: Any, password: bool = False) -> str:
            host.settle()
            answers = host.answers
            while not answers.empty():
                answers.get()
            host.send(CHANNELS[STDIN], 'input_request', {'prompt': str(prompt), 'password': password}, parent=parent)
            try:
                while True:
                    with contextlib.suppress(queue.Empty):
                        value = answers.get(timeout=STDIN_LOOK_SECONDS)['content']['value']
                        break
            except KeyboardInterrupt:
                raise KeyboardInterrupt('Interrupted by user') from None
            if value == '\x04':
                raise EOFError
            return value

        # -- the loop that was ZeroMQ's ------------------------------------------------------------------------------

        async def run_queue(self, wake: asyncio.Event) -> None:
            while True:
                while host.queue:
                    number, msg = host.queue.popleft()
                    if number < host.abort_below and msg['header']['msg_type'] == 'execute_request':
                        host.send(CHANNELS[SHELL], 'execute_reply', {'status': 'aborted'}, parent=msg)
                        host.send(CHANNELS[IOPUB], 'status', {'execution_state': 'idle'}, parent=msg)
                        host.log.sync()
                        continue
                    await self.run_one(number, msg)
                wake.clear()
                if not host.queue:
                    await wake.wait()

        async def run_one(self, number: int, msg: dict[str, Any]) -> None:
            cell = msg['header']['msg_type'] == 'execute_request'
            host.begin(number, msg, cell)
            parent_var.set(number)
            self.set_parent([], msg, channel='shell')
            self._publish_status('busy', 'shell')
            await self.handle(msg, True)
            host.settle()
            host.end(number, msg, cell)
            self._publish_status('idle', 'shell')
            host.log.sync()
            host.rest()

        async def run_beside(self, number: int, msg: dict[str, Any]) -> None:
            """A comm message while a cell awaits. 6.x keeps one parent: put the cell's back, or its `idle` gets the wrong one."""
            before = host.current
            parent_var.set(number)
            self.set_parent([], msg, channel='shell')
            await self.handle(msg, False)
            host.settle()
            self.set_parent([], before, channel='shell')
            self._publish_status('idle', 'shell', parent=msg)
            host.log.sync()

        async def handle(self, msg: dict[str, Any], interruptible: bool) -> None:
            handler = self.shell_handlers.get(msg['header']['msg_type'])
            if handler is None:
                return self.log.warning('Unknown message type: %r', msg['header']['msg_type'])
            if interruptible:
                self.pre_handler_hook()
                host.guard.arm(True)
            try:
                found = handler(CHANNELS[SHELL], [], msg)
                if inspect.isawaitable(found):
                    await found
            except (Exception, asyncio.CancelledError):
                self.log.error('Exception in message handler:', exc_info=True)
            except KeyboardInterrupt:
                self.log.error('KeyboardInterrupt caught in kernel.')
            finally:
                if interruptible:
                    host.guard.arm(False)
                    self.post_handler_hook()

    return DirectKernel


def make_app(host: KernelHost) -> Any:
    from ipykernel.displayhook import ZMQDisplayHook
    from ipykernel.kernelapp import IPKernelApp
    from traitlets import Type

    kernel_class, session_class = make_kernel_class(host), make_session(host)

    class DirectApp(IPKernelApp):
        name = 'ipython-kernel'
        kernel_class = Type(None, allow_none=True)  # type: ignore[assignment]

        def init_connection_file(self) -> None:
            pass

        init_poller = init_sockets = init_heartbeat = init_crash_handler = close = init_connection_file  # type: ignore[method-assign]

        def write_connection_file(self, **_: Any) -> None:
            pass

        def log_connection_info(self) -> None:
            self._ports = {}

        def init_io(self) -> None:
            loggers = (self.log, logging.getLogger('tornado'))
            for handler in [h for logger in loggers for h in logger.handlers if hasattr(h, 'stream')]:
                handler.stream = host.err  # kernel warnings are no cell's output
            host.start_io()
            self.displayhook = sys.displayhook = ZMQDisplayHook(self.session, CHANNELS[IOPUB])
            self.patch_io()

        def init_kernel(self) -> None:
            # a key that nobody uses: without one every kernel's last words would warn that its messages are not signed
            self.session = session_class(parent=self, key=os.urandom(16))
            sys.displayhook.session = self.session  # type: ignore[attr-defined]
            more = {'shell_channel_thread': ParentThread()} if host.version >= (7, 0) else {}
            self.kernel = kernel = kernel_class.instance(
                parent=self, session=self.session, control_stream=CHANNELS[CONTROL], shell_stream=CHANNELS[SHELL], iopub_socket=CHANNELS[IOPUB],
                stdin_socket=CHANNELS[STDIN], log=self.log, profile_dir=self.profile_dir, user_ns=self.user_ns, **more,
            )  # fmt: skip
            host.send = self.session.send
            kernel.record_ports({})
            self.displayhook.get_execution_count = lambda: kernel.execution_count  # type: ignore[method-assign]

    return DirectApp


def prepare_shell(app: Any, shell: Any) -> None:
    """Instance attributes, so that the class stays the one that libraries know."""
    if hasattr(shell, '_tee'):
        shell._tee = no_tee

    def say(_line: str = '') -> None:
        print(CONNECT_INFO)

    for name in ('connect_info', 'qtconsole'):
        shell.register_magic_function(say, 'line', name)
    make_lean(app, shell)
