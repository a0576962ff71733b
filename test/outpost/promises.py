"""What else the outpost promises: its life, following files, slow readers, C code and forks, full disks and full memory."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

from client import COMMAND, CREDIT, IOPUB, OUT, Client, Refused, up
from session import Session, slowness
from world import World, lines, rss_mb, wait_for


def start_up(w: World) -> None:
    before, times = slowness(), []
    for _ in range(7):
        base = w.new_base()
        t = time.perf_counter()
        up(base)
        times.append((time.perf_counter() - t) * 1000)
    c = Client(base)
    pid = c.about['pid']
    print(f'     supervisor up from nothing: {", ".join(f"{t:.0f}" for t in sorted(times))} ms; RSS {rss_mb(pid):.1f} MB')
    limit = 100 * (before + slowness()) / 2
    w.check(f'the outpost is up within {limit:.0f} ms (100 times how busy the machine is)', sorted(times)[1] < limit, times)


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


def gil(w: World) -> None:
    s = w.kernel()
    s.run('import ctypes')  # so that the next cell holds the GIL before its first doorbell
    t, got = time.perf_counter(), 0
    cell = s.execute("b=b'z'*(8<<20)\nctypes.PyDLL(None).write(1,b,len(b))")
    for r in s.client.records(timeout=60):
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


def out_of_memory(w: World) -> None:
    """A real one, in a control group of its own: needs root and a writable cgroup."""
    v1, v2 = Path('/sys/fs/cgroup/memory'), Path('/sys/fs/cgroup')
    root, limit = (v1, 'memory.limit_in_bytes') if v1.is_dir() else (v2, 'memory.max')
    group = root / f'outpost-test-{os.getpid()}'
    s = w.kernel()
    try:
        group.mkdir()
        (group / limit).write_text(str(300 << 20))
        (group / 'cgroup.procs').write_text(str(s.ready['pid']))
    except OSError:
        print('     (running out of memory needs a control group: not tried)')
        return s.kill()
    try:
        s.execute("x=[b'x'*(50<<20) for _ in range(40)]")
        e = s.client.event('exit', 60, name=s.name)['exit']
        w.check('a kernel that ran out of memory says so', e['oom'] and 'memory ran out' in e['message'], e)
    finally:
        for _ in range(100):
            try:
                group.rmdir()
                break
            except OSError:
                time.sleep(0.02)
