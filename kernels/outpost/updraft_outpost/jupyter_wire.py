"""Jupyter's message on ZeroMQ: identities, delimiter, HMAC, four JSON frames, buffers; and the connection file."""

from __future__ import annotations

import hmac
import json
import os
from typing import Any, NamedTuple, Optional, Sequence, Union

from .records import pack_message
from .zmtp import free_ports

DELIMITER = b'<IDS|MSG>'
CHANNELS = ('shell', 'iopub', 'stdin', 'control', 'hb')


class Arrived(NamedTuple):
    header: dict[str, Any]
    parent: dict[str, Any]
    metadata: dict[str, Any]
    content: Any
    buffers: list[bytes]
    raw: tuple[bytes, bytes, bytes]  # header, metadata and content as they came

    def payload(self, parent_id: str) -> bytes:
        """As a record of the log. The kernel's own JSON where that is plain: to write it anew took 20 us for each of a cell's five messages."""
        header, metadata, content = self.raw
        if not (header.isascii() and metadata.isascii() and content.isascii()) or b'\0' in content:
            return pack_message({'h': self.header, 'p': parent_id, 'm': self.metadata, 'c': self.content}, self.buffers)
        sizes = ','.join(str(len(b)) for b in self.buffers)
        body = b'{"h":%b,"p":%b,"m":%b,"c":%b,"b":[%b]}' % (header, json.dumps(parent_id).encode(), metadata, content, sizes.encode())
        return b''.join((len(body).to_bytes(4, 'little'), body, *self.buffers))


class Wire:
    def __init__(self, folder: str, ipc: bool) -> None:
        self.key = os.urandom(32).hex()
        self.secret = self.key.encode()
        self.parent: tuple[bytes, dict[str, Any]] = b'{}', {}
        self.ipc, self.place = ipc, os.path.join(folder, 'z')
        self.ports = dict(zip(CHANNELS, range(1, 6) if ipc else free_ports(5)))
        self.file = os.path.join(folder, 'connection.json')

    def write_file(self, kernel_name: str) -> None:
        value: dict[str, Any] = {f'{c}_port': p for c, p in self.ports.items()}
        value.update(
            ip=self.place if self.ipc else '127.0.0.1',
            transport='ipc' if self.ipc else 'tcp',
            key=self.key,
            signature_scheme='hmac-sha256',
            kernel_name=kernel_name,
        )
        fd = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, 'w') as f:
            json.dump(value, f)

    def address(self, channel: str) -> Union[str, tuple[str, int]]:
        return f'{self.place}-{self.ports[channel]}' if self.ipc else ('127.0.0.1', self.ports[channel])

    def sign(self, frames: Sequence[bytes]) -> bytes:
        return hmac.digest(self.secret, b''.join(frames), 'sha256').hex().encode()

    def pack(
        self, header: dict[str, Any], parent: dict[str, Any], metadata: Any, content: Any, buffers: Sequence[bytes]
    ) -> list[bytes]:
        frames = [json.dumps(x, ensure_ascii=False).encode('utf-8', 'surrogatepass') for x in (header, parent, metadata, content)]
        return [DELIMITER, self.sign(frames), *frames, *buffers]

    def unpack(self, parts: list[bytes]) -> Optional[Arrived]:
        """None if it is not signed with our key."""
        try:
            at = parts.index(DELIMITER)
            signature, frames = parts[at + 1], parts[at + 2 : at + 6]
            if len(frames) < 4 or not hmac.compare_digest(signature, self.sign(frames)):
                return None
            if frames[1] != self.parent[0]:  # the five messages of a cell have one
                self.parent = frames[1], json.loads(frames[1])
            header, metadata, content = (json.loads(frames[i]) for i in (0, 2, 3))
        except ValueError:
            return None
        return Arrived(header, self.parent[1], metadata, content, parts[at + 6 :], (frames[0], frames[2], frames[3]))
