"""Processes: who is who (pid and start time, because pids are used again), starting them detached, finding commands.

Linux is what is tested; where /proc or pidfd are not there (macOS) the answers are slower and poorer, never wrong.
"""

from __future__ import annotations

import os
import signal
from typing import Callable, Optional, Sequence

LINUX = os.path.isdir('/proc/self')
UNWANTED = ('PYTHONUNBUFFERED', 'PYTHONDONTWRITEBYTECODE')  # the first makes prints 10 times slower, the second every start


def start_time(pid: int) -> str:
    """When this pid was born, as text to compare. '' if there is no such process."""
    if LINUX:
        try:
            with open(f'/proc/{pid}/stat', 'rb') as f:
                return f.read().rsplit(b')', 1)[1].split()[19].decode()
        except (OSError, IndexError):
            return ''
    try:
        import subprocess  # 9 ms of import that Linux does not need

        return subprocess.run(['ps', '-o', 'lstart=', '-p', str(pid)], capture_output=True, text=True, timeout=5).stdout.strip()
    except (OSError, ValueError):
        return ''


def alive(pid: int, start: str) -> bool:
    """Is it still that process? A zombie is not."""
    if pid <= 0 or start_time(pid) != start or not start:
        return False
    if LINUX:
        try:
            with open(f'/proc/{pid}/stat', 'rb') as f:
                return f.read().rsplit(b')', 1)[1].split()[0] not in (b'Z', b'X')
        except OSError:
            return False
    return True


def environment(changes: Optional[dict[str, Optional[str]]]) -> dict[str, str]:
    """The outpost's own environment with changes laid over it; null removes."""
    env = {k: v for k, v in os.environ.items() if k not in UNWANTED}
    for key, value in (changes or {}).items():
        if value is None:
            env.pop(key, None)
        else:
            env[key] = value
    return env


def find_command(command: str, env: dict[str, str], cwd: str) -> Optional[str]:
    """The file that a shell would start for it, or None."""
    if os.sep in command:
        path = os.path.join(cwd, command)
        return path if os.path.isfile(path) and os.access(path, os.X_OK) else None
    for folder in env.get('PATH', os.defpath).split(os.pathsep):
        path = os.path.join(folder, command)
        if folder and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def spawn(
    argv: Sequence[str],
    env: dict[str, str],
    cwd: str,
    files: Sequence[tuple[int, int]] = (),
    then: Optional[Callable[[], None]] = None,
) -> int:
    """Fork and exec in a session of its own. files: (ours, theirs); stdin is /dev/null unless given. Raises OSError if exec fails."""
    report_r, report_w = os.pipe()  # close-on-exec: says errno when exec fails, says nothing when it worked
    pid = os.fork()
    if pid:
        os.close(report_w)
        said = os.read(report_r, 64)
        os.close(report_r)
        if said:
            os.waitpid(pid, 0)
            code = int(said)
            raise OSError(code, os.strerror(code), argv[0])
        return pid
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        wanted = dict((theirs, ours) for ours, theirs in files)
        high = {theirs: os.dup(ours) for theirs, ours in wanted.items()}
        os.dup2(null, 0)
        for theirs, copy in high.items():
            os.dup2(copy, theirs)
        if then is not None:
            then()
        for n in (signal.SIGPIPE, signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(n, signal.SIG_DFL)
        os.chdir(cwd)
        os.execvpe(argv[0], list(argv), env)
    except OSError as error:
        os.write(report_w, str(error.errno or 1).encode())
    finally:
        os._exit(127)


def signal_group(pid: int, number: int, group: bool = True) -> None:
    """ESRCH is no error: it has ended."""
    if pid <= 1:
        return
    try:
        (os.killpg if group else os.kill)(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def random_hex(size: int) -> str:
    """`secrets` would import hmac and random (6 ms)."""
    return os.urandom(size).hex()


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f'signal {number}'
