"""Attach frames between a client and the outpost (PROTOCOL.md §1, §2). Only shapes and the parser; who sends what is in client.py."""

from __future__ import annotations

import struct
from typing import Iterator, NamedTuple

PREAMBLE = b'\0updraft-outpost/1\n'
FRAME = struct.Struct('<IBBHQ')  # length of the body, kind, flags, stream, seq
CALL, INPUT, CREDIT, PING = 1, 2, 3, 4  # from the client
REPLY, DATA, EVENT, PONG = 16, 17, 18, 19  # from the outpost
SLICE_BYTES = 1 << 18  # largest DATA frame: other streams wait at most that long
WINDOW_BYTES = 4 << 20
BODY_LIMIT_BYTES = 64 << 20
SMALL_LIMIT_BYTES = 4 << 20  # small frames that may wait for one client before it is cut off
SHELL_CH, CONTROL_CH, STDIN_CH, BYTES_CH = 1, 2, 3, 4  # channels of INPUT
INTERNAL_CH = 0  # supervisor to host only: never accepted from a client
DATA_MARK = 1  # flag of a DATA frame whose body is a mark of a followed file


class Frame(NamedTuple):
    kind: int
    flags: int
    stream: int
    seq: int
    body: bytes


class BadFrame(Exception):
    """What came in is no frame of ours; the connection can't go on."""


def pack(kind: int, body: bytes = b'', flags: int = 0, stream: int = 0, seq: int = 0) -> bytes:
    return FRAME.pack(len(body), kind, flags, stream, seq) + body


def take(buffer: bytearray) -> Iterator[Frame]:
    """Whole frames from the front of buffer; what was given out is deleted even when the loop is left early."""
    at = 0
    try:
        while len(buffer) - at >= FRAME.size:
            n, kind, flags, stream, seq = FRAME.unpack_from(buffer, at)
            if n > BODY_LIMIT_BYTES:
                raise BadFrame(f'a frame of {n} bytes')
            if len(buffer) - at - FRAME.size < n:
                return
            start = at + FRAME.size
            at = start + n
            yield Frame(kind, flags, stream, seq, bytes(memoryview(buffer)[start:at]))
    finally:
        del buffer[:at]
