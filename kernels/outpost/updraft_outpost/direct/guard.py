"""Holds back KeyboardInterrupt while the main thread hands bytes over.

Without it an interrupt between "the text left the buffer" and "the text is written" loses 64 KB of a flood. A held interrupt is raised
when the outermost guard is left; should it slip through a gap between two instructions, a thread sends it again.
"""

from __future__ import annotations

import signal
import threading
import time
from types import CodeType, FrameType
from typing import Any, Optional

RETRY_SECONDS = 0.005
SLOWEST_SECONDS = 0.05  # a write that waits for disk space holds interrupts for long


def untraced(thread: threading.Thread) -> threading.Thread:
    """A breakpoint stops every thread but those marked so: without the marks the kernel can't even say that it stopped."""
    thread.pydev_do_not_trace = thread.is_pydev_daemon_thread = True  # type: ignore[attr-defined]
    return thread


class Guard:
    def __init__(self) -> None:
        self.depth = 0
        self.main = threading.get_ident()
        # code objects whose first instruction already counts as inside
        self.codes: set[CodeType] = {Guard.__enter__.__code__, Guard.__exit__.__code__}
        self.armed = self.held = False
        self.again = threading.Event()

    def __enter__(self) -> None:
        if threading.get_ident() == self.main:
            self.depth += 1

    def __exit__(self, *_: Any) -> None:
        if threading.get_ident() == self.main:
            self.depth -= 1
            if self.held and not self.depth:
                self.held = False
                raise KeyboardInterrupt

    def arm(self, on: bool) -> None:
        """Only while a request of the user's runs may an interrupt be raised."""
        self.armed, self.held = on, False

    def on_sigint(self, _number: int, frame: Optional[FrameType]) -> None:
        if not self.armed:
            return
        if self.depth or (
            frame is not None and (frame.f_code in self.codes or (frame.f_back is not None and frame.f_back.f_code in self.codes))
        ):
            self.held = True
            self.again.set()
        else:
            self.held = False
            raise KeyboardInterrupt

    def start(self) -> None:
        untraced(threading.Thread(target=self._retry, daemon=True, name='outpost-interrupt')).start()

    def _retry(self) -> None:
        while True:
            self.again.wait()
            self.again.clear()
            wait = RETRY_SECONDS
            time.sleep(wait)
            while self.held:
                signal.pthread_kill(self.main, signal.SIGINT)
                time.sleep(wait)
                wait = min(wait * 1.5, SLOWEST_SECONDS)
