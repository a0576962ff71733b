"""A kernel of any language over ZeroMQ, behind the same log as a direct one: its messages become records, its `stream` messages text.

Parent of the kernel: it knows how it ended. While the disk is full or the quota used up the kernel is stopped (SIGSTOP), because ZeroMQ
would throw its output away.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any, Optional

from . import zmtp
from .child import Child, wake_on_child
from .frames import BYTES_CH, CONTROL_CH, SHELL_CH, STDIN_CH
from .host_link import HostLink, note, say_ready
from .jupyter_wire import Arrived, Wire
from .ready_files import still_open
from .records import (
    ABORTED,
    ACCEPTED,
    CONTROL,
    ERR,
    FAILED,
    FINISHED,
    IOPUB,
    OUT,
    SHELL,
    STARTED,
    STDIN,
    dump,
    unpack_message,
)
from .stopping import request

READY_SECONDS = 60.0
ASK_SECONDS = 0.25
BROKEN_SECONDS = 3.0
REPLY_SECONDS = 1.0
TAIL_BYTES = 4096
HELD = {'status', 'execute_input', 'execute_reply', 'execute_result'}
KINDS = {'shell': SHELL, 'control': CONTROL, 'stdin': STDIN, 'iopub': IOPUB}


class BridgeHost:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.link = link = HostLink(folder)
        self.log, self.spec = link.log, link.spec
        spec = self.spec
        self.kernelspec: dict[str, Any] = spec.get('kernelspec') or {}
        self.interrupt_mode = spec.get('interrupt_mode') or self.kernelspec.get('interrupt_mode') or 'signal'
        # sockets in our own folder where we know that the kernel can: nobody else on this host can even connect
        self.wire = Wire(folder, ipc=spec.get('python') is not None)
        self.wire.write_file(os.path.basename(self.kernelspec.get('dir') or 'python'))
        self.numbers: dict[str, int] = {}
        self.cells: dict[int, str] = {}
        self.unanswered: set[int] = set()  # requests whose reply has not come
        self.idles: dict[
            int, tuple[float, Arrived]
        ] = {}  # idle came before the reply: it waits, so that it is the last word as on the direct path
        self.next_number = 1
        self.running_cell = 0
        self.waiting: list[tuple[int, bytes]] = []
        self.peers: dict[str, zmtp.Peer] = {}
        self.info: Optional[dict[str, Any]] = None
        self.heard_iopub = False
        self.is_ready = False
        self.broken_at = 0.0
        self.asked: set[str] = set()
        self.shut = False
        self.stdin_parent: dict[str, Any] = {}
        self.tail = b''
        wake_on_child(link.selector)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.start_kernel()
        link.on_input, link.on_order = self.on_input, self.on_order
        link.state = lambda: {'event': 'state', 'busy': self.running_cell}
        self.log.on_wait = lambda waits: self.child.signal(signal.SIGSTOP if waits else signal.SIGCONT)
        if spec.get('why') and spec.get('why') != 'asked for':
            note(
                self.log,
                'kernel.bridge',
                f'This kernel runs over ZeroMQ: {spec["why"]}.',
                'It works the same, printing is slower.',
            )

    def start_kernel(self) -> None:
        words = {'{connection_file}': self.wire.file, '{resource_dir}': self.kernelspec.get('dir') or ''}
        argv = []
        for word in self.spec['argv']:
            for name, value in words.items():
                word = word.replace(name, value)
            argv.append(word)
        env = dict(os.environ, JPY_PARENT_PID=str(os.getpid()))  # kernels that know it end when this host is gone
        # their stdout: IPython writes what is not a cell's there, foreign kernels their debug lines. Kept as text without a cell.
        reader, writer = os.pipe()
        errors_r, errors_w = os.pipe()
        self.child = Child(argv, env, self.spec['cwd'], [(writer, 1), (errors_w, 2)])
        os.close(writer)
        os.close(errors_w)
        for fd, kind in ((reader, OUT), (errors_r, ERR)):
            os.set_blocking(fd, False)
            self.link.selector.register(fd, 1, lambda _mask, fd=fd, kind=kind: self.on_raw(fd, kind))

    def on_raw(self, fd: int, kind: int) -> None:
        try:
            data = os.read(fd, 1 << 16)
        except BlockingIOError:
            return
        if not data:
            self.link.selector.unregister(fd)
            os.close(fd)
            return
        self.tail = (self.tail + data)[-TAIL_BYTES:]
        # ipykernel sends what is written to its file descriptors by itself, and echoes it here
        if self.is_ready and not self.spec.get('python'):
            self.log.append(kind, self.running_cell, data)

    # -- the kernel's sockets ----------------------------------------------------------------------------------------

    def connect(self) -> None:
        """As soon as it listens. Shell and stdin must have one identity: the kernel asks for input where the request came from."""
        who = zmtp.identity()
        for channel in ('iopub', 'shell', 'control', 'stdin'):
            if channel not in self.peers:
                try:
                    peer = zmtp.Peer(self.wire.address(channel), 'SUB' if channel == 'iopub' else 'DEALER', who)
                except (OSError, zmtp.Closed):
                    return self.disconnect()
                self.peers[channel] = peer
                self.link.selector.register(peer.sock, 1, lambda mask, channel=channel: self.on_peer(channel, mask))

    def disconnect(self) -> None:
        for peer in self.peers.values():
            self.link.selector.unregister(peer.sock)
            peer.close()
        self.peers.clear()

    def on_peer(self, channel: str, mask: int) -> None:
        peer = self.peers.get(channel)
        if peer is None:
            return
        try:
            if mask & 2:
                peer.flush()
            if mask & 1:
                for parts in peer.feed():
                    arrived = self.wire.unpack(parts)
                    if arrived is not None:
                        self.on_message(channel, arrived)
            if self.peers.get(channel) is not peer:
                return
            key = self.link.selector.get_key(peer.sock)
            wanted = 1 | (2 if peer.wants_write else 0)
            if key.events != wanted:
                self.link.selector.modify(peer.sock, wanted, key.data)
        except zmtp.Closed:
            self.disconnect()
            if self.is_ready and not self.shut and not self.child.poll():
                self.broken_at = time.monotonic()  # it may be about to end; if it is not, it can't be reached any more

    def post(
        self, channel: str, header: dict[str, Any], parent: dict[str, Any], metadata: Any, content: Any, buffers: Any = ()
    ) -> None:
        peer = self.peers.get(channel)
        if peer is None:
            return
        peer.send(self.wire.pack(header, parent, metadata, content, buffers))
        if peer.wants_write:
            self.link.selector.modify(peer.sock, 3, lambda mask: self.on_peer(channel, mask))

    def ask_info(self) -> None:
        message, _ = unpack_message(request('kernel_info_request', {}))
        self.asked.add(message['h']['msg_id'])
        self.post('shell', message['h'], {}, {}, {})

    # -- out of the kernel -------------------------------------------------------------------------------------------

    def on_message(self, channel: str, a: Arrived) -> None:
        kind, parent_id = a.header['msg_type'], a.parent.get('msg_id', '')
        if channel == 'iopub':
            self.heard_iopub = True
        if parent_id in self.asked:
            if kind == 'kernel_info_reply':
                self.info = a.content
            return
        number = self.numbers.get(parent_id, 0)
        if kind == 'stream' and isinstance(a.content.get('text'), str):
            stderr = a.content.get('name') == 'stderr'
            data = a.content['text'].encode('utf-8', 'backslashreplace')
            if stderr:
                self.tail = (self.tail + data)[-TAIL_BYTES:]
            if data:
                self.log.append(ERR if stderr else OUT, number, data)
            return
        if kind == 'iopub_welcome':
            return
        if kind == 'status' and a.content.get('execution_state') == 'idle' and number in self.unanswered:
            self.idles[number] = (time.monotonic() + REPLY_SECONDS, a)
            return
        self.record(channel, kind, parent_id, number, a)
        if channel != 'iopub' and kind.endswith('_reply') and number in self.unanswered:
            self.unanswered.discard(number)
            waiting = self.idles.pop(number, None)
            if waiting is not None:
                self.record('iopub', 'status', parent_id, number, waiting[1])

    def late_idles(self) -> None:
        """A request that never gets a reply (an unknown type) ends with its idle alone."""
        for number, (until, a) in list(self.idles.items()):
            if until < time.monotonic():
                del self.idles[number]
                self.unanswered.discard(number)
                self.record('iopub', 'status', a.parent.get('msg_id', ''), number, a)

    def record(self, channel: str, kind: str, parent_id: str, number: int, a: Arrived) -> None:
        if kind == 'input_request':
            self.stdin_parent = a.header
        flags = self.flags(kind, a.content, number, parent_id)
        payload = a.payload(parent_id)
        last = bool(flags & FINISHED) or channel != 'iopub' and kind != 'execute_reply'
        self.log.append(KINDS[channel], number, payload, flags=flags, hold=kind in HELD and not last)
        if last:
            self.log.sync()

    def flags(self, kind: str, content: Any, number: int, parent_id: str) -> int:
        cell = number in self.cells
        if kind == 'status':
            state = content.get('execution_state')
            if state == 'busy':
                if cell:
                    self.running_cell = number
                    self.log.tell({'event': 'busy', 'parent': number, 'id': parent_id})
                return STARTED
            if state == 'idle':
                if cell:
                    del self.cells[number]
                    self.running_cell = 0
                    self.log.tell({'event': 'idle', 'parent': number, 'id': parent_id})
                return FINISHED
            return 0
        if kind == 'error':
            self.log.tell(
                {
                    'event': 'error',
                    'parent': number,
                    'id': parent_id,
                    'ename': str(content.get('ename', '')),
                    'evalue': str(content.get('evalue', ''))[:300],
                }
            )
            return FAILED
        if kind.endswith('_reply') and isinstance(content, dict):
            if kind == 'shutdown_reply':
                self.shut = True
            return {'error': FAILED, 'aborted': ABORTED}.get(content.get('status', ''), 0)
        return 0

    # -- into the kernel ---------------------------------------------------------------------------------------------

    def on_input(self, channel: int, body: bytes) -> None:
        if channel == BYTES_CH:
            return
        if not self.is_ready and channel != CONTROL_CH:
            self.waiting.append((channel, body))
            return
        message, buffers = unpack_message(body)
        header = message['h']
        if channel == STDIN_CH:
            return self.post('stdin', header, self.stdin_parent, {}, message.get('c'))
        known = self.numbers.get(header['msg_id'])
        if known is not None:
            return self.log.append(
                ACCEPTED, known, dump({'id': header['msg_id'], 'type': header['msg_type'], 'channel': channel, 'again': True})
            )
        number = self.numbers[header['msg_id']] = self.next_number
        self.next_number += 1
        self.log.append(
            ACCEPTED, number, dump({'id': header['msg_id'], 'type': header['msg_type'], 'channel': channel}), hold=self.is_ready
        )
        if header['msg_type'].endswith('_request'):
            self.unanswered.add(number)
        if header['msg_type'] == 'execute_request':
            self.cells[number] = header['msg_id']
        elif header['msg_type'] == 'shutdown_request':
            self.shut = True
        self.post(
            'shell' if channel == SHELL_CH else 'control',
            dict(header, date=header.get('date') or time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())),
            {},
            message.get('m') or {},
            message.get('c') or {},
            buffers,
        )

    def on_order(self, order: dict[str, Any]) -> None:
        if order['op'] != 'signal':
            return
        if order['signal'] == signal.SIGINT and self.interrupt_mode == 'message':
            message, _ = unpack_message(request('interrupt_request', {}))
            self.asked.add(message['h']['msg_id'])
            return self.post('control', message['h'], {}, {}, {})
        self.child.signal(order['signal'], order['group'])
        if order['signal'] == signal.SIGINT and self.spec.get('python'):
            self.ask_info()  # ipykernel's loop sleeps through an interrupt of `await`: a message wakes it

    # -- life --------------------------------------------------------------------------------------------------------

    def become_ready(self) -> None:
        self.is_ready = True
        info = self.info or {}
        ready: dict[str, Any] = {
            'pid': self.child.pid,
            'path': 'bridge',
            'ms': self.link.ms(),
            'kernelInfo': info,
            'why': self.spec.get('why'),
            'debugger': 'debugger' in (info.get('supported_features') or []) or bool(info.get('debugger')),
        }
        if info.get('implementation') == 'ipython':
            ready.update(
                ipython=info.get('implementation_version'),
                python=(info.get('language_info') or {}).get('version'),
                executable=self.spec.get('python'),
            )
        say_ready(self.log, self.folder, ready)
        waiting, self.waiting = self.waiting, []
        for channel, body in waiting:
            self.on_input(channel, body)

    def run(self) -> int:
        link, asked_at, deadline = self.link, 0.0, time.monotonic() + READY_SECONDS
        while not self.child.poll():
            if not self.is_ready:
                now = time.monotonic()
                if not self.peers:
                    self.connect()
                elif self.info is not None and self.heard_iopub:
                    self.become_ready()
                elif now - asked_at > ASK_SECONDS:
                    asked_at = now
                    self.ask_info()
                if now > deadline:
                    note(
                        self.log,
                        'kernel.silent',
                        f'The kernel did not answer within {READY_SECONDS:.0f} s.',
                        'Its own words are in the end of this log.',
                    )
                    self.child.signal(signal.SIGKILL)
                    deadline = now + READY_SECONDS
            if self.broken_at and time.monotonic() - self.broken_at > BROKEN_SECONDS:
                self.broken_at = 0.0
                note(
                    self.log, 'kernel.unreachable', 'The kernel closed its sockets but did not end; it was ended.', 'Restart it.'
                )
                self.child.signal(signal.SIGKILL)
            if self.idles:
                self.late_idles()
            timeout = 0.2 if self.broken_at or self.idles else 0.01 if not self.is_ready else 0.012 if self.log.unrung else None
            ready = link.selector.select(timeout)
            for key, mask in ready:
                if still_open(link.selector, key):
                    key.data(mask)
            if not ready and self.log.unrung:
                self.log.sync()
        self.last_words()
        link.finish(self.child.exit(self.folder, self.tail, self.shut and self.child.code == 0))
        return 0

    def last_words(self) -> None:
        """What is still in the sockets and pipes of the dead kernel."""
        while True:
            ready = [(k, m) for k, m in self.link.selector.select(0) if k.fileobj not in (self.link.server, self.link.sock)]
            if not ready:
                return
            for key, mask in ready:
                if still_open(self.link.selector, key):
                    key.data(mask & 1)


def run(folder: str) -> int:
    try:
        host = BridgeHost(folder)
    except OSError as error:
        print(f'{error.filename or ""}: {error.strerror}', file=sys.stderr, flush=True)
        return 127
    return host.run()
