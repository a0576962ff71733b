"""The one error a client sees: what happened, and what to do next."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    def __init__(self, code: str, message: str, hint: str = '') -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint

    def wire(self) -> dict[str, str]:
        return {'code': self.code, 'message': self.message, 'hint': self.hint}


MISSING: Any = object()


def field(query: dict[str, Any], name: str, kind: Any, default: Any = MISSING) -> Any:
    """A checked field of a call. bool is no number here."""
    value = query.get(name, default)
    if value is MISSING:
        raise Problem('call.invalid', f'{name} is missing')
    if value is default:
        return value
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise Problem('call.invalid', f'{name} is not what it should be')
    return value


def strings(query: dict[str, Any], name: str, default: Any = MISSING) -> Any:
    value = field(query, name, list, default)
    if value is not default and not all(isinstance(x, str) for x in value):
        raise Problem('call.invalid', f'{name} must hold strings')
    return value
