"""The calls of a client (PROTOCOL.md §7): input checked, answered or refused with a Problem. None as answer: the reply comes later."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, Any, Optional

from . import VERSION, launch, stopping
from .client import Client
from .follow import Follow
from .frames import WINDOW_BYTES
from .problem import Problem, field, strings
from .records import now_us
from .run import Run
from .spares import is_spare
from .streams_out import FollowStream, LogStream

if TYPE_CHECKING:
    from .supervisor import Supervisor

Query = dict[str, Any]
Answer = Optional[dict[str, Any]]


class Calls:
    def __init__(self, top: Supervisor) -> None:
        self.top = top

    def answer(self, client: Client, query: Query) -> Answer:
        op = query['op']
        if not client.greeted and op != 'hello':
            raise Problem('hello.first', 'the first call is hello')
        method = getattr(self, 'do_' + op, None) if op.isidentifier() else None
        if method is None:
            raise Problem('call.unknown', f'there is no call {op!r}')
        return method(client, query)

    def run(self, query: Query) -> Run:
        name = field(query, 'name', str)
        run = self.top.runs.get(name)
        if run is None:
            raise Problem('run.unknown', f'There is no run {name!r} here.')
        return run

    # -- the outpost -------------------------------------------------------------------------------------------------

    def do_hello(self, client: Client, q: Query) -> Answer:
        top = self.top
        if field(q, 'version', int, VERSION) != VERSION:
            raise Problem(
                'outpost.version', f'This outpost speaks version {VERSION}.', 'Shut it down, so that a newer one is started.'
            )
        epoch = field(q, 'epoch', (int, float), None)
        if epoch is not None:
            if epoch < top.epoch:
                raise Problem(
                    'outpost.replaced', 'A newer client has taken this outpost.', 'Reload this window, or close the other one.'
                )
            if epoch > top.epoch:
                top.fence(epoch, client)
        client.epoch, client.greeted = epoch, True
        for run in top.runs.values():
            run.log.refresh()
        return {
            'version': VERSION, 'outpost': top.identity, 'boot': top.boot, 'pid': os.getpid(), 'python': sys.version.split()[0], 'platform': sys.platform,
            'host': socket.gethostname(), 'uid': os.getuid(), 'base': top.base, 'nowUs': now_us(), 'lingerSeconds': top.linger,
            'runs': {n: r.state() for n, r in top.runs.items() if not is_spare(r)}, 'spares': top.spares.state(),
        }  # fmt: skip

    def do_linger(self, client: Client, q: Query) -> Answer:
        seconds = field(q, 'seconds', (int, float), None)
        self.top.linger = None if seconds is None else max(0.0, float(seconds))
        self.top.save()
        return {'seconds': self.top.linger}

    def do_shutdown(self, client: Client, q: Query) -> Answer:
        live = [r for r in self.top.runs.values() if not r.over and not is_spare(r)]
        if live and not field(q, 'force', bool, False):
            raise Problem(
                'shutdown.busy',
                f'{len(live)} runs are alive: {", ".join(r.name for r in live[:5])}.',
                'Stop them first, or force it.',
            )
        others = [c for c in self.top.clients if c is not client and c.greeted and not c.closing]
        if others and not field(q, 'force', bool, False):
            raise Problem('shutdown.busy', f'{len(others)} others are connected.', 'Close them first, or force it.')
        self.top.shut_down('shutdown')
        return {}

    def do_sample(self, client: Client, q: Query) -> Answer:
        every = field(q, 'everyMs', (int, float))
        self.top.sampler.subscribe(client, every / 1000 if every else 0, strings(q, 'disks', []))
        return {}

    # -- runs --------------------------------------------------------------------------------------------------------

    def do_start(self, client: Client, q: Query) -> Answer:
        top = self.top
        name = field(q, 'name', str)
        if not launch.NAME.match(name) or name.startswith('.'):
            raise Problem('call.invalid', 'name must be letters, digits, dot, dash, underscore; at most 80; no dot first')
        if name in top.runs:
            raise Problem('start.exists', f'There is a run {name!r} already.', 'Forget it first, or choose another name.')
        if top.closing:
            raise Problem('start.failed', 'The outpost is ending.', 'Start it again.')
        spec, changes = launch.describe(q), launch.env_field(q)
        run = top.spares.take(name, spec, changes) if spec['kind'] == 'kernel' and field(q, 'useSpare', bool, True) else None
        spare = run is not None
        if run is None:
            for key, value in (spec.get('kernelspec') or {}).get('env', {}).items():
                changes.setdefault(key, value)
            run = launch.start(top, name, spec, changes)
        top.tell({'event': 'started', 'name': name, 'run': run.state()})
        return {'name': name, 'run': run.state(), 'spare': spare}

    def do_spare(self, client: Client, q: Query) -> Answer:
        spec = launch.describe(dict(q, kind='kernel', path='direct'))
        if not field(q, 'keep', bool, True):
            self.top.spares.drop(spec['python'])
            return {'state': 'none'}
        return {'state': self.top.spares.keep(spec, launch.env_field(q))}

    def do_signal(self, client: Client, q: Query) -> Answer:
        run = self.run(q)
        if run.over:
            raise Problem('run.ended', f'{run.name} has ended.')
        wanted = q.get('signal')
        try:
            number = (
                signal.Signals[wanted if wanted.startswith('SIG') else 'SIG' + wanted]
                if isinstance(wanted, str)
                else signal.Signals(int(wanted or 0))
            )
        except (KeyError, ValueError, TypeError):
            raise Problem('call.invalid', f'there is no signal {wanted!r}') from None
        stopping.send_signal(run, number, field(q, 'group', bool, True))
        return {}

    def do_stop(self, client: Client, q: Query) -> Answer:
        run = self.run(q)
        grace = max(0.0, field(q, 'graceMs', (int, float), 3000) / 1000)
        if run.over:
            return {'exit': run.exit}
        number = q.get('id')

        def done() -> None:
            client.reply(number, {'exit': run.exit})
            client.pump()

        run.on_end.append(done)
        stopping.stop(run, grace)
        return None

    def do_forget(self, client: Client, q: Query) -> Answer:
        run = self.run(q)
        if not run.over:
            raise Problem('run.alive', f'{run.name} is alive.', 'Stop it first.')
        self.top.forget(run)
        self.top.tell({'event': 'forgotten', 'name': run.name})
        return {}

    def do_ack(self, client: Client, q: Query) -> Answer:
        run = self.run(q)
        run.journal.read()
        return {'first': run.log.drop_below(min(field(q, 'offset', int), run.log.refresh()))}

    def do_resize(self, client: Client, q: Query) -> Answer:
        run = self.run(q)
        if run.meta['kind'] != 'terminal':
            raise Problem('run.kind', f'{run.name} is no terminal')
        stopping.order(run, {'op': 'resize', 'rows': field(q, 'rows', int), 'cols': field(q, 'cols', int)})
        return {}

    def do_journal(self, client: Client, q: Query) -> Answer:
        run = self.run(q)
        run.log.refresh()
        run.journal.read()
        last = max(0, field(q, 'last', int, 1000))
        return {'executions': list(run.journal.executions.values())[-last:] if last else [], 'size': run.journal.scanned}

    # -- streams -----------------------------------------------------------------------------------------------------

    def stream_number(self, client: Client, q: Query) -> int:
        number = field(q, 'stream', int)
        if not 1 <= number <= 65535:
            raise Problem('call.invalid', 'stream is 1 to 65535')
        if number in client.streams:
            raise Problem('stream.used', f'stream {number} is open already')
        return number

    def do_open(self, client: Client, q: Query) -> Answer:
        run, number = self.run(q), self.stream_number(client, q)
        size, since = run.log.refresh(), q.get('since', 0)
        wanted = field(q, 'log', str, None)
        if wanted is not None and wanted != run.meta['log']:
            raise Problem('log.other', f'{run.name} has another log now.', 'Read it from its beginning.')
        since = size if since == 'end' else field({'since': since}, 'since', int)
        if since > size or since < 0:
            raise Problem(
                'log.beyond',
                f'since {since} is beyond the log, which ends at {size}.',
                'This is another log, or the disk lost its end. Read it from its beginning.',
            )
        start = max(since, run.log.first)
        client.streams[number] = stream = LogStream(number, run, start, max(1, field(q, 'window', int, WINDOW_BYTES)))
        client.turn.append(number)
        run.streams.add(stream)
        return {'log': run.meta['log'], 'first': run.log.first, 'from': start, 'size': size, 'skipped': start - since}

    def do_close(self, client: Client, q: Query) -> Answer:
        number = field(q, 'stream', int)
        if number not in client.streams:
            raise Problem('stream.unknown', f'stream {number} is not open')
        client.drop_stream(number)
        return {}

    def do_follow(self, client: Client, q: Query) -> Answer:
        number, path = self.stream_number(client, q), field(q, 'path', str)
        if not os.path.isabs(path):
            raise Problem('call.invalid', 'path must be absolute')
        follow = Follow(path, q.get('since'))
        client.streams[number] = FollowStream(number, follow, max(1, field(q, 'window', int, WINDOW_BYTES)))
        client.turn.append(number)
        self.top.wake_at = time.monotonic()
        return {'inode': follow.inode, 'from': follow.offset, 'size': follow.size}
