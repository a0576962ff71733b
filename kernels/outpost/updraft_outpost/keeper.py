"""The keeper: parent of the supervisor. It starts a new one when that dies, and inherits the runs of a dead one (Linux: it is their
subreaper), so that their exit status is known. It does nothing else, so that nothing can go wrong in it.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from . import places, processes
from .supervisor import Supervisor

PR_SET_CHILD_SUBREAPER = 36
CRASH_LIMIT = 5  # starts within CRASH_SECONDS that may fail before it gives up
CRASH_SECONDS = 10.0


def become_subreaper() -> None:
    if not sys.platform.startswith('linux'):
        return
    try:
        import ctypes  # 6 ms; the supervisor is up and answering by then

        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass


def supervise(base: str) -> int:
    """Fork a supervisor: it shares the imports, so a new one answers some milliseconds after the death of the old."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        top = Supervisor(base)
        if top.lock():
            top.serve()
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def note_status(base: str, pid: int) -> None:
    """Before it is reaped: its start time is still to be had. Only for runs, which a supervisor has marked with a file."""
    path = os.path.join(base, 'exits', str(pid))
    if os.path.exists(path):
        start = processes.start_time(pid)
        found = os.waitpid(pid, 0)
        places.write_json(path, {'pid': pid, 'start': start, 'status': os.waitstatus_to_exitcode(found[1])})
    else:
        os.waitpid(pid, 0)


def keep(base: str) -> None:
    places.prepare_base(base)
    child = supervise(base)
    become_subreaper()
    signal.signal(signal.SIGTERM, lambda *_: processes.signal_group(child, signal.SIGTERM, group=False))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    starts = [time.monotonic()]
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT) if hasattr(os, 'waitid') else None
            pid = found.si_pid if found is not None else child
        except ChildProcessError:
            return
        if pid != child:
            note_status(base, pid)
            continue
        _, status = os.waitpid(pid, 0)
        if os.waitstatus_to_exitcode(status) == 0 or not os.path.isdir(base):
            return
        starts = [t for t in starts if time.monotonic() - t < CRASH_SECONDS] + [time.monotonic()]
        if len(starts) > CRASH_LIMIT + 1 and os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            print('the supervisor dies again and again; giving up', file=sys.stderr)
            return
        child = supervise(base)
