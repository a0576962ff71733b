"""Starts a run: its folder, its host process, its meta.json. Which host: kernel (direct), bridge, job or terminal."""

from __future__ import annotations

import os
import pwd
import re
from typing import TYPE_CHECKING, Any, Optional

from . import places, processes
from .log_writer import SEGMENT_BYTES, LogWriter
from .problem import Problem, field, strings
from .records import now_us
from .run import Run

if TYPE_CHECKING:
    from .supervisor import Supervisor

NAME = re.compile(r'[A-Za-z0-9._-]{1,80}\Z')
PATHS = ('auto', 'direct', 'bridge')


def env_field(query: dict[str, Any]) -> dict[str, Optional[str]]:
    env = field(query, 'env', dict, {})
    for key, value in env.items():
        if not key or '=' in key or '\0' in key or not (value is None or isinstance(value, str)) or '\0' in (value or ''):
            raise Problem('call.invalid', 'env must be {KEY: string | null}')
    return env


def folder_field(query: dict[str, Any]) -> str:
    cwd = field(query, 'cwd', str, '') or os.path.expanduser('~')
    if not os.path.isabs(cwd):
        raise Problem('call.invalid', 'cwd must be absolute')
    if not os.path.isdir(cwd):
        raise Problem('start.no-folder', f'The folder {cwd} is not there.', 'Choose another working folder, or make this one.')
    return cwd


def command(argv: list[str], env: dict[str, str], cwd: str) -> None:
    if not argv or processes.find_command(argv[0], env, cwd) is None:
        what = argv[0] if argv else ''
        raise Problem(
            'start.no-command',
            f'There is no command {what!r} here.',
            'Is it installed in this environment, and is the path right?',
        )


def describe(query: dict[str, Any]) -> dict[str, Any]:
    """A checked start query as the host reads it (spec.json). Nothing secret is in it: env goes by the process environment."""
    kind = field(query, 'kind', str, 'kernel')
    cwd = folder_field(query)
    changes = env_field(query)
    env = processes.environment(changes)
    spec: dict[str, Any] = {
        'kind': kind,
        'cwd': cwd,
        'python': None,
        'segmentBytes': max(1 << 16, field(query, 'segmentBytes', int, SEGMENT_BYTES)),
        'quotaBytes': max(0, field(query, 'quotaBytes', int, 0)),
    }
    if kind == 'kernel':
        _kernel(query, spec, env, cwd)
    elif kind == 'process':
        spec.update(path='job', argv=strings(query, 'argv'), stdin=field(query, 'stdin', str, 'null'))
        command(spec['argv'], env, cwd)
    elif kind == 'terminal':
        shell = os.environ.get('SHELL') or pwd.getpwuid(os.getuid()).pw_shell or '/bin/sh'
        spec.update(
            path='terminal',
            argv=strings(query, 'argv', None) or [shell],
            rows=field(query, 'rows', int, 24),
            cols=field(query, 'cols', int, 80),
        )
        command(spec['argv'], env, cwd)
    else:
        raise Problem('call.invalid', f'there is no kind {kind!r}')
    return spec


def _kernel(query: dict[str, Any], spec: dict[str, Any], env: dict[str, str], cwd: str) -> None:
    path = field(query, 'path', str, 'auto')
    if path not in PATHS:
        raise Problem('call.invalid', f'path is one of {", ".join(PATHS)}')
    spec['args'] = strings(query, 'args', [])
    spec['interrupt_mode'] = field(query, 'interrupt_mode', str, None)
    kernelspec = field(query, 'kernelspec', dict, None)
    if kernelspec is not None:
        argv = strings(kernelspec, 'argv')
        if path == 'direct':
            raise Problem('call.invalid', 'a kernelspec takes the bridge')
        spec.update(path='bridge', argv=argv, kernelspec=kernelspec)
        for key, value in field(kernelspec, 'env', dict, {}).items():
            env.setdefault(key, value)
        command(argv, env, cwd)
        return
    python = field(query, 'python', str)
    command([python], env, cwd)
    spec['python'] = processes.find_command(python, env, cwd)
    if path == 'bridge':
        spec.update(path='bridge', argv=places.stock_argv(spec['python'], spec['args']), why='asked for')
    else:
        spec.update(path='direct', argv=[spec['python']], only_direct=path == 'direct')


def start(top: Supervisor, name: str, spec: dict[str, Any], changes: dict[str, Optional[str]]) -> Run:
    env = processes.environment(changes)
    folder = os.path.join(top.base, 'r' + processes.random_hex(4))
    os.mkdir(folder, 0o700)
    log_id = processes.random_hex(8)
    places.write_json(os.path.join(folder, 'spec.json'), dict(spec, name=name, log=log_id))
    LogWriter(folder, log_id, name, spec['segmentBytes'])  # the first mark: the log is there before the host is
    err = os.open(os.path.join(folder, 'host.err'), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    direct = spec['path'] == 'direct'
    if direct:
        argv = places.host_argv(spec['python'], 'host', 'direct', folder, isolated=False)
    else:
        argv = places.host_argv(places.own_python(), 'host', spec['path'], folder)
    try:
        # the direct host imports with the user's environment but never from the working folder: a types.py there must not break it
        pid = processes.spawn(argv, env, '/' if direct else spec['cwd'], [(err, 1), (err, 2)])
    except OSError as error:
        raise Problem(
            'start.failed', f'{argv[0]} could not be started: {error.strerror}.', 'Is it a program for this machine?'
        ) from None
    finally:
        os.close(err)
    exits = os.path.join(top.base, 'exits')
    with open(os.path.join(exits, str(pid)), 'w'):
        pass  # asks the keeper to note its status here should this supervisor be gone by then
    meta = {
        'name': name, 'pid': pid, 'start': processes.start_time(pid), 'kind': spec['kind'], 'path': spec['path'], 'argv': spec['argv'], 'cwd': spec['cwd'],
        'python': spec['python'], 'log': log_id, 'startedUs': now_us(), 'segmentBytes': spec['segmentBytes'],
    }  # fmt: skip
    run = Run(top, folder, meta)
    run.save()
    top.runs[name] = run
    run.watch()
    return run
