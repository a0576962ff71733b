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

# Threads that print for whichever cell runs: bound to the cell of ray.init() every later task's output would go there
FOLLOWING = ('ray_', 'Ray', 'raylet')


class Threads:
    """Threads and pool jobs started by cells, and whether any is alive."""

    def __init__(self, on_start: Callable[[], None], on_run: Callable[[int], None]) -> None:
        self.started: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self.on_start, self.on_run = on_start, on_run
        self.plain_start = threading.Thread.start

    def alive(self) -> bool:
        return any(t.is_alive() for t in list(self.started))

    def install(self) -> None:
        threads, plain_start = self, self.plain_start

        def start(thread: threading.Thread) -> None:
            parent = parent_var.get()
            if parent is not None and not thread.name.startswith(FOLLOWING):
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

    @staticmethod
    def _pool_jobs() -> None:
        """A pool's worker lives longer than the cell that caused it: each job brings its own cell."""
        from concurrent.futures import ThreadPoolExecutor

        submit = ThreadPoolExecutor.submit

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
            return submit(self, job, *args, **kwargs)

        submit_in_cell.__doc__ = submit.__doc__
        ThreadPoolExecutor.submit = submit_in_cell  # type: ignore[method-assign,assignment]
