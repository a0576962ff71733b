"""What IPython and ipykernel work out anew for each cell although the answer is the same: here it is worked out once.

Measured with `1` as the cell, on top of 1.6 ms of the host's time: signature of run_cell 80 us, the source transformed twice 100 us, a debug
record that no handler takes 25 us, ten formatters that know nothing of an int 200 us. All of it is on instances or module names, guarded:
where a name is missing, the slow way stays.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, Optional

PLAIN = {int, float, complex, bool, str, bytes}
PLAIN_MRO = (*PLAIN, object)


def make_lean(app: Any, shell: Any) -> None:
    remember_signatures()
    transform_once(shell)
    plain_results(shell)
    app.log.setLevel(app.log_level)  # traitlets leaves its logger at DEBUG and filters in the handlers


def remember_signatures() -> None:
    from ipykernel import ipkernel

    found: Optional[Callable[..., Any]] = getattr(ipkernel, '_accepts_parameters', None)
    if found is None:
        return

    @functools.lru_cache(maxsize=16)
    def known(method: Any, names: tuple[str, ...]) -> Any:
        return found(method, list(names))

    def accepts(method: Any, names: Any) -> Any:
        try:
            return known(method, tuple(names))
        except TypeError:  # a method that can't be hashed
            return found(method, names)

    ipkernel._accepts_parameters = accepts  # type: ignore[attr-defined]


def transform_once(shell: Any) -> None:
    """ipykernel transforms the source to see whether it awaits, and then run_cell does it again: with the very same string."""
    plain = shell.transform_cell
    last: list[tuple[str, str]] = []

    def transform_cell(raw_cell: str) -> str:
        if last:
            raw, done = last.pop()
            if raw is raw_cell:
                return done
        done = plain(raw_cell)
        last.append((raw_cell, done))
        return done

    shell.transform_cell = transform_cell


def plain_results(shell: Any) -> None:
    """A number or a string is text/plain, unless somebody registered something for its type."""
    from IPython.core import formatters as ours

    display = shell.display_formatter
    whole = display.format

    known: list[Any] = []  # formatters but the plain one, which is asked itself
    typed: list[dict[Any, Any]] = []  # their registers by type: one for a number or a string makes a difference
    other: list[dict[Any, Any]] = []  # by object and by name of a type: any entry does

    def look(_change: Any = None) -> None:
        typed[:] = [f.type_printers for f in known]
        other[:] = [r for f in known for r in (f.singleton_printers, f.deferred_printers)]

    def untaught() -> bool:
        now = [f for f in display.formatters.values() if type(f) is not ours.PlainTextFormatter]
        now += (display.ipython_display_formatter, display.mimebundle_formatter)
        if now != known:
            if any(type(f).__module__ != ours.__name__ for f in now):
                return False
            known[:] = now
            for formatter in known:
                formatter.observe(look, ['singleton_printers', 'deferred_printers', 'type_printers'])
            look()
        return not any(other) and all(r.keys().isdisjoint(PLAIN_MRO) for r in typed if r)

    def format(obj: Any, include: Any = None, exclude: Any = None) -> Any:
        if type(obj) in PLAIN and include is None and exclude is None and untaught():
            text = display.formatters['text/plain'](obj)
            if isinstance(text, str):
                return {'text/plain': text}, {}
        return whole(obj, include=include, exclude=exclude)

    display.format = format
