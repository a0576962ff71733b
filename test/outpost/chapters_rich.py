"""Rich things: plots, widgets, the debugger, magics, a working folder with hostile names."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from session import Session
from suite import World, chapter


@chapter('matplotlib')
def matplotlib(w: World) -> None:
    _, o = w.s.run('import matplotlib.pyplot as plt\nplt.plot([1,2]); plt.show()\nplt.plot([3])', timeout=60)
    if o.ename() == 'ModuleNotFoundError':
        return w.skipped.append('matplotlib')
    w.check('matplotlib inline', len([x for x in o.get('display_data') if 'image/png' in x['data']]) == 2, o)


@chapter('widgets')
def widgets(w: World) -> None:
    s = w.s
    _, o = s.run("import asyncio, ipywidgets as w\ns=w.IntSlider(description='q'); display(s)", timeout=60)
    if o.ename() == 'ModuleNotFoundError':
        return w.skipped.append('ipywidgets')
    opened = [c for c in o.get('comm_open')]
    w.check(
        'a widget opens comms',
        len(opened) >= 3 and any('application/vnd.jupyter.widget-view+json' in x['data'] for x in o.get('display_data')),
        o.kinds(),
    )
    comm = [x['comm_id'] for x in opened if x['data']['state'].get('_model_name') == 'IntSliderModel'][0]
    cell = s.comm(comm, {'method': 'update', 'state': {'value': 42}, 'buffer_paths': []})
    s.take(cell)
    _, o = s.run('s.value')
    w.check('a widget gets values', o.result() == '42', o)
    _, o = s.run("im=w.Image(value=b'abc'*10); display(im)")
    w.check('binary buffers go out', any(p.message['buffers'] == [b'abc' * 10] for p in o if p.kind == 'comm_open'), o.kinds())
    comm_im = [p.content['comm_id'] for p in o if p.kind == 'comm_open' and p.message['buffers']][0]
    cell = s.comm(comm_im, {'method': 'update', 'state': {}, 'buffer_paths': [['value']]}, buffers=[b'xyz' * 5])
    s.take(cell)
    _, o = s.run('bytes(im.value)')
    w.check('binary buffers come in', o.result() == repr(b'xyz' * 5), o)
    if not w.direct and s.ready.get('ipykernel', '7').startswith('6'):
        return
    code = "async def wait():\n    f=asyncio.get_running_loop().create_future()\n    s.observe(lambda c: f.set_result(c['new']) if not f.done() else 0,'value')\n    return await f\nprint(await wait())"
    if not w.direct:
        return  # stock queues the message behind the cell
    cell = s.execute(code)
    time.sleep(0.2)
    s.comm(comm, {'method': 'update', 'state': {'value': 43}, 'buffer_paths': []})
    o = s.take(cell, timeout=6)
    w.check("an awaiting cell gets a widget's value", o.text() == '43\n', o)


class Dap:
    def __init__(self, s: Session) -> None:
        self.s, self.seq = s, 0

    def send(self, command: str, **arguments: Any) -> None:
        self.seq += 1
        self.s.client.request(
            'debug_request',
            {'type': 'request', 'seq': self.seq, 'command': command, 'arguments': arguments},
            channel=2,
            stream=self.s.stream,
        )

    def ask(self, command: str, **arguments: Any) -> Any:
        self.send(command, **arguments)
        return self.s.take(until='debug_reply', timeout=20).get('debug_reply')[0]


@chapter('debugger')
def debugger(w: World) -> None:
    w.s.kill()
    s = w.fresh()
    dap = Dap(s)
    dap.ask('debugInfo')
    r = dap.ask('initialize', clientID='u', adapterID='', pathFormat='path', linesStartAt1=True, columnsStartAt1=True)
    w.check('debugger: initialize', r.get('success'), r)
    r = dap.ask('attach')
    w.check('debugger: attach', r.get('success'), r)
    code = 'def q(a):\n    b = a + 1\n    return b\nq(41)'
    path = dap.ask('dumpCell', code=code)['body']['sourcePath']
    r = dap.ask('setBreakpoints', source={'path': path}, breakpoints=[{'line': 3}], sourceModified=False)
    w.check('debugger: breakpoint', r['success'] and r['body']['breakpoints'][0]['verified'], r)
    dap.ask('configurationDone')
    cell = s.execute(code)
    event = s.take(until='debug_event', timeout=10).get('debug_event')[-1]
    while event['event'] != 'stopped':
        event = s.take(until='debug_event', timeout=10).get('debug_event')[-1]
    w.check('debugger: stopped', event['event'] == 'stopped', event)
    thread = event['body']['threadId']
    frames = dap.ask('stackTrace', threadId=thread)['body']['stackFrames']
    scopes = dap.ask('scopes', frameId=frames[0]['id'])['body']['scopes']
    found = dap.ask('variables', variablesReference=scopes[0]['variablesReference'])['body']['variables']
    w.check('debugger: variables', {x['name']: x['value'] for x in found}.get('b') == '42', found)
    dap.send('continue', threadId=thread)
    o = s.take(cell, timeout=10)
    w.check('debugger: continues', o.result() == '42', o.kinds())
    dap.ask('disconnect', restart=False, terminateDebuggee=False)
    _, o = s.run('%timeit -n1 -r1 pass', timeout=30)
    w.check('magics after debugging', 'loop' in o.text(), o)


@chapter('folder')
def folder(w: World) -> None:
    place = Path(w.folder) / 'hostile'
    place.mkdir(exist_ok=True)
    for name in ('types', 'random', 'selectors', 'json', 'queue', 'logging'):
        (place / f'{name}.py').write_text("raise RuntimeError('the working folder was imported')\n")
    (place / 'mine.py').write_text('value = 7\n')
    s = Session(w.base, python=w.python, path=w.path, cwd=str(place))
    _, o = s.run('import mine, os; mine.value, os.getcwd()')
    w.check('a working folder with types.py and random.py does no harm', o.result() == f"(7, '{place}')", o)
    _, o = s.run('import random, queue; random.random() < 1')
    w.check('the standard library comes first, as in Jupyter', o.result() == 'True', o)
    s.kill()
