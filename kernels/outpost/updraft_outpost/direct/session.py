"""`Session.send` is the one door through which every message of ipykernel leaves: here it appends a record instead of writing to ZeroMQ."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..records import ABORTED, CONTROL, FAILED, FINISHED, IOPUB, SHELL, STARTED, STDIN
from .attribution import parent_var

if TYPE_CHECKING:
    from .kernel_host import KernelHost

# these wait for `idle`, the last of a cell: one write and one doorbell per short cell. `error` must not wait.
HELD = {'status', 'execute_input', 'execute_reply', 'execute_result'}
# these belong to the cell whose thread or task sends them, whatever parent ipykernel thinks of (6.x keeps one parent for all)
BY_CELL = {'display_data', 'update_display_data', 'clear_output', 'execute_result', 'comm_open', 'comm_msg', 'comm_close'}
TOLD_CHARS = 300


class Channel:
    """Stands where a ZeroMQ socket stood."""

    def __init__(self, kind: int) -> None:
        self.kind = kind

    def flush(self, *_: Any) -> None:
        pass

    def send_multipart(self, *_: Any, **__: Any) -> None:
        pass


CHANNELS = {k: Channel(k) for k in (IOPUB, SHELL, CONTROL, STDIN)}


def flags_of(kind: str, content: Any) -> int:
    if kind == 'status':
        state = content.get('execution_state')
        return STARTED if state == 'busy' else FINISHED if state == 'idle' else 0
    if kind == 'error':
        return FAILED
    if kind.endswith('_reply'):
        status = content.get('status')
        return ABORTED if status == 'aborted' else FAILED if status == 'error' else 0
    return 0


def make_session(host: KernelHost) -> type:
    from jupyter_client.session import Session, json_default, json_packer, protocol_version

    # json_packer makes an encoder for each message, 10 us; what this one can't do it is asked for
    encode = json.JSONEncoder(default=json_default, ensure_ascii=False, allow_nan=False, separators=(',', ':')).encode

    def pack(message: dict[str, Any]) -> bytes:
        try:
            return encode(message).encode('utf8', 'surrogateescape')
        except (TypeError, ValueError):
            return json_packer(message)

    class DirectSession(Session):
        def msg_header(self, msg_type: str) -> dict[str, Any]:
            """The date as text at once: the encoder asked Python back for each, 10 us."""
            return {
                'msg_id': self.msg_id,
                'msg_type': msg_type,
                'username': self.username,
                'session': self.session,
                'date': datetime.now(timezone.utc).isoformat().replace('+00:00', 'Z'),
                'version': protocol_version,
            }

        def send(
            self,
            stream,
            msg_or_type,
            content=None,
            parent=None,
            ident=None,
            buffers=None,
            track=False,
            header=None,
            metadata=None,
        ):  # type: ignore[no-untyped-def,override]
            if isinstance(msg_or_type, dict):
                msg = msg_or_type
                buffers = buffers or msg.get('buffers')
            else:
                msg = self.msg(msg_or_type, content=content, parent=parent, header=header, metadata=metadata)
            raw = [b if isinstance(b, bytes) else memoryview(b).cast('B') for b in buffers or ()]
            kind, about = msg['header']['msg_type'], msg['parent_header']
            number = host.numbers.get(about.get('msg_id', ''), 0)
            if kind in BY_CELL:
                cell = parent_var.get()
                if cell is not None and cell != number and cell in host.headers:
                    number, about = cell, host.headers[cell]
            body = pack(
                {
                    'h': msg['header'],
                    'p': about.get('msg_id', ''),
                    'm': msg['metadata'],
                    'c': msg['content'],
                    'b': [len(b) for b in raw],
                }
            )
            place = getattr(stream, 'kind', IOPUB)
            if place == IOPUB and kind == 'error' and number:
                said = msg['content']
                host.log.tell(
                    {
                        'event': 'error',
                        'parent': number,
                        'id': about.get('msg_id', ''),
                        'ename': str(said.get('ename', '')),
                        'evalue': str(said.get('evalue', ''))[:TOLD_CHARS],
                    }
                )
            hold = kind in HELD and threading.get_ident() == host.main
            host.log.append(
                place, number, len(body).to_bytes(4, 'little'), body, *raw, flags=flags_of(kind, msg['content']), hold=hold
            )
            return msg

    return DirectSession
