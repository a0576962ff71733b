"""What the outpost promises, tried with kill -9: clients, supervisor, keeper, kernel; slow clients, C code that holds the GIL, a full disk.

python test/outpost/kills.py --python PY [--only WORD] [--lines N]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).parent))
for unwanted in ('PYTHONUNBUFFERED', 'PYTHONDONTWRITEBYTECODE'):
    os.environ.pop(unwanted, None)

from client import COMMAND, CREDIT, EXIT, IOPUB, LOST, OUT, RECORD, Client, Refused, up  # noqa: E402
from session import Session, slowness  # noqa: E402

SEED = 7
# The reader that is killed: its file is a copy of the log from 0, so its own length says where to go on
READER = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import os
from client import Client, COMMAND
f = os.open(sys.argv[3], os.O_RDWR | os.O_CREAT, 0o600)
size = os.fstat(f).st_size
c = Client(argv=[*COMMAND, 'attach', sys.argv[1]])
c.open(sys.argv[2], since=size)
s = c.streams[1]
while True:
    c.fill()
    if s.buffer:
        os.pwrite(f, bytes(s.buffer), size); size += len(s.buffer); s.buffer.clear()
"""


class World:
    def __init__(self, python: str, lines: int) -> None:
        self.python, self.lines = python, lines
        self.bases: list[str] = []
        self.passed, self.failed = 0, []
        self.base = self.new_base()
        self.random = random.Random(SEED)

    def new_base(self) -> str:
        base = tempfile.mkdtemp(prefix='uo-')
        self.bases.append(base)
        return base

    def check(self, title: str, ok: Any, info: Any = '') -> None:
        if ok:
            self.passed += 1
            print('ok  ', title, flush=True)
        else:
            self.failed.append(title)
            print('FAIL', title, str(info)[:600], flush=True)

    def kernel(self, **more: Any) -> Session:
        up(self.base)
        return Session(self.base, python=self.python, path='direct', **more)


def rss_mb(pid: int) -> float:
    return int(next(x for x in open(f'/proc/{pid}/status') if x.startswith('VmRSS')).split()[1]) / 1024


def lines(n: int) -> bytes:
    return b''.join(b'%099d\n' % i for i in range(n))


def text_of_copy(path: str) -> bytes:
    data, at, out = Path(path).read_bytes(), 0, []
    while at + 20 <= len(data):
        n, kind = RECORD.unpack_from(data, at)[:2]
        if kind == OUT:
            out.append(data[at + 20 : at + 20 + n])
        at += 20 + n
    return b''.join(out)


def reader(w: World, name: str, copy: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, '-c', READER, w.base, name, copy], stderr=subprocess.DEVNULL)


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.01)
    raise TimeoutError


def again(base: str, seconds: float = 5) -> Client:
    """A new connection, whoever serves now."""

    def dial() -> Any:
        try:
            return Client(base)
        except (OSError, EOFError):
            return None

    return wait_for(dial, seconds)


def size_of(c: Client, name: str) -> int:
    return c.call('journal', name=name, last=0)['size']


def done(c: Client, name: str) -> bool:
    return c.call('journal', name=name)['executions'][-1]['state'] == 'done'


# ---------------------------------------------------------------------------------------------------------------------


def start_up(w: World) -> None:
    times = []
    for _ in range(7):
        base = w.new_base()
        t = time.perf_counter()
        up(base)
        times.append((time.perf_counter() - t) * 1000)
    c = Client(base)
    pid = c.about['pid']
    print(f'     supervisor up from nothing: {", ".join(f"{t:.0f}" for t in sorted(times))} ms; RSS {rss_mb(pid):.1f} MB')
    w.check('the outpost is up within 100 ms (times how busy the machine is)', sorted(times)[1] < 100 * slowness(), times)


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


def slow_client(w: World) -> None:
    s = w.kernel()
    slow = Client(w.base)
    slow.gives_credit = False
    slow.open(s.name, since=0)
    pid = s.client.about['pid']
    before, t = rss_mb(pid), time.perf_counter()
    cell, got, total = s.execute("s='x'*99+'\\n'\ns*=10000\nimport sys\nfor i in range(300): sys.stdout.write(s)"), 0, 300 * 10**6
    for r in s.client.records(timeout=90):
        if r.kind == OUT:
            got += len(r.payload)
        elif r.kind == IOPUB and r.flags & 2 and cell.encode() in r.payload:
            break
    dt, after = time.perf_counter() - t, rss_mb(pid)
    w.check(f'a fast client beside a stalled one gets all 300 MB ({dt:.2f} s)', got == total, got)
    w.check(f'the supervisor stays small ({before:.1f} -> {after:.1f} MB)', after < before + 2, (before, after))
    while slow.fill(0.3):
        pass
    w.check('the stalled one was sent its window and no more', slow.streams[1].next <= 4 << 20, slow.streams[1].next)
    slow.gives_credit = True
    slow.streams[1].credited = 0
    slow.send(CREDIT, stream=1, seq=slow.streams[1].next)
    t, got = time.perf_counter(), 0
    for r in slow.records(timeout=60):
        if r.kind == OUT:
            got += len(r.payload)
            if got >= total:
                break
    w.check(f'later it catches up ({time.perf_counter() - t:.2f} s)', got == total, got)
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


def gil(w: World) -> None:
    s = w.kernel()
    t, got = time.perf_counter(), 0
    cell = s.execute("import ctypes\nb=b'z'*(8<<20)\nctypes.PyDLL(None).write(1,b,len(b))")
    for r in s.client.records(timeout=30):
        if r.kind == OUT:
            got += r.payload.count(b'z')
        elif r.kind == IOPUB and r.flags & 2 and cell.encode() in r.payload:
            break
    w.check(f'C code prints 8 MB and holds the GIL: all there ({time.perf_counter() - t:.1f} s)', got == 8 << 20, got)
    s.kill()


def forks(w: World) -> None:
    s = w.kernel(segmentBytes=1 << 20)
    code = """
import multiprocessing as mp
def w(k):
    for i in range(20000): print('%d %090d' % (k, i))
ps = [mp.get_context('fork').Process(target=w, args=(k,)) for k in range(3)]
for p in ps: p.start()
for i in range(20000): print('%d %090d' % (9, i))
for p in ps: p.join()
"""
    cell = s.execute(code)
    o = s.take(cell, timeout=60)
    found = o.text().split('\n')
    ok = all([x for x in found if x.startswith(f'{k} ')] == ['%d %090d' % (k, i) for i in range(20000)] for k in (0, 1, 2, 9))
    w.check(
        'three forks and their parent write one segmented log: every line whole, in order', ok and len(found) == 80001, len(found)
    )
    s.kill()


def full_disk(w: World) -> None:
    base = w.new_base()
    if (
        os.getuid() != 0
        or subprocess.run(
            ['mount', '-t', 'tmpfs', '-o', 'size=12m,mode=700', 'tmpfs', base], stderr=subprocess.DEVNULL
        ).returncode
    ):
        print('     (a full disk needs root and tmpfs: not tried)')
        return
    try:
        up(base)
        s = Session(base, python=w.python, path='direct')
        cell = s.execute("for i in range(300000): print('%099d'%i)")
        e = s.client.event('blocked', 20, name=s.name)
        w.check('a full disk is told', e['why'] == 'disk' and e['freeBytes'] < 1 << 20, e)
        subprocess.run(['mount', '-o', 'remount,size=200m', base], check=True)
        digest, n = hashlib.sha256(), 0
        for r in s.client.records(timeout=60):
            if r.kind == OUT:
                n += len(r.payload)
                digest.update(r.payload)
            elif r.kind == IOPUB and r.flags & 2 and cell.encode() in r.payload:
                break
        w.check(
            'and when there is room again nothing is missing',
            n == 300000 * 100 and digest.digest() == hashlib.sha256(lines(300000)).digest(),
            n,
        )
        s.client.event('unblocked', 5, name=s.name)
        s.kill()
        s.client.call('shutdown', force=True)
        wait_for(lambda: not os.path.exists(base + '/sock'), 8)
    finally:
        subprocess.run(['umount', '-l', base], check=False)


def follows(w: World) -> None:
    up(w.base)
    c = Client(w.base)
    path = w.base + '/app.log'
    first = c.follow(path, 5)
    w.check('a file that is not there yet can be followed', first['inode'] is None, first)
    s = c.streams[5]

    def read(until: Callable[[], bool]) -> None:
        end = time.monotonic() + 5
        while not until() and time.monotonic() < end:
            c.fill(0.2)

    Path(path).write_bytes(b'one\n')
    read(lambda: bytes(s.buffer) == b'one\n')
    with open(path, 'ab') as f:
        f.write(b'two\n')
    read(lambda: bytes(s.buffer) == b'one\ntwo\n')
    w.check(
        'it appears and grows',
        bytes(s.buffer) == b'one\ntwo\n' and [m['what'] for m in s.marks] == ['appeared'],
        (s.buffer, s.marks),
    )
    inode = s.marks[0]['inode']
    c.call('close', stream=5)
    with open(path, 'ab') as f:
        f.write(b'three\n')
    os.rename(path, path + '.1')
    Path(path).write_bytes(b'four\n')
    c.follow(path, 6, since={'inode': inode, 'offset': 8})
    s = c.streams[6]
    read(lambda: bytes(s.buffer) == b'three\nfour\n')
    w.check(
        'rotated while nobody looked: the rest of the old file, a mark, the new one',
        bytes(s.buffer) == b'three\nfour\n' and [m['what'] for m in s.marks] == ['rotated'] and s.marks[0]['position'] == 6,
        (s.buffer, s.marks),
    )
    Path(path).write_bytes(b'x\n')
    read(lambda: len(s.marks) > 1 and s.buffer.endswith(b'x\n'))
    w.check('truncation is a mark', s.marks[-1]['what'] == 'truncated' and s.buffer.endswith(b'x\n'), (s.buffer, s.marks))
    for bad, code in (('/', 'follow.not-file'), ('relative', 'call.invalid')):
        try:
            c.follow(bad, 7)
            w.check(f'following {bad} is refused', False)
        except Refused as error:
            w.check(f'following {bad} is refused', error.code == code, error)


def life(w: World) -> None:
    base = w.new_base()
    up(base)
    a = Client(base, epoch=1)
    b = Client(base, epoch=2)
    w.check('a newer engine replaces an older', a.event('replaced')['epoch'] == 2)
    try:
        Client(base, epoch=1)
        w.check('the older one is refused then', False)
    except Refused as error:
        w.check('the older one is refused then', error.code == 'outpost.replaced', error)
    b.call('start', name='one', kind='process', argv=['/bin/sleep', '2'])
    b.call('linger', seconds=0.3)
    b.close()
    time.sleep(0.8)
    w.check('it does not end while something runs', os.path.exists(base + '/sock'))
    wait_for(lambda: not os.path.exists(base + '/sock'), 8)
    w.check('it ends by itself when nothing runs and nobody asks', True)
    os.chmod(base, 0o755)
    found = subprocess.run([*COMMAND, 'up', base], capture_output=True, text=True)
    w.check('a folder open to others is refused', found.returncode != 0 and 'chmod 700' in found.stderr, found)
    os.chmod(base, 0o700)
    found = subprocess.run([*COMMAND, 'up', '/tmp/' + 'x' * 90], capture_output=True, text=True)
    w.check('a folder with too long a name is refused', found.returncode != 0 and 'longer' in found.stderr, found)


def zipped(w: World) -> None:
    """The whole program as one file."""
    import zipapp

    base = w.new_base()
    archive = base + '/outpost.pyz'
    zipapp.create_archive(COMMAND[-1], archive)
    found = subprocess.run([sys.executable, '-I', '-S', archive, 'up', base], capture_output=True, text=True)
    s = Session(base, python=w.python, path='direct')
    _, o = s.run('6*7')
    w.check('the program runs as a zipapp', o.result() == '42', (found, o))
    b = Session(base, python=w.python, path='bridge')
    _, o = b.run('6*7')
    w.check('the bridge runs from a zipapp', o.result() == '42', o)
    s.client.call('shutdown', force=True)


PARTS = [
    start_up,
    life,
    zipped,
    follows,
    killed_client,
    slow_client,
    killed_supervisor,
    killed_keeper,
    killed_kernel,
    torn_tail,
    process,
    gil,
    forks,
    full_disk,
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
