"""Ends told apart, segments, quota, spares, shutdown; and the figures."""

from __future__ import annotations

import statistics
import subprocess
import time
from pathlib import Path

from client import IOPUB, OUT, Client
from session import Session, slowness
from suite import World, chapter


def end_of(s: Session, code: str) -> dict:
    s.execute(code)
    return s.client.event('exit', 15, name=s.name)['exit']


@chapter('ends')
def ends(w: World) -> None:
    def kernel() -> Session:
        return Session(w.base, python=w.python, path=w.path)

    e = end_of(kernel(), 'import os; os._exit(3)')
    w.check('os._exit(3) is told', e['how'] == 'code' and e['code'] == 3, e)
    e = end_of(kernel(), 'import os,signal; os.kill(os.getpid(),signal.SIGKILL)')
    w.check('SIGKILL is told', e['how'] == 'signal' and e['signalName'] == 'SIGKILL' and not e['oom'], e)
    e = end_of(
        kernel(), "import sys; print('last words',file=sys.stderr); sys.stderr.flush()\nimport ctypes; ctypes.string_at(0)"
    )
    w.check(
        'a crash is told, with the last stderr',
        e['signalName'] == 'SIGSEGV' and ('last words' in e['stderrTail'] or not w.direct),
        e,
    )
    if w.direct:
        w.check('a crash says where', 'string_at' in e['stderrTail'], e)
    e = end_of(kernel(), 'exit()')
    w.check('exit() is a clean end', e['how'] == 'clean', e)
    s = kernel()
    s.execute('while True: pass')
    e = s.client.call('stop', name=s.name, graceMs=600)['exit']
    w.check('a kernel that does not listen is ended', e['how'] == 'signal', e)
    s = kernel()
    e = s.client.call('stop', name=s.name)['exit']
    w.check('stop is a clean end', e['how'] == 'clean', e)
    o = s.take(timeout=5)
    w.check('the log ends with the end', o.kinds()[-1] == 'exit' and o[-1].content['how'] == 'clean', o.kinds())


@chapter('segments')
def segments(w: World) -> None:
    s = Session(w.base, python=w.python, path=w.path, segmentBytes=1 << 20)
    n = 60000
    cell = s.execute(f"for i in range({n}): print('%099d' % i)")
    o = s.take(cell, timeout=60)
    want = ''.join('%099d\n' % i for i in range(n))
    w.check('a log in segments reads as one', o.text() == want, (len(o.text()), len(want)))
    folder = next(p for p in Path(w.base).glob('r*') if f'"{s.name}"' in (p / 'meta.json').read_text())
    count = len(list(folder.glob('log.0*')))
    w.check(f'it has several segments ({count})', count >= (5 if w.direct else 3), count)
    at = s.client.streams[1].at
    first = s.client.call('ack', name=s.name, offset=at)['first']
    w.check('what is acked goes', len(list(folder.glob('log.0*'))) == 1 and first > 3 << 20, first)
    _, o = s.run('2+2')
    w.check('and the log goes on', o.result() == '4', o)
    other = Client(w.base)
    found = other.open(s.name, since=0)
    w.check('a late reader is told what is gone', found['from'] == found['first'] == first and found['skipped'] == first, found)
    s.kill()


@chapter('quota')
def quota(w: World) -> None:
    s = Session(w.base, python=w.python, path=w.path, segmentBytes=1 << 20, quotaBytes=4 << 20)
    n = 100000
    cell = s.execute(f"for i in range({n}): print('%099d' % i)")
    s.client.event('blocked', 20, name=s.name, why='quota')
    w.check('a used-up quota is told', True)
    got, ended, released = 0, False, False
    for r in s.client.records(timeout=60):
        if r.kind == OUT:
            got += len(r.payload)
        if r.end % 7 == 0 or r.end - getattr(s, 'acked', 0) > 1 << 20:
            s.client.ask('ack', name=s.name, offset=r.end)
            s.acked = r.end  # type: ignore[attr-defined]
        if r.kind == IOPUB and r.flags & 2 and cell.encode() in r.payload:
            ended = True
            break
    del released
    w.check('and nothing is lost when it goes on', ended and got == n * 100, (ended, got))
    s.kill()


@chapter('spare')
def spare(w: World) -> None:
    if not w.direct:
        return
    c = Client(w.base)
    c.call('spare', python=w.python, cwd='/tmp')
    c.event('spare', 30, state='ready')
    times = []
    for i in range(3):
        t = time.perf_counter()
        s = Session(w.base, python=w.python, path=w.path, cwd=w.folder, env={'GREETING': f'hi {i}'})
        _, o = s.run("import os; os.environ['GREETING'], os.getcwd()")
        times.append(time.perf_counter() - t)
        took = s.run_state['spare']
        if i == 0:
            w.check(
                f'a spare is handed over ({times[0] * 1000:.0f} ms to the first result)',
                took and o.result() == f"('hi 0', '{w.folder}')",
                (took, o),
            )
        s.kill()
        c.event('spare', 30, state='ready')
    w.check('within 150 ms (median of three)', sorted(times)[1] < 0.15 * slowness(), times)
    w.figure(f'restart from a spare to the first result: {", ".join(f"{t * 1000:.0f}" for t in times)} ms')
    c.call('spare', python=w.python, keep=False)


@chapter('figures')
def figures(w: World) -> None:
    w.s.kill()
    s = w.fresh()
    time.sleep(1.0)
    for code in ('1', 'pass'):
        for _ in range(30):
            s.run(code)
        times = []
        for _ in range(200):
            t = time.perf_counter()
            s.run(code)
            times.append(time.perf_counter() - t)
        times.sort()
        w.figure(f'round trip `{code}`: p50 {times[100] * 1000:.2f} ms, p95 {times[190] * 1000:.2f} ms')
    times = []
    for _ in range(10):
        t = time.perf_counter()
        cell = s.execute("print('x')\nimport time; time.sleep(.3)")
        for r in s.client.records():
            if r.kind == OUT:
                times.append(time.perf_counter() - t)
                break
        s.take(cell)
    times.sort()
    w.figure(f'first stdout byte: p50 {times[5] * 1000:.1f} ms, worst {times[-1] * 1000:.1f} ms')
    if w.direct:
        w.check('the first stdout byte comes within 25 ms (median)', times[5] < 0.025 * slowness(), times)
    code, plain, ours = 'for i in range(10**6): print(i)', [], []
    for _ in range(4):
        t = time.perf_counter()
        subprocess.run(f'{w.python} -c "{code}" | cat > /dev/null', shell=True, check=True)
        plain.append(time.perf_counter() - t)
        t = time.perf_counter()
        cell, n = s.execute(code), 0
        for r in s.client.records(timeout=120):
            if r.kind == OUT:
                n += len(r.payload)
            elif r.kind == IOPUB and r.flags & 2 and cell.encode() in r.payload:
                break
        ours.append(time.perf_counter() - t)
        if n != 6888890:
            w.check('1e6 prints arrive whole', False, n)
    ratio = statistics.median(ours) / statistics.median(plain)
    w.figure(
        f'1e6 prints: {statistics.median(ours) * 1000:.0f} ms, `python | cat` {statistics.median(plain) * 1000:.0f} ms, ratio {ratio:.2f}'
    )
    if w.direct:
        w.check(f'1e6 prints within 1.5 x of a pipe ({ratio:.2f})', ratio < 1.5 * min(2, slowness()), (ours, plain))
