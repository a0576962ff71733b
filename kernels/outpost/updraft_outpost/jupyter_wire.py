"""Jupyter's message on ZeroMQ: identities, delimiter, HMAC, four JSON frames, buffers; and the connection file."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from typing import Any, NamedTuple, Optional, Sequence, Union

from .zmtp import free_ports

DELIMITER = b'<IDS|MSG>'
CHANNELS = ('shell', 'iopub', 'stdin', 'control', 'hb')


class Arrived(NamedTuple):
    header: dict[str, Any]
    parent: dict[str, Any]
    metadata: dict[str, Any]
    content: Any
    buffers: list[bytes]


class Wire:
    def __init__(self, folder: str, ipc: bool) -> None:
        self.key = os.urandom(32).hex()
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
        h = hmac.new(self.key.encode(), digestmod=hashlib.sha256)
        for f in frames:
            h.update(f)
        return h.hexdigest().encode()

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
            header, parent, metadata, content = (json.loads(f) for f in frames)
        except ValueError:
            return None
        return Arrived(header, parent, metadata, content, parts[at + 6 :])
