"""Reaching an outpost: `up` starts it if it is not there, `attach` makes stdio the stream of PROTOCOL.md §1."""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import time
from typing import Optional

from . import places

UP_SECONDS = 10.0


def dial(base: str) -> Optional[socket.socket]:
    s = socket.socket(socket.AF_UNIX)
    try:
        s.connect(os.path.join(base, 'sock'))
        return s
    except OSError:
        s.close()
        return None


def up(base: str) -> socket.socket:
    """A connection to the outpost of BASE, started detached if need be."""
    places.prepare_base(base)
    s = dial(base)
    if s is not None:
        return s
    if not os.fork():
        os.setsid()
        if os.fork():
            os._exit(0)
        log = os.open(os.path.join(base, 'outpost.log'), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        for ours, theirs in ((null, 0), (log, 1), (log, 2)):
            os.dup2(ours, theirs)
        os.closerange(3, 256)
        os.chdir('/')
        if sys.flags.isolated and sys.flags.no_site:  # this interpreter is as bare as the one we would start: save the start
            from .keeper import keep

            try:
                keep(base)
            finally:
                os._exit(0)
        argv = places.host_argv(places.own_python(), 'keep', base)
        os.execv(argv[0], argv)
    os.wait()
    end = time.monotonic() + UP_SECONDS
    while time.monotonic() < end:
        s = dial(base)
        if s is not None:
            return s
        time.sleep(0.002)
    raise SystemExit(f'The outpost does not come up. Its own words are in {base}/outpost.log')


def peer_pid(s: socket.socket) -> Optional[int]:
    if not hasattr(socket, 'SO_PEERCRED'):
        return None
    return struct.unpack('3i', s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


def say_up(base: str) -> None:
    s = up(base)
    print(json.dumps({'sock': os.path.join(base, 'sock'), 'pid': peer_pid(s)}), flush=True)


def bridge(s: socket.socket) -> None:
    """stdin to the socket, the socket to stdout, until either ends."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(s, select.POLLIN)
    try:
        while True:
            for fd, _ in poll.poll():
                data = os.read(0, 1 << 18) if fd == 0 else s.recv(1 << 18)
                if not data:
                    return
                if fd == 0:
                    s.sendall(data)
                else:
                    while data:
                        data = data[os.write(1, data) :]
    except (BrokenPipeError, ConnectionResetError):
        return


def attach(base: str) -> None:
    bridge(up(base))
    sys.stderr.flush()
