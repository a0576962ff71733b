"""One warm kernel per Python: a restart is a hand-over (2 ms) instead of a start (0.3 to 1 s).

A spare is an ordinary direct run under a name of its own; taking it renames it, changes its folder and environment. What libraries
read at interpreter start (PYTHON*, LD_*, locale) can't be given to a running process: then a plain start it is.
"""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any, Optional

from . import launch, processes
from .frames import INTERNAL_CH
from .run import Run

if TYPE_CHECKING:
    from .supervisor import Supervisor

# The user's first cells come first; but 2 s and a start on a busy machine (1.1 to 1.6 s) were more than people take for the next restart.
AGAIN_SECONDS = 1.0
EARLY = ('PYTHON', 'LD_', 'DYLD_', 'LC_', 'LANG', 'TZ', 'HOME', 'MALLOC_', 'IPYTHON', 'JUPYTER', 'VIRTUAL_ENV', 'CONDA_')
PREFIX = '.spare-'


class Spares:
    def __init__(self, top: Supervisor) -> None:
        self.top = top
        self.wanted: dict[str, tuple[dict[str, Any], dict[str, Optional[str]]]] = {}

    def find(self, python: str) -> Optional[Run]:
        return next(
            (r for r in self.top.runs.values() if r.name.startswith(PREFIX) and r.meta['python'] == python and not r.over), None
        )

    def state(self) -> list[dict[str, Any]]:
        return [{'python': p, 'state': self.state_of(p)} for p in self.wanted]

    def state_of(self, python: str) -> str:
        run = self.find(python)
        return 'none' if run is None else 'ready' if run.warm else 'starting'

    def keep(self, spec: dict[str, Any], changes: dict[str, Optional[str]]) -> str:
        python = spec['python']
        old = self.wanted.get(python)
        self.wanted[python] = (spec, changes)
        if old is not None and (old[1] != changes or old[0]['args'] != spec['args']):
            self.end(python)
        self.make(python)
        return self.state_of(python)

    def make(self, python: str) -> None:
        if python in self.wanted and self.find(python) is None and not self.top.closing:
            spec, changes = self.wanted[python]
            try:
                launch.start(self.top, PREFIX + processes.random_hex(4), dict(spec, only_direct=True), changes)
                self.say(python, 'starting')
            except Exception as error:
                self.say(python, 'failed', str(error))

    def say(self, python: str, state: str, why: str = '') -> None:
        self.top.tell({'event': 'spare', 'python': python, 'state': state, 'why': why})

    def drop(self, python: str) -> None:
        self.wanted.pop(python, None)
        self.end(python)
        self.say(python, 'none')

    def end(self, python: str) -> None:
        run = self.find(python)
        if run is not None:
            processes.signal_group(run.meta['pid'], signal.SIGKILL)

    def ended(self, run: Run) -> None:
        """A spare that dies is not made again by itself: it would die again."""
        self.top.forget(run)
        python = run.meta['python']
        if self.find(python) is None:
            self.say(python, 'failed', (run.exit or {}).get('stderrTail', ''))

    def take(self, name: str, spec: dict[str, Any], changes: dict[str, Optional[str]]) -> Optional[Run]:
        """The spare as the run `name`, or None if there is none that fits."""
        python = spec['python']
        run = self.find(python)
        if run is None or spec['path'] != 'direct':
            return None
        # One that still starts is ahead of a cold start all the same: its order waits for it like any input. But a spare knows no bridge:
        # only where this interpreter has shown that it runs directly.
        if (run.ready is None or run.sock is None) and not self.runs_directly(python):
            return None
        kept, had = self.wanted.get(python, (None, {}))
        if (
            kept is None
            or kept['args'] != spec['args']
            or kept['quotaBytes'] != spec['quotaBytes']
            or kept['segmentBytes'] != spec['segmentBytes']
        ):
            return None
        now, before = processes.environment(changes), processes.environment(had)
        changed = {k for k in {*now, *before} if now.get(k) != before.get(k)}
        if any(k.startswith(EARLY) for k in changed):
            return None
        order = {'op': 'adopt', 'name': name, 'cwd': spec['cwd'], 'env': {k: now.get(k) for k in changed}}
        del self.top.runs[run.name]
        run.meta.update(name=name, cwd=spec['cwd'])
        run.save()
        self.top.runs[name] = run
        run.send(INTERNAL_CH, json.dumps(order).encode())
        self.top.later(AGAIN_SECONDS, lambda: self.make(python))
        return run

    def runs_directly(self, python: str) -> bool:
        return any(r.meta.get('python') == python and r.ready is not None and r.ready['path'] == 'direct' for r in self.top.runs.values())

    def forget_leftovers(self) -> None:
        """After adoption nobody knows what a spare was kept for: end them."""
        for run in list(self.top.runs.values()):
            if run.name.startswith(PREFIX):
                processes.signal_group(run.meta['pid'], signal.SIGKILL)


def is_spare(run: Run) -> bool:
    return os.path.basename(run.name).startswith(PREFIX)
