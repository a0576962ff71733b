"""Log records and messages (PROTOCOL.md §3, §4): shapes, packing, and walking over record headers."""

from __future__ import annotations

import json
import os
import struct
import time
from typing import Any, Iterator, NamedTuple, Sequence

RECORD = struct.Struct('<IBBHIQ')  # length of the payload, kind, flags, 0, parent, time in us
OUT, ERR, IOPUB, SHELL, CONTROL, STDIN, ACCEPTED, READY, EXIT, LOST, MARK, NOTE = range(1, 13)
STARTED, FINISHED, FAILED, ABORTED = 1, 2, 4, 8  # flags
RECORD_LIMIT_BYTES = 1 << 30  # a length above this is no header of ours
BLOCK_BYTES = 1 << 20


class Header(NamedTuple):
    offset: int  # where the record begins, in this file
    length: int
    kind: int
    flags: int
    parent: int
    time_us: int


def now_us() -> int:
    return time.time_ns() // 1000


def head(length: int, kind: int, parent: int = 0, flags: int = 0) -> bytes:
    return RECORD.pack(length, kind, flags, 0, parent, now_us())


def dump(value: Any) -> bytes:
    return json.dumps(value, separators=(',', ':')).encode('utf-8', 'backslashreplace')


def pack_message(message: dict[str, Any], buffers: Sequence[bytes] = ()) -> bytes:
    """{h, p, m, c} and buffers, as one payload."""
    body = dump(dict(message, b=[len(b) for b in buffers]))
    return b''.join((len(body).to_bytes(4, 'little'), body, *buffers))


def unpack_message(payload: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The message and its buffers. Raises ValueError for anything that is not one."""
    n = int.from_bytes(payload[:4], 'little')
    if len(payload) < 4 + n:
        raise ValueError('a message shorter than it says')
    message = json.loads(payload[4 : 4 + n])
    if not isinstance(message, dict) or not isinstance(message.get('h'), dict) or not isinstance(message['h'].get('msg_id'), str):
        raise ValueError('a message without header')
    at, buffers = 4 + n, []
    for size in message.get('b') or ():
        if not isinstance(size, int) or size < 0 or at + size > len(payload):
            raise ValueError('buffer sizes that do not fit')
        buffers.append(payload[at : at + size])
        at += size
    return message, buffers


def headers(fd: int, start: int, end: int) -> Iterator[Header]:
    """Headers of whole records of a file between two of its offsets. Stops before a torn one."""
    at, block, block_at = start, b'', start
    while at + RECORD.size <= end:
        inside = at - block_at
        if inside < 0 or inside + RECORD.size > len(block):
            block, block_at, inside = os.pread(fd, min(BLOCK_BYTES, end - at), at), at, 0
            if len(block) < RECORD.size:
                return
        n, kind, flags, _, parent, time_us = RECORD.unpack_from(block, inside)
        if n > RECORD_LIMIT_BYTES or at + RECORD.size + n > end:
            return
        yield Header(at, n, kind, flags, parent, time_us)
        at += RECORD.size + n
