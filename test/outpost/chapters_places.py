"""Which path a kernel takes and why, foreign kernelspecs, terminals, samples, and wrong input answered in words."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from client import EXIT, NOTE, OUT, READY, Client, Refused
from session import Session
from suite import World, chapter

# an ipykernel with one changed signature: still fit for ZeroMQ, not the one that the direct path knows
CHANGED = """
import importlib.abc, sys
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == 'ipykernel.ipkernel':
            sys.meta_path.remove(self)
            import ipykernel.kernelbase as k
            def record_ports(self, all_the_ports): self._recorded_ports = all_the_ports
            k.Kernel.record_ports = record_ports
        return None
sys.meta_path.insert(0, Finder())
"""


@chapter('fallback')
def fallback(w: World) -> None:
    if not w.direct:
        return
    site = Path(w.folder) / 'changed'
    site.mkdir()
    (site / 'sitecustomize.py').write_text(CHANGED)
    s = Session(w.base, python=w.python, path='auto', env={'PYTHONPATH': str(site)})
    w.check(
        'an ipykernel that differs takes the bridge and says why',
        s.ready['path'] == 'bridge' and 'record_ports takes (all_the_ports)' in s.ready['why'],
        s.ready,
    )
    w.check('the user is told in the log', s.notes and s.notes[0]['code'] == 'kernel.bridge', s.notes)
    _, o = s.run("print('hi'); 6*7")
    w.check('and it runs', o.result() == '42' and o.text() == 'hi\n', o)
    cell = s.execute('while True: pass')
    time.sleep(0.5)
    s.interrupt()
    w.check('its interrupt arrives', s.take(cell).ename() == 'KeyboardInterrupt')
    run = s.client.call('hello', client='test', version=1)['runs'][s.name]
    w.check('its state names the path it took', run['path'] == 'bridge', run)
    s.kill()
    s = Session(w.base, python=w.python, path='auto')
    w.check('the one we know goes direct', s.ready['path'] == 'direct', s.ready)
    s.kill()
    c = Client(w.base)
    bare = Path(w.folder) / 'bare' / 'sitecustomize.py'
    bare.parent.mkdir()
    bare.write_text("import sys; sys.modules['ipykernel'] = None\n")
    c.call('start', name='bare', python=w.python, env={'PYTHONPATH': str(bare.parent)}, cwd='/tmp')
    c.open('bare')
    kinds = {r.kind: r.payload for r in records_to_end(c)}
    w.check(
        'a Python without ipykernel: a note with the remedy', NOTE in kinds and b'pip install ipykernel' in kinds[NOTE], kinds
    )


def records_to_end(c: Client, stream: int = 1, seconds: float = 20) -> Any:
    for r in c.records(stream, seconds):
        yield r
        if r.kind == EXIT:
            return


@chapter('foreign')
def foreign(w: World) -> None:
    if w.direct:
        return
    for mode in ('signal', 'message'):
        spec = {
            'argv': [w.python, '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
            'interrupt_mode': mode,
            'env': {'FROM_SPEC': 'yes'},
        }
        s = Session(w.base, kernelspec=spec)
        _, o = s.run("import os; os.environ['FROM_SPEC']")
        w.check(f'a kernelspec over TCP runs ({mode})', o.result() == "'yes'", o)
        cell = s.execute('import time\nwhile True: time.sleep(.01)')
        time.sleep(0.4)
        s.interrupt()
        w.check(f'it is interrupted by {mode}', s.take(cell).ename() == 'KeyboardInterrupt')
        e = s.client.call('stop', name=s.name)['exit']
        w.check(f'it ends when asked ({mode})', e['how'] == 'clean', e)


@chapter('problems')
def problems(w: World) -> None:
    if not w.direct:
        return
    c = Client(w.base)
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ('start', {'name': 'x', 'kind': 'kernel', 'python': '/no/such/python'}, 'start.no-command'),
        (
            'start',
            {'name': 'x', 'kind': 'kernel', 'kernelspec': {'argv': ['no-such-kernel', '{connection_file}']}},
            'start.no-command',
        ),
        ('start', {'name': 'x', 'kind': 'process', 'argv': ['/bin/true'], 'cwd': '/no/such'}, 'start.no-folder'),
        ('start', {'name': '../x', 'kind': 'process', 'argv': ['/bin/true']}, 'call.invalid'),
        ('start', {'name': w.s.name, 'kind': 'process', 'argv': ['/bin/true']}, 'start.exists'),
        ('start', {'name': 'x', 'kind': 'process', 'argv': 'true'}, 'call.invalid'),
        ('start', {'name': 'x', 'kind': 'process', 'argv': ['/bin/true'], 'env': {'A=B': 'c'}}, 'call.invalid'),
        ('open', {'name': w.s.name, 'stream': 9, 'since': 10**12}, 'log.beyond'),
        ('open', {'name': w.s.name, 'stream': 9, 'log': 'another'}, 'log.other'),
        ('open', {'name': 'nobody', 'stream': 9}, 'run.unknown'),
        ('forget', {'name': w.s.name}, 'run.alive'),
        ('signal', {'name': w.s.name, 'signal': 'NOPE'}, 'call.invalid'),
        ('resize', {'name': w.s.name, 'rows': 1, 'cols': 1}, 'run.kind'),
        ('shutdown', {}, 'shutdown.busy'),
        ('__init__', {}, 'call.unknown'),
    ]
    for op, query, code in wrong:
        try:
            c.call(op, **query)
            w.check(f'{op} {query} is refused', False)
        except Refused as error:
            w.check(f'{op} is refused: {error}', error.code == code, error)
    raw = Client(w.base, hello=False)
    try:
        raw.call('journal', name='x')
        w.check('the first call must be hello', False)
    except Refused as error:
        w.check('the first call must be hello', error.code == 'hello.first')
    raw.send(99)
    try:
        while raw.fill(5):
            pass
        w.check('a frame of an unknown kind ends the connection', False)
    except (EOFError, OSError):
        w.check('a frame of an unknown kind ends the connection', True)
    c.send(4, b'hello', seq=7)
    end = time.monotonic() + 5
    while not c.pongs and time.monotonic() < end:
        c.fill(0.1)
    w.check('a ping is answered', c.pongs == [(7, b'hello')], c.pongs)


@chapter('terminal')
def terminal(w: World) -> None:
    if not w.direct:
        return
    c = Client(w.base)
    c.call('start', name='term', kind='terminal', argv=['/bin/sh'], cwd=w.folder, rows=30, cols=90, env={'PS1': '$ ', 'ENV': ''})
    c.open('term', 3)
    seen = bytearray()

    def read(until: bytes) -> bool:
        try:
            for r in c.records(3, 10):
                if r.kind == OUT:
                    seen.extend(r.payload)
                    if until in seen:
                        return True
        except TimeoutError:
            pass
        return False

    c.bytes_in(b'stty size; pwd; echo done-$((1+1))\n', 3)
    w.check('a terminal has its size and folder', read(b'done-2') and b'30 90' in seen and w.folder.encode() in seen, seen)
    c.call('resize', name='term', rows=40, cols=120)
    c.bytes_in(b'stty size; echo done-$((2+2))\n', 3)
    w.check('it is resized', read(b'done-4') and b'40 120' in seen, seen)
    c.bytes_in(b'sleep 60\n', 3)
    time.sleep(0.3)
    c.bytes_in(b'\x03echo done-$((4+4))\n', 3)
    w.check('ctrl-C reaches the program in it', read(b'done-8'), seen)
    e = c.call('stop', name='term')['exit']
    w.check('stop hangs it up', e['signalName'] == 'SIGHUP' or e['how'] == 'clean', e)
    c.call('start', name='cat', kind='process', argv=['/bin/cat'], stdin='pipe')
    c.open('cat', 4)
    c.bytes_in(b'x' * 300000, 4)
    c.bytes_in(b'', 4)
    found = list(records_to_end(c, 4))
    w.check(
        'a process reads its stdin to the end',
        sum(len(r.payload) for r in found if r.kind == OUT) == 300000 and any(r.kind == READY for r in found),
    )


@chapter('samples')
def samples(w: World) -> None:
    if not w.direct:
        return
    c = Client(w.base)
    c.call('sample', everyMs=250, disks=['/'])
    first, second = c.event('sample'), c.event('sample')
    host = second['host']
    w.check(
        'samples of the host',
        host['cpus'] >= 1
        and host['memoryTotalBytes'] > 1 << 28
        and len(host['disks']) == 2
        and (host['cpuPercent'] is not None or sys.platform != 'linux'),
        host,
    )
    gpus = first['gpus']
    w.check('no GPU is said well', gpus['state'] == 'ok' or gpus['why'], gpus)
    mine = second['runs'].get(w.s.name)
    w.check(
        "samples of a run's processes", mine and mine['rssBytes'] > 20 << 20 and mine['processes'] >= 1 and mine['pssBytes'], mine
    )
    c.call('sample', everyMs=0)
    w.check('this machine has a name for itself', c.about['host'] and c.about['uid'] == os.getuid())
