"""Signals and the end of a run, each kind in its own way: a kernel is asked by a message, a process by TERM, a terminal by HUP; then KILL."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from . import processes
from .frames import CONTROL_CH, INTERNAL_CH
from .records import pack_message

if TYPE_CHECKING:
    from .run import Run


def order(run: Run, what: dict[str, Any]) -> None:
    """An instruction to the host itself."""
    run.send(INTERNAL_CH, json.dumps(what).encode())


def send_signal(run: Run, number: int, group: bool = True) -> None:
    if run.meta['path'] == 'direct' and (run.ready or {'path': 'direct'})['path'] == 'direct':
        return processes.signal_group(run.meta['pid'], number, group)
    # the host is the parent of the process: it knows at any time whether that pid is still the same
    order(run, {'op': 'signal', 'signal': int(number), 'group': group})


def request(kind: str, content: dict[str, Any]) -> bytes:
    header = {
        'msg_id': 'outpost-' + processes.random_hex(8),
        'msg_type': kind,
        'session': 'outpost',
        'username': '',
        'date': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
        'version': '5.3',
    }
    return pack_message({'h': header, 'p': '', 'm': {}, 'c': content})


def stop(run: Run, grace_seconds: float) -> None:
    """Ask, ask harder at half of the grace, end at its end. A kernel that runs a cell can't answer: it is asked harder soon."""
    now = time.monotonic()
    if grace_seconds <= 0:
        return kill(run)
    if run.meta['kind'] == 'kernel':
        run.send(CONTROL_CH, request('shutdown_request', {'restart': False}))
        run.stop_at = [(now + grace_seconds / 2, signal.SIGTERM)]
    else:
        send_signal(run, signal.SIGHUP if run.meta['kind'] == 'terminal' else signal.SIGTERM)
        run.stop_at = []
    run.stop_at.append((now + grace_seconds, signal.SIGKILL))
    run.top.wake_at = now


def kill(run: Run) -> None:
    child = (run.ready or {}).get('pid')
    if child and child != run.meta['pid'] and processes.start_time(child) == (run.ready or {}).get('start'):
        processes.signal_group(child, signal.SIGKILL)  # its host sees it and writes the true status
        run.stop_at = [(time.monotonic() + 1.0, -signal.SIGKILL)]
        return
    processes.signal_group(run.meta['pid'], signal.SIGKILL)


def on_tick(run: Run, now: float) -> None:
    while run.stop_at and run.stop_at[0][0] <= now and not run.over:
        _, number = run.stop_at.pop(0)
        if number == -signal.SIGKILL:
            os.kill(run.meta['pid'], signal.SIGKILL)
        elif number == signal.SIGKILL:
            kill(run)
        else:
            send_signal(run, number)
