"""One connection: frames in, frames out under credit. Log bytes go from file to socket inside the kernel (sendfile) where it can."""

from __future__ import annotations

import errno
import json
import os
import selectors
import socket
from typing import TYPE_CHECKING, Any, Optional, Union

from . import frames
from .frames import CALL, CREDIT, EVENT, INPUT, PING, PONG, PREAMBLE, REPLY, SMALL_LIMIT_BYTES
from .problem import Problem
from .streams_out import FollowStream, LogStream, Slice

if TYPE_CHECKING:
    from .supervisor import Supervisor

MORE = getattr(socket, 'MSG_MORE', 0)
# A short cell is two events and 2 KB of log. As send, send, sendfile the client was woken three times, and a unix socket knows no MSG_MORE:
# copied into one send up to here (both figures: 0.13 ms less of the client's time per cell). A flood goes by sendfile as ever.
COPIED_BYTES = 1 << 14
GATHERED_BYTES = 1 << 16
READ_BYTES = 1 << 16  # 256 KB came from mmap and went back to it with each request: 4 calls and a page fault


class Client:
    def __init__(self, top: Supervisor, sock: socket.socket) -> None:
        self.top, self.sock = top, sock
        self.greeted = False
        self.epoch: Optional[int] = None
        self.inbuf = bytearray()
        self.small = bytearray(PREAMBLE)
        self.body: Optional[Slice] = None
        self.streams: dict[int, Union[LogStream, FollowStream]] = {}
        self.turn: list[int] = []
        self.mask = selectors.EVENT_READ
        self.open = True
        self.can_sendfile = hasattr(os, 'sendfile')
        self.closing = False
        top.selector.register(sock, self.mask, self.on_ready)

    def on_ready(self, mask: int) -> None:
        if mask & selectors.EVENT_READ:
            try:
                data = self.sock.recv(READ_BYTES)
            except BlockingIOError:
                data = None
            except OSError:
                data = b''
            if data == b'':
                return self.close()
            if data:
                self.inbuf += data
                try:
                    for frame in frames.take(self.inbuf):
                        self.on_frame(frame)
                        if not self.open:
                            return
                except frames.BadFrame:
                    return self.close()
        self.pump()

    def on_frame(self, f: frames.Frame) -> None:
        if f.kind == INPUT:
            self.on_input(f)
        elif f.kind == CREDIT:
            stream = self.streams.get(f.stream)
            if stream is not None:
                stream.limit = max(stream.limit, f.seq + stream.window)
        elif f.kind == CALL:
            self.on_call(f.body)
        elif f.kind == PING:
            self.put(frames.pack(PONG, f.body[:64], 0, 0, f.seq))
        else:
            raise frames.BadFrame(f'kind {f.kind}')

    def on_input(self, f: frames.Frame) -> None:
        stream = self.streams.get(f.stream)
        if not isinstance(stream, LogStream):
            return self.event(
                {
                    'event': 'refused',
                    'name': '',
                    'stream': f.stream,
                    'problem': Problem('stream.unknown', f'stream {f.stream} is not open').wire(),
                }
            )
        if not 1 <= f.flags <= 4:
            return self.event(
                {
                    'event': 'refused',
                    'name': stream.run.name,
                    'stream': f.stream,
                    'problem': Problem('call.invalid', f'there is no channel {f.flags}').wire(),
                }
            )
        problem = stream.run.send(f.flags, f.body)
        if problem is not None:
            event: dict[str, Any] = {'event': 'refused', 'name': stream.run.name, 'stream': f.stream, 'problem': problem.wire()}
            if f.flags != 4:
                try:
                    n = int.from_bytes(f.body[:4], 'little')
                    event['id'] = json.loads(f.body[4 : 4 + n])['h']['msg_id']
                except (ValueError, KeyError, TypeError):
                    pass
            self.event(event)

    def on_call(self, body: bytes) -> None:
        number: Any = None
        try:
            query = json.loads(body)
            if not isinstance(query, dict) or not isinstance(query.get('op'), str):
                raise Problem('call.invalid', 'a call is {id, op, ...}')
            number = query.get('id')
            answer = self.top.calls.answer(self, query)
        except Problem as problem:
            answer = {'problem': problem.wire()}
        except ValueError:
            answer = {'problem': Problem('call.invalid', 'a call is JSON').wire()}
        except OSError as error:
            self.top.complain(f'call {body[:200]!r}')
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            code = 'outpost.disk-full' if full else 'outpost.internal'
            hint = f'Make room on the disk of {self.top.base}.' if full else 'See outpost.log.'
            answer = {'problem': Problem(code, f'The system says: {error.strerror or error}.', hint).wire()}
        except Exception as error:  # the wire: nothing a client asks may end the supervisor
            self.top.complain(f'call {body[:200]!r}')
            answer = {
                'problem': Problem(
                    'outpost.internal', f'{type(error).__name__}: {error}', 'This is a fault of the outpost; see outpost.log.'
                ).wire()
            }
        if answer is not None:
            self.reply(number, answer)

    def reply(self, number: Any, answer: dict[str, Any]) -> None:
        self.put(frames.pack(REPLY, json.dumps(dict(answer, id=number)).encode()))

    def event(self, event: dict[str, Any]) -> None:
        if self.greeted or event['event'] == 'refused':
            self.put(frames.pack(EVENT, json.dumps(event).encode()))

    def put(self, data: bytes) -> None:
        if not self.open:
            return
        self.small += data
        if len(self.small) > SMALL_LIMIT_BYTES:
            self.close()

    def watches(self, run: Any) -> bool:
        return any(isinstance(s, LogStream) and s.run is run for s in self.streams.values())

    def pump(self) -> None:
        """Send until the socket or every credit is full."""
        if not self.open:
            return
        want = False
        try:
            while self.send_some():
                pass
        except BlockingIOError:
            want = True
        except OSError:
            return self.close()
        if self.closing and not self.small and self.body is None:
            return self.close()
        mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if want else 0)
        if mask != self.mask:
            self.mask = mask
            self.top.selector.modify(self.sock, mask, self.on_ready)

    def send_some(self) -> bool:
        if self.body is not None:
            self.send_body(self.body)
            return True
        if len(self.small) < GATHERED_BYTES and not self.closing and self.gather():
            return True
        if self.small:
            n = self.sock.send(self.small)
            del self.small[:n]
            return True
        return False

    def gather(self) -> bool:
        """What is short joins the small frames; True: a long slice is next, with what goes before it in its head."""
        while len(self.small) < GATHERED_BYTES:
            found = self.next_slice()
            if found is None:
                return False
            data = b''
            if found.file is not None and found.length <= COPIED_BYTES:
                data = os.pread(found.file.fileno(), found.length, found.offset)
            if len(data) < found.length:
                self.body = found._replace(head=bytes(self.small) + found.head)
                self.small.clear()
                return True
            self.small += found.head
            self.small += data
        return False

    def next_slice(self) -> Optional[Slice]:
        """The streams in turn."""
        for _ in range(len(self.turn)):
            number = self.turn.pop(0)
            self.turn.append(number)
            found = self.streams[number].next()
            if found is not None:
                return found
        return None

    def send_body(self, body: Slice) -> None:
        if body.head:
            n = self.sock.send(body.head, MORE if body.length else 0)
            body = body._replace(head=body.head[n:])
            self.body = body if body.head or body.length else None
            return
        n = self.send_file(body)
        left = body.length - n
        self.body = body._replace(offset=body.offset + n, length=left) if left else None

    def send_file(self, body: Slice) -> int:
        assert body.file is not None
        file = body.file.fileno()
        if self.can_sendfile:
            try:
                n = os.sendfile(self.sock.fileno(), file, body.offset, body.length)
                if n:
                    return n
            except BlockingIOError:
                raise
            except OSError as error:
                if error.errno in (32, 104, 54):  # EPIPE, ECONNRESET
                    raise
                self.can_sendfile = False  # not from this file system, or not to this socket
        data = os.pread(file, body.length, body.offset)
        # a followed file was truncated under us: the frame's length is out already, so fill it; a mark follows
        return self.sock.send(data or b'\0' * body.length)

    def drop_stream(self, number: int) -> None:
        self.turn.remove(number)
        self.streams.pop(number).close()

    def close(self) -> None:
        if not self.open:
            return
        self.open = False
        for number in list(self.streams):
            self.drop_stream(number)
        self.top.selector.unregister(self.sock)
        self.sock.close()
        self.top.client_gone(self)
