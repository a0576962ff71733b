"""What the first error and the first completion would import, imported beforehand in idle moments, in steps of some 30 ms.

Without it the first traceback takes 120 to 300 ms, and an interrupt is a traceback: the user waits for `stack_data` and a lexer.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from .kernel_host import KernelHost

IDLE_SECONDS = 0.15
MODULES = (
    'pygments.lexers.python',
    'pygments.formatters.terminal256',
    'executing',
    'asttokens',
    'pure_eval',
    'stack_data',
    'IPython.core.completer',
    'jedi',
)


def load(name: str) -> Callable[[], Any]:
    def step() -> None:
        try:
            importlib.import_module(name)
        except Exception:  # an optional library, or a broken one: the user's code will say so itself
            pass

    return step


def render(host: KernelHost) -> Callable[[], Any]:
    def step() -> None:
        shell = host.app.kernel.shell
        try:
            try:
                exec(compile('def warm(x):\n    return 1 / x\nwarm(0)', '<warm>', 'exec'), {})
            except ZeroDivisionError as error:
                shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
        except Exception:
            pass

    return step


def complete() -> None:
    """jedi's first answer loads its grammar and builtins: 0.5 s of work, which no Tab shall wait for."""
    try:
        import jedi

        jedi.Interpreter('prin', [{}]).complete()
    except Exception:
        pass


class Warmer:
    """Runs its steps one by one on the main loop, only while nothing else is to do."""

    def __init__(self, host: KernelHost) -> None:
        self.host = host
        self.steps = [*map(load, MODULES[:6]), render(host), *map(load, MODULES[6:])]

    def soon(self) -> None:
        if self.steps:
            self.host.loop.call_later(IDLE_SECONDS, self.one, self.host.next_number)

    def one(self, number: int) -> None:
        host = self.host
        if host.busy or host.queue or number != host.next_number:
            return  # a request came: `rest` after it asks again
        self.steps.pop(0)()
        if self.steps:
            host.loop.call_later(0.002, self.one, number)
        else:
            host.log.tell({'event': 'warm'}, now=True)
            # where completions are made, so that a cell that comes now does not wait half a second for this
            host.control.loop.call_soon_threadsafe(complete)
