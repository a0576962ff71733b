"""As much of ZeroMQ's wire protocol (ZMTP 3.0, NULL) as a Jupyter client needs: DEALER and SUB, connecting.

Written out so that the bridge needs no pyzmq: the outpost runs where only a bare Python is. A peer is one socket; there is no
reconnecting, because the kernel on the other side is our own child.
"""

from __future__ import annotations

import os
import socket
from typing import Iterator, Optional, Sequence, Union

SIGNATURE = b'\xff\0\0\0\0\0\0\0\1\x7f'
GREETING = SIGNATURE + b'\3\0' + b'NULL'.ljust(20, b'\0') + b'\0' + b'\0' * 31
MORE, LONG, COMMAND = 1, 2, 4
FRAME_LIMIT_BYTES = 1 << 31
READ_BYTES, MOST_BYTES = 1 << 16, 1 << 20  # a megabyte comes from mmap and goes back to it: only where much arrives


class Closed(Exception):
    pass


def frame(body: bytes, flags: int) -> bytes:
    if len(body) > 255:
        return bytes((flags | LONG,)) + len(body).to_bytes(8, 'big') + body
    return bytes((flags, len(body))) + body


def ready(kind: str, identity: bytes) -> bytes:
    body = b'\5READY'
    for name, value in ((b'Socket-Type', kind.encode()), (b'Identity', identity)):
        if name == b'Identity' and kind != 'DEALER':
            continue
        body += bytes((len(name),)) + name + len(value).to_bytes(4, 'big') + value
    return frame(body, COMMAND)


class Peer:
    """One connection. `feed` on readable; `send` queues and writes as far as it goes (`wants_write`)."""

    def __init__(self, address: Union[str, tuple[str, int]], kind: str, identity: bytes = b'') -> None:
        self.sock = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        try:
            self.sock.connect(address)
        except OSError:
            self.sock.close()
            raise
        if not isinstance(address, str):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.kind = kind
        self.inbuf, self.out = bytearray(), bytearray(GREETING + ready(kind, identity))
        self.greeted = False
        self.room = READ_BYTES
        self.parts: list[bytes] = []
        self.flush()

    @property
    def wants_write(self) -> bool:
        return bool(self.out)

    def flush(self) -> None:
        try:
            while self.out:
                n = self.sock.send(memoryview(self.out)[: 1 << 20])
                del self.out[:n]
        except BlockingIOError:
            pass
        except OSError as error:
            raise Closed from error

    def send(self, parts: Sequence[bytes]) -> None:
        last = len(parts) - 1
        for i, part in enumerate(parts):
            self.out += frame(part, MORE if i < last else 0)
        self.flush()

    def feed(self) -> Iterator[list[bytes]]:
        """Whole messages that have come."""
        try:
            data = self.sock.recv(self.room)
        except BlockingIOError:
            return
        except OSError as error:
            raise Closed from error
        if not data:
            raise Closed
        self.room = MOST_BYTES if len(data) == self.room else READ_BYTES
        self.inbuf += data
        if not self.greeted:
            if len(self.inbuf) < 64:
                return
            if self.inbuf[0] != 0xFF or self.inbuf[10] < 3 or bytes(self.inbuf[12:16]) != b'NULL':
                raise Closed('the kernel speaks another ZeroMQ, or wants CURVE')
            del self.inbuf[:64]
            self.greeted = True
        yield from self.messages()

    def messages(self) -> Iterator[list[bytes]]:
        while True:
            found = self.one_frame()
            if found is None:
                return
            flags, body = found
            if flags & COMMAND:
                if body.startswith(b'\5READY') and self.kind == 'SUB':
                    self.out += frame(b'\1', 0)  # everything; before its READY an XPUB of libzmq hangs up
                    self.flush()
                if body.startswith(b'\4PING'):
                    self.out += frame(b'\4PONG' + body[7:], COMMAND)
                    self.flush()
                continue
            self.parts.append(body)
            if not flags & MORE:
                whole, self.parts = self.parts, []
                yield whole

    def one_frame(self) -> Optional[tuple[int, bytes]]:
        buffer = self.inbuf
        if len(buffer) < 2:
            return None
        flags = buffer[0]
        if flags & LONG:
            if len(buffer) < 9:
                return None
            start, n = 9, int.from_bytes(buffer[1:9], 'big')
            if n > FRAME_LIMIT_BYTES:
                raise Closed('a frame above 2 GB')
        else:
            start, n = 2, buffer[1]
        if len(buffer) < start + n:
            return None
        body = bytes(memoryview(buffer)[start : start + n])
        del buffer[: start + n]
        return flags, body

    def close(self) -> None:
        self.sock.close()


def free_ports(count: int) -> list[int]:
    """Free now; somebody may take one before the kernel does, as with every Jupyter client."""
    socks = []
    for _ in range(count):
        s = socket.socket()
        s.bind(('127.0.0.1', 0))
        socks.append(s)
    ports = [s.getsockname()[1] for s in socks]
    for s in socks:
        s.close()
    return ports


def identity() -> bytes:
    return b'updraft-' + os.urandom(8).hex().encode()
