"""The user's process under a host: started in a session of its own, signalled, and its end seen together with what it still had to say."""

from __future__ import annotations

import os
import signal
from typing import Any, Optional, Sequence

from . import processes
from .ending import describe, stderr_tail
from .memory_end import MemoryWatch


class Child:
    def __init__(
        self, argv: Sequence[str], env: dict[str, str], cwd: str, files: Sequence[tuple[int, int]], then: Any = None
    ) -> None:
        self.pid = processes.spawn(argv, env, cwd, files, then)
        self.memory = MemoryWatch(self.pid)
        self.code: Optional[int] = None
        self.asked_to_end = False

    def poll(self) -> bool:
        """Has it ended?"""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def signal(self, number: int, group: bool = True) -> None:
        if self.code is None:
            processes.signal_group(self.pid, number, group)

    def exit(self, folder: str, stderr: bytes, clean: bool = False) -> dict[str, Any]:
        """How it ended; what is left of its group ends with it."""
        processes.signal_group(self.pid, signal.SIGKILL)
        oom = self.code == -signal.SIGKILL and self.memory.killed()
        return describe(self.code, oom, stderr_tail(folder, stderr), clean or self.code == 0)


def wake_on_child(selector: Any) -> None:
    """SIGCHLD ends a select: through a pipe, so that none is missed."""
    r, w = os.pipe()
    os.set_blocking(r, False)
    os.set_blocking(w, False)
    signal.set_wakeup_fd(w, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector.register(r, 1, lambda _mask: os.read(r, 4096))
