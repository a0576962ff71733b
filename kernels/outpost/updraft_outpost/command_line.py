"""The words of the command line; the last two are for the program itself."""

from __future__ import annotations

import json
import os
import sys

USAGE = """usage: outpost up BASE | attach BASE | serve BASE | version
  up      start the outpost of the folder BASE detached, if it is not there
  attach  the same, then stdin and stdout speak with it
  serve   in the foreground"""


def main(words: list[str]) -> None:
    what, rest = (words[0] if words else ''), words[1:]
    if what == 'host' and rest[:1] == ['stock']:
        return stock(rest[1:])
    if what == 'host' and len(rest) == 2:
        return host(rest[0], rest[1])
    if what == 'version':
        from . import VERSION

        print(json.dumps({'outpost': VERSION, 'python': sys.version.split()[0]}))
        return
    if what not in ('up', 'attach', 'serve', 'keep') or len(rest) != 1:
        raise SystemExit(USAGE)
    from . import places

    base = os.path.abspath(rest[0])
    try:
        if what == 'up':
            from .dial import say_up

            say_up(base)
        elif what == 'attach':
            from .dial import attach

            attach(base)
        elif what == 'keep':
            from .keeper import keep

            keep(base)
        else:
            from .supervisor import Supervisor

            top = Supervisor(base)
            if not top.lock():
                raise SystemExit(f'An outpost serves {base} already.')
            top.serve()
    except places.BadBase as error:
        raise SystemExit(str(error)) from None


def stock(words: list[str]) -> None:
    """ipykernel as it is, for the bridge."""
    os.environ.setdefault('PYDEVD_DISABLE_FILE_VALIDATION', '1')
    from ipykernel.kernelapp import launch_new_instance

    sys.argv = ['ipykernel_launcher.py', *words]
    launch_new_instance()


def host(kind: str, folder: str) -> None:
    if kind == 'direct':
        from .direct import kernel_host

        return kernel_host.run(folder)
    if kind == 'bridge':
        from . import bridge_host

        sys.exit(bridge_host.run(folder))
    if kind == 'job':
        from . import job_host

        sys.exit(job_host.run(folder))
    if kind == 'terminal':
        from . import terminal_host

        sys.exit(terminal_host.run(folder))
    raise SystemExit(USAGE)
