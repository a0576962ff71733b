"""What the outpost promises, tried with kill -9: clients, supervisor, keeper, kernel; slow clients, C code that holds the GIL, a full disk.

python test/outpost/kills.py --python PY [--only WORD] [--lines N]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import promises as more  # noqa: E402
from client import EXIT, LOST, OUT, RECORD, Client, Refused, up  # noqa: E402
from session import slowness  # noqa: E402
from world import World, again, done, lines, reader, size_of, text_of_copy, wait_for  # noqa: E402


def killed_client(w: World) -> None:
    s = w.kernel()
    n, copy = w.lines, w.base + '/copy'
    p = reader(w, s.name, copy)
    time.sleep(0.2)
    s.client.gives_credit = False
    s.client.call('close', stream=1)
    s.client.streams.clear()
    s.client.open(s.name, 2, since='end', window=1)
    s.client.execute(f"for i in range({n}): print('%099d'%i)", stream=2)
    kills = 0
    while True:
        time.sleep(w.random.uniform(0.05, 0.25))
        p.kill()
        p.wait()
        kills += 1
        time.sleep(0.05)  # nobody attached
        p = reader(w, s.name, copy)
        if done(s.client, s.name):
            break
    wait_for(lambda: os.path.getsize(copy) >= size_of(s.client, s.name))
    p.kill()
    p.wait()
    w.check(f'a client killed {kills} times in a flood of {n} lines: byte-exact, exactly once', text_of_copy(copy) == lines(n))
    s.kill()


def killed_supervisor(w: World) -> None:
    s = w.kernel()
    n, copy = w.lines, w.base + '/copy2'
    pid = s.ready['pid']
    s.execute(f"import time\nfor i in range({n}):\n    print('%099d'%i)\n    if i%(({n})//30)==0: time.sleep(.05)")
    times, boots = [], set()
    c = s.client
    for _ in range(4):
        time.sleep(0.2)
        boots.add(c.about['boot'])
        os.kill(c.about['pid'], signal.SIGKILL)
        t = time.perf_counter()
        c = again(w.base)
        times.append((time.perf_counter() - t) * 1000)
        run = c.about['runs'][s.name]
        assert run['pid'] == pid and run['state'] == 'ready', run
    w.check(
        f'a supervisor killed 4 times in a flood: the kernel is adopted ({", ".join(f"{t:.0f}" for t in times)} ms)',
        len(boots) == 4,
    )
    p = reader(w, s.name, copy)
    wait_for(lambda: done(c, s.name))
    wait_for(lambda: os.path.getsize(copy) >= size_of(c, s.name))
    p.kill()
    p.wait()
    w.check('and its output is byte-exact', text_of_copy(copy) == lines(n))
    c.open(s.name, since='end')
    s.client = c
    cell = s.execute("X=globals().get('X',0)+1; X")
    s.take(cell)
    os.kill(c.about['pid'], signal.SIGKILL)
    s.client = c = again(w.base)
    c.open(s.name, since='end')
    s.execute("X=globals().get('X',0)+1; X", msg_id=cell)
    _, o = s.run('X')
    w.check('a request sent again after that runs once', o.result() == '1', o)
    cell = s.execute("while True: print('y'*80)")
    time.sleep(0.3)
    t = s.interrupt()
    c.event('error', name=s.name, id=cell)
    w.check(
        f'an adopted kernel is interrupted in a flood ({(time.perf_counter() - t) * 1000:.0f} ms)',
        time.perf_counter() - t < 0.25 * slowness(),
    )
    s.take(cell, timeout=60)
    os.kill(c.about['pid'], signal.SIGKILL)
    c = again(w.base)
    os.kill(pid, signal.SIGKILL)
    e = c.event('exit', name=s.name)['exit']
    w.check('the end of an adopted kernel is known: the keeper saw it', e['signalName'] == 'SIGKILL', e)


def killed_keeper(w: World) -> None:
    s = w.kernel()
    c = s.client
    keeper = int(Path(f'/proc/{c.about["pid"]}/stat').read_text().rsplit(')', 1)[1].split()[1])
    os.kill(keeper, signal.SIGKILL)
    _, o = s.run('6*7')
    w.check('a killed keeper changes nothing', o.result() == '42')
    os.kill(c.about['pid'], signal.SIGKILL)
    time.sleep(0.1)
    up(w.base)
    s.client = c = again(w.base)
    c.open(s.name, since='end')
    _, o = s.run('6*7')
    w.check('keeper and supervisor both killed: `up` adopts', o.result() == '42')
    os.kill(s.ready['pid'], signal.SIGKILL)
    e = c.event('exit', name=s.name)['exit']
    w.check('then nobody knows the status, and it says so', e['how'] == 'unknown', e)


def killed_kernel(w: World) -> None:
    s = w.kernel()
    s.execute("while True: print('y'*80)")
    time.sleep(0.3)
    t = time.perf_counter()
    os.kill(s.ready['pid'], signal.SIGKILL)
    s.client.event('exit', name=s.name)
    dt = (time.perf_counter() - t) * 1000
    last, text = None, 0
    for r in s.client.records(timeout=60):
        if r.kind == OUT:
            text += len(r.payload)
        elif r.kind in (LOST, EXIT):
            last = json.loads(r.payload)
        if r.kind == EXIT:
            break
    w.check(
        f'a kernel killed in a flood: told after {dt:.0f} ms, its log ends with the end',
        dt < 200 * slowness() and last and last['signalName'] == 'SIGKILL',
        (dt, last),
    )
    states = s.client.call('journal', name=s.name)['executions']
    w.check('its cell is lost', states[-1]['state'] == 'lost', states)
    s.execute('1')
    e = s.client.event('refused', name=s.name)
    w.check('what is sent to a dead kernel is refused aloud', e['problem']['code'] == 'run.ended' and e.get('id'), e)


def torn_tail(w: World) -> None:
    s = w.kernel()
    _, o = s.run('1')
    folder = next(p for p in Path(w.base).glob('r*') if f'"{s.name}"' in (p / 'meta.json').read_text())
    log = sorted(folder.glob('log.0*'))[-1]
    found = Client(w.base)  # not s.client: who was sent a part of the torn record is cut off, to come again at a border
    os.kill(s.ready['pid'], signal.SIGSTOP)
    with open(log, 'ab') as f:
        f.write(RECORD.pack(5000, OUT, 0, 0, 1, 0) + b'half of it')
    os.kill(s.ready['pid'], signal.SIGKILL)
    kinds = []
    found.event('exit', name=s.name)
    found.open(s.name)
    for r in found.records():
        kinds.append((r.kind, r.payload))
        if r.kind == EXIT:
            break
    lost = [json.loads(p) for k, p in kinds if k == LOST]
    w.check(
        'a torn record is cut off and said',
        lost and lost[0]['bytes'] == 30 and not any(b'half of it' in p for _, p in kinds),
        lost,
    )


def process(w: World) -> None:
    up(w.base)
    c = Client(w.base)
    code = "import sys,time\nfor i in range(200000):\n    sys.stdout.write('%099d\\n'%i)\n    if i%20000==0: time.sleep(.05)\nsys.exit(5)"
    c.call('start', name='proc', kind='process', argv=[w.python, '-c', code])
    for _ in range(3):
        time.sleep(0.12)
        os.kill(c.about['pid'], signal.SIGKILL)
        c = again(w.base)
    c.open('proc')
    out, e = [], None
    for r in c.records():
        if r.kind == OUT:
            out.append(r.payload)
        if r.kind == EXIT:
            e = json.loads(r.payload)
            break
    w.check(
        'a process, supervisor killed three times: byte-exact and its exit code known',
        b''.join(out) == lines(200000) and e['code'] == 5,
        e,
    )
    c.call('start', name='proc2', kind='process', argv=['/bin/sh', '-c', 'echo one; sleep 60'])
    c.open('proc2', 2)
    for r in c.records(2):
        if r.kind == OUT:
            break
    meta = next(
        json.loads((p / 'meta.json').read_text()) for p in Path(w.base).glob('r*') if '"proc2"' in (p / 'meta.json').read_text()
    )
    child = c.event('ready', name='proc2')['ready']['pid']
    os.kill(meta['pid'], signal.SIGKILL)
    e = c.event('exit', name='proc2')['exit']
    w.check(
        'a killed job host takes its process with it',
        not os.path.exists(f'/proc/{child}') or 'Z' in Path(f'/proc/{child}/stat').read_text().rsplit(')', 1)[1][:3],
        e,
    )


PARTS = [
    more.start_up,
    more.life,
    more.zipped,
    more.follows,
    killed_client,
    more.slow_client,
    killed_supervisor,
    killed_keeper,
    killed_kernel,
    torn_tail,
    process,
    more.gil,
    more.forks,
    more.full_disk,
    more.out_of_memory,
]


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument('--python', default=os.environ.get('UPDRAFT_PYTHON', sys.executable))
    p.add_argument('--only', default='')
    p.add_argument('--lines', type=int, default=1000000)
    a = p.parse_args()
    w = World(a.python, a.lines)
    try:
        for part in PARTS:
            if a.only in part.__name__:
                try:
                    part(w)
                except Exception as error:
                    import traceback

                    w.check(
                        part.__name__, False, ''.join(traceback.format_exception(type(error), error, error.__traceback__))[-600:]
                    )
    finally:
        for base in w.bases:
            try:
                Client(base).call('shutdown', force=True)
            except (OSError, EOFError, Refused, TimeoutError):
                pass
        time.sleep(0.5)
        for base in w.bases:
            shutil.rmtree(base, ignore_errors=True)
    print(f'{w.passed} passed, {len(w.failed)} failed')
    sys.exit(1 if w.failed else 0)


if __name__ == '__main__':
    main()
