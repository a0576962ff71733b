"""What a Jupyter front end may ask of a kernel, on either path. One suite for both: nobody above may notice which one it is.

  python test/outpost/suite.py --python PY --path direct|bridge [--only WORD]
Needs ipywidgets, matplotlib and numpy in PY for some checks; they are skipped by name where a library is missing (and counted).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).parent))
for unwanted in ('PYTHONUNBUFFERED', 'PYTHONDONTWRITEBYTECODE'):
    os.environ.pop(unwanted, None)

from client import Client, up  # noqa: E402
from session import Session  # noqa: E402

CHECKS: list[tuple[str, Callable[[Any], None]]] = []


class World:
    """What checks share: the outpost, one kernel, the path, counters."""

    def __init__(self, base: str, python: str, path: str) -> None:
        self.base, self.python, self.path = base, python, path
        self.direct = path == 'direct'
        self.passed, self.failed, self.skipped = 0, [], []
        self.s: Session = None  # type: ignore[assignment]
        self.folder = tempfile.mkdtemp(prefix='outpost-suite-')

    def fresh(self) -> Session:
        self.s = Session(self.base, python=self.python, path=self.path, cwd=self.folder)
        return self.s

    def check(self, title: str, ok: Any, info: Any = '') -> None:
        if ok:
            self.passed += 1
            print('ok  ', title, flush=True)
        else:
            self.failed.append(title)
            print('FAIL', title, str(info)[:900], flush=True)

    def figure(self, text: str) -> None:
        print('    ', text, flush=True)


def chapter(title: str) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    def keep(f: Callable[[World], None]) -> Callable[[World], None]:
        CHECKS.append((title, f))
        return f

    return keep


def main() -> None:
    import chapters_code  # noqa: F401
    import chapters_end  # noqa: F401
    import chapters_places  # noqa: F401
    import chapters_rich  # noqa: F401

    p = argparse.ArgumentParser()
    p.add_argument('--python', default=os.environ.get('UPDRAFT_PYTHON', sys.executable))
    p.add_argument('--path', default='direct', choices=('direct', 'bridge'))
    p.add_argument('--only', default='')
    a = p.parse_args()
    base = tempfile.mkdtemp(prefix='uo-')
    up(base)
    w = World(base, a.python, a.path)
    try:
        w.fresh()
        print(
            f'{w.path}: IPython {w.s.ready.get("ipython")}, ipykernel {w.s.ready.get("ipykernel")}, ready after {w.s.ready_seconds * 1000:.0f} ms',
            flush=True,
        )
        for title, f in CHECKS:
            if a.only and a.only not in title:
                continue
            try:
                f(w)
            except Exception as error:
                w.check(title, False, ''.join(traceback.format_exception(type(error), error, error.__traceback__))[-900:])
                try:
                    w.s.kill()
                except Exception:
                    pass
                w.fresh()
    finally:
        Client(base).call('shutdown', force=True)
        end = time.monotonic() + 8
        while os.path.exists(base + '/sock') and time.monotonic() < end:
            time.sleep(0.02)
        shutil.rmtree(base, ignore_errors=True)
        shutil.rmtree(w.folder, ignore_errors=True)
    print(
        f'{w.passed} passed, {len(w.failed)} failed'
        + (f', {len(w.skipped)} skipped: {", ".join(w.skipped)}' if w.skipped else '')
    )
    for title in w.failed:
        print('  failed:', title)
    sys.exit(1 if w.failed else 0)


if __name__ == '__main__':
    sys.modules['suite'] = sys.modules['__main__']
    main()
