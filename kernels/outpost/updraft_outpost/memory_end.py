"""Did the memory run out? The kernel's counters of its out-of-memory killer, before and after: no log of the kernel is needed.

cgroup v2 `memory.events` (oom_kill) of the process's own group, v1 `memory.oom_control`, and /proc/vmstat for the whole machine.
"""

from __future__ import annotations

import re
import time


def _count(path: str) -> int:
    try:
        with open(path, encoding='ascii', errors='replace') as f:
            found = re.search(r'^oom_kill (\d+)', f.read(), re.M)
    except OSError:
        return -1
    return int(found.group(1)) if found else -1


class MemoryWatch:
    def __init__(self, pid: int) -> None:
        self.paths = ['/proc/vmstat']
        try:
            with open(f'/proc/{pid}/cgroup', encoding='utf-8') as f:
                for line in f:
                    number, names, path = line.rstrip('\n').split(':', 2)
                    if number == '0':
                        self.paths += [f'/sys/fs/cgroup{path}/memory.events', '/sys/fs/cgroup/memory.events']
                    elif 'memory' in names.split(','):
                        self.paths += [
                            f'/sys/fs/cgroup/memory{path}/memory.oom_control',
                            '/sys/fs/cgroup/memory/memory.oom_control',
                        ]
        except (OSError, ValueError):
            pass
        self.counts: dict[str, int] = {}
        self.mark()

    def mark(self) -> None:
        """Forget what was killed so far: it was not this run, which is alive."""
        self.marked_at = time.monotonic()
        self.counts = {p: _count(p) for p in self.paths}

    def killed(self) -> bool:
        return any(before >= 0 and _count(p) > before for p, before in self.counts.items())
