"""One rule for every select loop: a file that an earlier handler of this round closed is not handled."""

from __future__ import annotations

import selectors


def still_open(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> bool:
    """By number, because a closed socket can not even be looked up; and the same object, because numbers are used again."""
    now = selector.get_map().get(key.fd)
    return now is not None and now.fileobj is key.fileobj
