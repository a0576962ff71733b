"""A direct kernel: this process is the kernel, its log and its input socket. Started as `python outpost host direct FOLDER`.

Main thread: loop and cells. Control thread: requests while a cell runs. Flusher: text buffers, 12 ms. FdReader: children and C code.
"""

from __future__ import annotations

import asyncio
import atexit
import collections
import contextvars
import os
import queue
import signal
import socket
import sys
import threading
import time
from typing import Any, Optional

from .. import places
from ..ending import describe
from ..host_link import note, say_ready
from ..log_writer import LogWriter
from ..records import ERR, EXIT, OUT, dump
from . import compat
from .attribution import Threads
from .control_thread import BESIDE, ControlThread
from .fd_reader import FdReader
from .guard import Guard
from .streams import Flusher, Sink
from .warm import Warmer

HEADERS_KEPT = 2000
CHILD_EVENTS = {'subprocess.Popen', 'os.system', 'os.posix_spawn', 'os.forkpty'}


class KernelHost:
    def __init__(self, folder: str, spec: dict[str, Any]) -> None:
        self.began = time.monotonic()
        self.folder, self.spec = folder, spec
        self.pid, self.main = os.getpid(), threading.get_ident()
        self.guard = Guard()
        self.log = LogWriter(folder, spec['log'], spec['name'], spec['segmentBytes'], spec['quotaBytes'], self.guard)
        self.guard.codes |= {LogWriter.append.__code__, Sink.flush.__code__}
        self.err = open(os.dup(2), 'w', buffering=1, closefd=True)  # host.err: the host's own words, never a cell's
        self.numbers: dict[str, int] = {}  # msg_id -> number of the request; kept for good: at most once
        self.headers: collections.OrderedDict[int, dict[str, Any]] = collections.OrderedDict()
        self.next_number = 1
        self.abort_below = 0
        self.queue: collections.deque[tuple[int, dict[str, Any]]] = collections.deque()
        self.answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.sinks: list[Sink] = []
        self.busy = False
        self.current: dict[str, Any] = {}  # the request that runs, or ran last
        self.running_cell = 0
        self.debugger_why: Optional[str] = None
        self.version = (0, 0)
        self.send: Any = None  # Session.send of the kernel

    # -- requests ----------------------------------------------------------------------------------------------------

    def accept(self, header: dict[str, Any], channel: int) -> tuple[int, bool]:
        """The number of a request, and whether it was here before: then it never runs again."""
        known = self.numbers.get(header['msg_id'])
        if known is not None:
            return known, True
        number = self.numbers[header['msg_id']] = self.next_number
        self.next_number += 1
        self.headers[number] = header
        while len(self.headers) > HEADERS_KEPT:
            self.headers.popitem(last=False)
        return number, False

    def enqueue(self, number: int, msg: dict[str, Any]) -> None:
        if self.busy and msg['header']['msg_type'] in BESIDE:
            self.loop.create_task(self.app.kernel.run_beside(number, msg))  # a cell that awaits may wait for a widget
            return
        self.queue.append((number, msg))
        self.wake.set()

    def begin(self, number: int, msg: dict[str, Any], cell: bool) -> None:
        self.busy, self.current = True, msg
        for sink in self.sinks:
            sink.flush()
        self.fds.global_parent = number
        self.control.own_input(main=False)
        self.flusher.busy = True
        self.flusher.wake()
        if cell:
            self.running_cell = number
            self.log.tell({'event': 'busy', 'parent': number, 'id': msg['header']['msg_id']})

    def end(self, number: int, msg: dict[str, Any], cell: bool) -> None:
        if cell:
            self.running_cell = 0
            self.log.tell({'event': 'idle', 'parent': number, 'id': msg['header']['msg_id']})

    def rest(self) -> None:
        """A request is done and said. Text goes on at full speed unless something of the user's is still alive."""
        self.busy = self.flusher.busy = False
        self.flusher.idle_job = self.save_history
        self.control.own_input(main=True)
        live = self.threads.alive() or len(asyncio.all_tasks(self.loop)) > self.own_tasks
        self.fds.children = False
        for sink in self.sinks:
            sink.slow(live)
        self.warmer.soon()

    def settle(self) -> None:
        for sink in self.sinks:
            sink.flush()
        self.fds.settle()

    def save_history(self) -> None:
        """store_inputs wakes a writer thread for each cell (0.5 ms): the cache is large, and flushed when idle."""
        history = self.app.shell.history_manager
        if history is not None and getattr(history, 'save_flag', None) is not None and history.db_input_cache:
            history.save_flag.set()

    def obey(self, order: dict[str, Any]) -> None:
        """A spare becomes somebody's kernel."""
        if order['op'] != 'adopt':
            return
        for key, value in order['env'].items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
        os.chdir(order['cwd'])
        self.log.name = order['name']

    # -- output ------------------------------------------------------------------------------------------------------

    def start_io(self) -> None:
        """Called by the application when it would have made its ZeroMQ streams."""
        self.fds = FdReader(self.log, self.guard, self.folder)
        self.fds.redirect()
        self.flusher = Flusher(self.log)
        for kind, name in ((OUT, 'stdout'), (ERR, 'stderr')):
            sink = Sink(self.log, self.guard, kind, name, self.flusher, self.fds)
            self.sinks.append(sink)
            self.fds.sinks.append(sink)
            setattr(sys, name, sink.text)
        self.flusher.start()
        self.fds.start()
        self.guard.start()

    def slow(self) -> None:
        for sink in self.sinks:
            sink.slow(True)

    def enter_thread(self, number: int) -> None:
        """7.x keeps parents in context variables, and 7.0 finds none in a new thread: a display there was an error."""
        header = self.headers.get(number)
        if header is None:
            return
        shell, kernel = self.app.shell, self.app.kernel
        parent = {
            'header': header,
            'msg_id': header['msg_id'],
            'msg_type': header['msg_type'],
            'parent_header': {},
            'metadata': {},
            'content': {},
        }
        for owner, name, value in (
            (shell.displayhook, '_parent_header', header),
            (shell.display_pub, '_parent_header', header),
            (shell, '_parent_header', parent),
            (kernel, '_shell_parent', parent),
            (kernel, '_shell_parent_ident', []),
        ):
            variable = getattr(owner, name, None)
            if isinstance(variable, contextvars.ContextVar):
                variable.set(value)

    def on_audit(self, event: str, _args: Any) -> None:
        """A child is about to write to our file descriptors: what was printed before goes first."""
        if event in CHILD_EVENTS and os.getpid() == self.pid:
            for sink in self.sinks:
                sink.flush()
            self.fds.children = True
            self.slow()

    def before_fork(self) -> None:
        for sink in self.sinks:
            sink.flush()
        self.log.sync()
        self.log.lock.acquire()
        self.log.share()

    def in_child(self) -> None:
        self.log.forked()
        for sink in self.sinks:
            sink.reset()

    # -- life --------------------------------------------------------------------------------------------------------

    def build(self) -> None:
        import ipykernel

        from .direct_kernel import make_app, prepare_shell

        self.version = compat.version_of(ipykernel.__version__)
        os.chdir(self.spec['cwd'])
        app_class = make_app(self)
        self.app = app = app_class.instance()
        app.log_level = 30
        app.config.IPKernelApp.quiet = True  # libraries look whether this section is there to know that this is a notebook
        app.config.HistoryManager.db_cache_size = 1000
        app.initialize(list(self.spec['args']))
        prepare_shell(app, app.shell)
        self.threads = Threads(self.slow, self.enter_thread)
        self.threads.install()
        sys.addaudithook(self.on_audit)
        os.register_at_fork(before=self.before_fork, after_in_parent=self.log.lock.release, after_in_child=self.in_child)
        self.settle()

    def serve(self) -> None:
        from tornado import ioloop

        io_loop = ioloop.IOLoop.current()
        self.loop = loop = io_loop.asyncio_loop  # type: ignore[attr-defined]
        self.wake = asyncio.Event()
        self.own_tasks = 1
        self.warmer = Warmer(self)
        kernel = self.app.kernel
        kernel.start()
        self.control = kernel.control_thread = ControlThread(self)
        self.control.start()
        self.control.started.wait(10)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.wake_on_signal()
        say_ready(self.log, self.folder, self.ready())
        loop.call_soon(lambda: loop.create_task(kernel.run_queue(self.wake)))
        self.warmer.soon()
        io_loop.start()

    def wake_on_signal(self) -> None:
        """A signal must wake the loop: tornado's add_callback from a signal handler does not, and an interrupted `await` hung."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        self.loop.add_reader(reader, lambda: reader.recv(64))
        self.wake_pair = (reader, writer)

    def ready(self) -> dict[str, Any]:
        import ipykernel
        import IPython

        return {
            'pid': self.pid, 'path': 'direct', 'ms': round((time.monotonic() - self.began) * 1000, 1), 'python': sys.version.split()[0], 'executable': sys.executable,
            'ipykernel': ipykernel.__version__, 'ipython': IPython.__version__, 'debugger': self.debugger_why is None, 'debuggerWhy': self.debugger_why,
            'kernelInfo': self.app.kernel.kernel_info,
        }  # fmt: skip

    def finish(self) -> None:
        """After a shutdown: exit functions of the user's code, the last text, the end record. Threads are not waited for."""
        try:
            atexit._run_exitfuncs()
        finally:
            self.settle()
            self.log.append(EXIT, 0, dump(describe(0, False, '', clean=True)))
            self.log.sync()
            os._exit(0)


def to_bridge(folder: str, spec: dict[str, Any], why: str) -> None:
    """This same process becomes the bridge host: the supervisor keeps its pid."""
    argv = places.stock_argv(sys.executable, spec['args'])
    places.write_json(os.path.join(folder, 'spec.json'), dict(spec, path='bridge', argv=argv, why=why))
    os.chdir(spec['cwd'])
    host = places.host_argv(sys.executable, 'host', 'bridge', folder)
    os.execv(host[0], host)


def run(folder: str) -> None:
    import faulthandler

    os.environ.setdefault('PYDEVD_DISABLE_FILE_VALIDATION', '1')  # else debugpy warns about frozen modules at each start
    faulthandler.enable(os.dup(2), all_threads=False)  # a crash in native code says where, into host.err
    spec = places.read_json(os.path.join(folder, 'spec.json'))
    try:
        why = compat.why_not_direct()
    except ImportError as error:
        log = LogWriter(folder, spec['log'], spec['name'], spec['segmentBytes'], 0)
        note(
            log,
            'kernel.no-ipykernel',
            f'{sys.executable} has no working ipykernel: {error}.',
            'Install it into this environment: python -m pip install ipykernel',
        )
        print(f'{type(error).__name__}: {error}', file=sys.stderr, flush=True)
        os._exit(1)
    if why is not None and not spec.get('only_direct'):
        to_bridge(folder, spec, why)
    elif why is not None:
        print(why, file=sys.stderr, flush=True)
        os._exit(1)
    import ipykernel

    sys.argv = [os.path.join(os.path.dirname(os.path.dirname(ipykernel.__file__)), 'ipykernel_launcher.py')]
    host = KernelHost(folder, spec)
    host.build()
    try:
        host.serve()
    finally:
        host.finish()
