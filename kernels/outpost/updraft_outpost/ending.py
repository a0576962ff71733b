"""The end of a run: how it ended, told apart honestly, and the last records of its log."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any, Optional

from . import places, processes
from .records import ERR, EXIT, LOST, dump
from .rescue import Fifos, writer_for

if TYPE_CHECKING:
    from .run import Run

TAIL_BYTES = 4096
AGAIN_SECONDS = 2.0


def kept_status(base: str, pid: int) -> Optional[int]:
    """What the keeper saw of a child that it inherited; None if (still) nothing."""
    found = places.read_json(os.path.join(base, 'exits', str(pid)))
    return found['status'] if isinstance(found, dict) else None


def describe(code: Optional[int], oom: bool, stderr_tail: str, clean: bool = False) -> dict[str, Any]:
    """Exit as PROTOCOL.md §3 says. code: as of waitstatus_to_exitcode, negative for a signal; None if nobody knows."""
    number = -code if code is not None and code < 0 else None
    name = processes.signal_name(number) if number else None
    if clean:
        how, message = 'clean', 'It ended as it was asked to.'
    elif code is None:
        how, message = 'unknown', 'It ended while nobody who could know why was there.'
    elif oom:
        how, message = 'signal', 'The system ended it because memory ran out.'
    elif number:
        how, message = 'signal', f'It was ended by {name}.'
        if number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT):
            message = f'It crashed in native code ({name}).'
    else:
        how, message = 'code', f'It ended by itself with exit code {code}.'
    return {
        'how': how,
        'code': code if code is not None and code >= 0 else None,
        'signal': number,
        'signalName': name,
        'oom': oom,
        'stderrTail': stderr_tail,
        'message': message,
    }


def stderr_tail(folder: str, from_log: bytes) -> str:
    """The last stderr of the code, then the host's own words (Python's fault report, a failed import)."""
    own = b''
    try:
        with open(os.path.join(folder, 'host.err'), 'rb') as f:
            f.seek(max(0, os.fstat(f.fileno()).st_size - 2 * TAIL_BYTES))
            own = f.read()
    except OSError:
        pass
    fault = own.find(b'Fatal Python error')
    own = own[fault : fault + TAIL_BYTES // 2] if fault >= 0 else own[-TAIL_BYTES // 2 :]
    return (from_log[-(TAIL_BYTES - len(own)) :] + own).decode('utf-8', 'replace')


def close_log(run: Run, code: Optional[int]) -> dict[str, Any]:
    """After the host's death: cut a torn record and say so, take what is left in the FIFOs, write how it ended."""
    oom = code == -signal.SIGKILL and run.memory is not None and run.memory.killed()
    end_group(run)
    cut, last = run.log.cut_torn()
    if last is not None and last[0].kind == EXIT and not cut:
        return json.loads(last[1])
    if cut:
        cut_off(run)
    exit = describe(code, oom, stderr_tail(run.folder, run.log.tail(ERR, TAIL_BYTES)))
    last_records(run, cut, exit)
    return exit


def last_records(run: Run, cut: int, exit: dict[str, Any]) -> None:
    """With a full disk they wait for room, and the supervisor goes on."""
    if not os.path.isdir(run.folder):
        return  # forgotten meanwhile
    try:
        writer = writer_for(run)
        if cut:
            writer.append(LOST, 0, dump({'bytes': cut, 'why': 'It was killed while it wrote this record.'}))
            cut = 0
        fifos = run.fifos or Fifos(run.folder)
        run.fifos = None
        for kind, data in fifos.drain():
            writer.append(kind, run.busy_parent or run.last_parent, data)
        fifos.close()
        writer.append(EXIT, 0, dump(exit))
        os.close(writer.fd)
    except OSError:
        run.top.later(AGAIN_SECONDS, lambda: last_records(run, cut, exit))
        return
    run.grew()


def cut_off(run: Run) -> None:
    """Clients that were sent a part of the torn record would take the next bytes for its rest: they come again and read on at a border."""
    for client in list(run.top.clients):
        if any(stream in run.streams and stream.at > run.log.size for stream in client.streams.values()):
            client.close()


def end_group(run: Run) -> None:
    """What the run's own process group left behind ends with it; a process that took a session of its own lives on.

    A host that died without its process (killed by hand) leaves it in a group of its own: that one too.
    """
    processes.signal_group(run.meta['pid'], signal.SIGKILL)
    ready = run.ready or {}
    child, start = ready.get('pid'), ready.get('start', '')
    if child and child != run.meta['pid'] and processes.start_time(child) == start:
        processes.signal_group(child, signal.SIGKILL)
    deadline = time.monotonic() + 0.2
    while child and time.monotonic() < deadline and processes.alive(child, start):
        time.sleep(0.005)
