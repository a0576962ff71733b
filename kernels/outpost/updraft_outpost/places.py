"""Files of an outpost and of a run (PROTOCOL.md §8): names, the rules for BASE, and small JSON files that are never half written."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

BASE_LIMIT_BYTES = 80  # a unix socket's path has 104 (macOS) or 108 bytes, and a run's is BASE/rXXXXXXXX/host.sock
PROGRAM = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # the folder or the zipapp


class BadBase(Exception):
    pass


def prepare_base(base: str) -> None:
    """Make BASE, or say why it can't be used: it must be absolute, short, mine and closed to others."""
    if not os.path.isabs(base):
        raise BadBase(f'{base} is not an absolute path')
    if len(os.fsencode(base)) > BASE_LIMIT_BYTES:
        raise BadBase(
            f'{base} is longer than {BASE_LIMIT_BYTES} bytes: a socket in it could not be opened. Choose a shorter folder.'
        )
    os.makedirs(os.path.dirname(base), exist_ok=True)
    try:
        os.mkdir(base, 0o700)
    except FileExistsError:
        pass
    st = os.lstat(base)
    if not os.path.isdir(base) or os.path.islink(base):
        raise BadBase(f'{base} is not a folder')
    if st.st_uid != os.getuid():
        raise BadBase(f'{base} belongs to another user')
    if st.st_mode & 0o077:
        raise BadBase(f'{base} is open to others. Run: chmod 700 {base}')


def host_argv(python: str, *words: str, isolated: bool = True) -> list[str]:
    """Command that runs a part of this program. isolated: nothing of the user's environment or site-packages is loaded."""
    return [python, *(('-I', '-S') if isolated else ()), PROGRAM, *words]


def stock_argv(python: str, args: list[str]) -> list[str]:
    """ipykernel's own launcher. Not `-m ipykernel_launcher`: that puts the working folder first, and a types.py there breaks the start."""
    return [python, PROGRAM, 'host', 'stock', '-f', '{connection_file}', *args]


def own_python() -> str:
    return sys.executable or 'python3'


def read_json(path: str) -> Any:
    """None if it is not there or not JSON."""
    try:
        with open(path, encoding='utf-8') as f:
            return json.load(f)
    except (OSError, ValueError):
        return None


def write_json(path: str, value: Any) -> None:
    fd = os.open(path + '.new', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, 'w', encoding='utf-8') as f:
        json.dump(value, f)
    os.rename(path + '.new', path)


def remove_folder(path: str) -> None:
    """A run's folder is flat. Not shutil: its import costs 3 ms."""
    for name in os.listdir(path) if os.path.isdir(path) else ():
        try:
            os.unlink(os.path.join(path, name))
        except OSError:
            pass
    try:
        os.rmdir(path)
    except OSError:
        pass


def segment_name(first: int) -> str:
    return f'log.{first:020d}'


def segment_firsts(folder: str) -> list[int]:
    """First offsets of a run's log segments, in order."""
    return sorted(int(n[4:]) for n in os.listdir(folder) if n.startswith('log.') and n[4:].isdigit())
