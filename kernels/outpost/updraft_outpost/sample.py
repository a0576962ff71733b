"""Host, GPU and per-run samples for clients that ask. Reads /proc; asks nvidia-smi in a child that is never waited for.

What can't be known is null, and why there is no GPU is said. PSS (shared pages shared out) costs milliseconds per process: every 5 s.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from typing import TYPE_CHECKING, Any, Optional

from . import processes
from .records import now_us

if TYPE_CHECKING:
    from .client import Client
    from .supervisor import Supervisor

LEAST_SECONDS = 0.25
GPU_SECONDS = 2.0  # nvidia-smi takes up to a second when many GPUs sleep
GPU_LIMIT_SECONDS = 15.0
PSS_SECONDS = 5.0
FIELDS = 'index,uuid,name,memory.total,memory.used,utilization.gpu,temperature.gpu,power.draw'
TICKS = os.sysconf('SC_CLK_TCK') if hasattr(os, 'sysconf') else 100
PAGE = os.sysconf('SC_PAGE_SIZE') if hasattr(os, 'sysconf') else 4096


def read(path: str) -> str:
    try:
        with open(path, encoding='utf-8', errors='replace') as f:
            return f.read()
    except OSError:
        return ''


def number(text: str) -> Optional[float]:
    try:
        return float(text)
    except ValueError:
        return None


class Gpus:
    """The last answer of nvidia-smi, asked again at most every GPU_SECONDS."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self.selector = selector
        self.state: dict[str, Any] = {'state': 'none', 'why': 'not asked yet', 'list': []}
        self.asked, self.pid, self.pipe = -1e9, 0, -1
        self.text = b''

    def ask(self, now: float) -> None:
        if self.pid and now - self.asked > GPU_LIMIT_SECONDS:
            processes.signal_group(self.pid, signal.SIGKILL)
            self.state = {'state': 'error', 'why': f'nvidia-smi did not answer within {GPU_LIMIT_SECONDS:.0f} s', 'list': []}
        if self.pid or now - self.asked < GPU_SECONDS:
            return
        self.asked = now
        command = processes.find_command('nvidia-smi', dict(os.environ), '/')
        if command is None:
            self.state = {'state': 'none', 'why': 'There is no nvidia-smi on this machine.', 'list': []}
            self.asked = now + 60
            return
        r, w = os.pipe()
        try:
            self.pid = processes.spawn(
                [command, f'--query-gpu={FIELDS}', '--format=csv,noheader,nounits'], dict(os.environ), '/', [(w, 1), (w, 2)]
            )
        except OSError as error:
            self.state = {'state': 'error', 'why': str(error), 'list': []}
            os.close(r)
            return
        finally:
            os.close(w)
        os.set_blocking(r, False)
        self.pipe, self.text = r, b''
        self.selector.register(r, selectors.EVENT_READ, self.on_text)

    def on_text(self, _mask: int) -> None:
        try:
            data = os.read(self.pipe, 1 << 16)
        except BlockingIOError:
            return
        if data:
            self.text += data
            return
        self.selector.unregister(self.pipe)
        os.close(self.pipe)
        try:
            _, status = os.waitpid(self.pid, 0)
            code = os.waitstatus_to_exitcode(status)
        except ChildProcessError:
            code = 0
        self.pid = 0
        self.state = self.parse(self.text.decode('utf-8', 'replace'), code)

    @staticmethod
    def parse(text: str, code: int) -> dict[str, Any]:
        if code != 0:
            why = ' '.join(text.split())[:300] or f'nvidia-smi ended with {code}'
            return {'state': 'none' if 'No devices' in text else 'error', 'why': why, 'list': []}
        found = []
        for line in text.splitlines():
            cells = [c.strip() for c in line.split(',')]
            if len(cells) != 8:
                continue
            total, used, use, heat, power = (number(c) for c in cells[3:])
            found.append({
                'index': int(cells[0]), 'uuid': cells[1], 'name': cells[2],
                'memoryTotalBytes': None if total is None else int(total * 1048576), 'memoryUsedBytes': None if used is None else int(used * 1048576),
                'utilisationPercent': use, 'temperatureC': heat, 'powerWatts': power,
            })  # fmt: skip
        return {'state': 'ok' if found else 'none', 'why': None if found else 'nvidia-smi lists no GPU', 'list': found}


class Sampler:
    def __init__(self, top: Supervisor) -> None:
        self.top = top
        self.asked: dict[Client, tuple[float, float, list[str]]] = {}  # client: (every, next, disks)
        self.gpus = Gpus(top.selector)
        self.cpu_before: Optional[tuple[float, float]] = None
        self.run_before: dict[str, tuple[float, float]] = {}
        self.pss: dict[str, Optional[int]] = {}
        self.pss_at = -1e9

    def subscribe(self, client: Client, every_seconds: float, disks: list[str]) -> None:
        if not every_seconds:
            return self.forget(client)
        self.asked[client] = (max(LEAST_SECONDS, every_seconds), time.monotonic(), disks)

    def forget(self, client: Client) -> None:
        self.asked.pop(client, None)

    def wait_seconds(self, now: float) -> float:
        return max(0.0, min((n for _, n, _ in self.asked.values()), default=now + 60.0) - now)

    def tick(self, now: float) -> None:
        due = [(c, v) for c, v in self.asked.items() if v[1] <= now]
        if not due:
            return
        self.gpus.ask(now)
        runs = self.runs(now)
        host = self.host()
        for client, (every, _, disks) in due:
            self.asked[client] = (every, now + every, disks)
            event = {
                'event': 'sample',
                'atUs': now_us(),
                'host': dict(host, disks=self.disks(disks)),
                'gpus': self.gpus.state,
                'runs': runs,
            }
            client.event(event)
            client.pump()

    def disks(self, paths: list[str]) -> list[dict[str, Any]]:
        found = []
        for path in [self.top.base, *paths][:16]:
            try:
                st = os.statvfs(path)
                found.append({'path': path, 'totalBytes': st.f_blocks * st.f_frsize, 'freeBytes': st.f_bavail * st.f_frsize})
            except OSError:
                found.append({'path': path, 'totalBytes': None, 'freeBytes': None})
        return found

    def host(self) -> dict[str, Any]:
        memory = {
            k: int(v.split()[0]) * 1024
            for k, _, v in (line.partition(':') for line in read('/proc/meminfo').splitlines())
            if v.split()
        }
        limit = number(read('/sys/fs/cgroup/memory.max').strip() or read('/sys/fs/cgroup/memory/memory.limit_in_bytes').strip())
        total = memory.get('MemTotal')
        if total is None and 'SC_PHYS_PAGES' in os.sysconf_names:
            total = os.sysconf('SC_PHYS_PAGES') * PAGE
        first = read('/proc/stat').split('\n', 1)[0].split()[1:9]
        percent = None
        if len(first) == 8:
            spent = [float(x) for x in first]
            now = (sum(spent), sum(spent) - spent[3] - spent[4])
            if self.cpu_before is not None and now[0] > self.cpu_before[0]:
                percent = round(100 * (now[1] - self.cpu_before[1]) / (now[0] - self.cpu_before[0]), 1)
            self.cpu_before = now
        try:
            load = round(os.getloadavg()[0], 2)
        except OSError:
            load = None
        uptime = read('/proc/uptime').split()
        cpus = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
        return {
            'cpus': cpus, 'cpuPercent': percent, 'load1': load, 'memoryTotalBytes': total, 'memoryAvailableBytes': memory.get('MemAvailable'),
            'memoryLimitBytes': int(limit) if limit is not None and total is not None and limit < total else None,
            'swapUsedBytes': memory['SwapTotal'] - memory['SwapFree'] if 'SwapTotal' in memory else None,
            'uptimeSeconds': float(uptime[0]) if uptime else None,
        }  # fmt: skip

    def runs(self, now: float) -> dict[str, Any]:
        """Sums over each run's sessions (every host and every user process starts one)."""
        sessions: dict[int, str] = {}
        for r in self.top.runs.values():
            if not r.over and not r.name.startswith('.'):
                for pid in {r.meta['pid'], (r.ready or r.meta)['pid']}:
                    sessions[pid] = r.name
        found: dict[str, dict[str, Any]] = {
            n: {'rssBytes': 0, 'pssBytes': None, 'cpuPercent': None, 'processes': 0} for n in sessions.values()
        }
        if not sessions or not processes.LINUX:
            return {n: dict.fromkeys(v) for n, v in found.items()}
        spent: dict[str, float] = dict.fromkeys(found, 0.0)
        pids: dict[str, list[str]] = {n: [] for n in found}
        for entry in os.listdir('/proc'):
            if entry.isdigit():
                cells = read(f'/proc/{entry}/stat').rpartition(')')[2].split()
                name = sessions.get(int(cells[3])) if len(cells) > 21 else None
                if name is not None:
                    found[name]['rssBytes'] += int(cells[21]) * PAGE
                    found[name]['processes'] += 1
                    spent[name] += (int(cells[11]) + int(cells[12])) / TICKS
                    pids[name].append(entry)
        if now - self.pss_at > PSS_SECONDS:
            self.pss_at = now
            self.pss = {n: self.pss_of(p) for n, p in pids.items()}
        for name, figures in found.items():
            figures['pssBytes'] = self.pss.get(name)
            before = self.run_before.get(name)
            if before is not None and now > before[0]:
                figures['cpuPercent'] = round(max(0.0, 100 * (spent[name] - before[1]) / (now - before[0])), 1)
        self.run_before = {n: (now, s) for n, s in spent.items()}
        return found

    @staticmethod
    def pss_of(pids: list[str]) -> Optional[int]:
        total = 0
        for pid in pids[:64]:
            for line in read(f'/proc/{pid}/smaps_rollup').splitlines():
                if line.startswith('Pss:'):
                    total += int(line.split()[1]) * 1024
                    break
        return total or None
