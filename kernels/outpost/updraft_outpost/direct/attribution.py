"""Which cell does a line of output belong to? The one that started the thread, task or pool job that wrote it.

`parent` is the number of the request, in a context variable: asyncio tasks copy it by themselves, threads and pool jobs through the
wrappers here. Nothing set means: the cell that runs now (library threads such as Ray's log printer).
"""

from __future__ import annotations

import contextvars
import threading
import weakref
from typing import Any, Callable, Optional

parent_var: contextvars.ContextVar[Optional[int]] = contextvars.ContextVar('outpost_parent', default=None)

# Threads of these libraries serve the whole session and print (if at all) for whichever cell runs. Bound to the cell of ray.init(), Ray's
# log printer would put every later task's output there; and a counted service thread would keep text on the slow path: 1e6 prints 4 times
# slower for as long as Ray is connected.
SERVICES = {
    'ray',
    'tqdm',
    'zmq',
    'tornado',
    'IPython',
    'ipykernel',
    'jupyter_client',
    'debugpy',
    '_pydevd_bundle',
    'torch',
    'grpc',
    'wandb',
    'multiprocessing',
}
SERVICE_NAMES = ('ray_', 'PythonGCThread')
POOL = 'concurrent.futures.thread'  # its workers idle; what counts are their jobs


def is_service(thread: threading.Thread) -> bool:
    target = getattr(thread, '_target', None)
    module = getattr(target, '__module__', None) if target is not None else type(thread).__module__
    return thread.name.startswith(SERVICE_NAMES) or module == POOL or (module or '').split('.')[0] in SERVICES


class Threads:
    """Threads and pool jobs started by cells, and whether any is alive."""

    def __init__(self, on_start: Callable[[], None], on_run: Callable[[int], None]) -> None:
        self.started: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self.on_start, self.on_run = on_start, on_run
        self.plain_start = threading.Thread.start
        self.jobs: set[Any] = set()  # futures of pools, not done

    def alive(self) -> bool:
        return bool(self.jobs) or any(t.is_alive() for t in list(self.started))

    def install(self) -> None:
        threads, plain_start = self, self.plain_start

        def start(thread: threading.Thread) -> None:
            parent = parent_var.get()
            if parent is not None and not is_service(thread):
                threads.bind(thread, parent)
            return plain_start(thread)

        start.__doc__ = plain_start.__doc__
        threading.Thread.start = start  # type: ignore[method-assign,assignment]
        self._pool_jobs()

    def bind(self, thread: threading.Thread, parent: int) -> None:
        inner = thread.run

        def run_in_cell() -> None:
            parent_var.set(parent)
            self.on_run(parent)
            try:
                inner()
            finally:
                thread.__dict__.pop('run', None)

        thread.run = run_in_cell  # type: ignore[method-assign]
        self.started.add(thread)
        self.on_start()

    def _pool_jobs(self) -> None:
        """A pool's worker lives longer than the cell that caused it: each job brings its own cell."""
        from concurrent.futures import ThreadPoolExecutor

        submit, threads = ThreadPoolExecutor.submit, self

        def submit_in_cell(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            parent = parent_var.get()
            if parent is None:
                return submit(self, fn, *args, **kwargs)

            def job(*a: Any, **k: Any) -> Any:
                token = parent_var.set(parent)
                try:
                    return fn(*a, **k)
                finally:
                    parent_var.reset(token)

            job.__name__ = getattr(fn, '__name__', 'job')
            threads.on_start()
            future = submit(self, job, *args, **kwargs)
            threads.jobs.add(future)
            future.add_done_callback(threads.jobs.discard)  # also when it is cancelled
            return future

        submit_in_cell.__doc__ = submit.__doc__
        ThreadPoolExecutor.submit = submit_in_cell  # type: ignore[method-assign,assignment]
