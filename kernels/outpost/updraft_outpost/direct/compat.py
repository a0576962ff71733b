"""The table of ipykernel's internals that the direct path leans on, per minor version. Checked at each start (about 1 ms).

A missing name or another signature means: this ipykernel is not the one we know. Then the kernel takes the bridge, and says why.
Versions newer than the table are taken when everything still fits: the names are what matters, not the number.
"""

from __future__ import annotations

import importlib
from typing import Any, Optional

OLDEST = (6, 29)
KNOWN = ((6, 29), (6, 30), (7, 0), (7, 1), (7, 2), (7, 3), (7, 4))

# module, class, method: the leading parameters without self; None = only that it is there
COMMON: dict[str, Optional[str]] = {
    'jupyter_client.session Session.send': 'stream msg_or_type content parent ident buffers track header metadata',
    'jupyter_client.session Session.msg': 'msg_type content parent header metadata',
    'jupyter_client.session json_packer': None,
    'ipykernel.kernelapp IPKernelApp.init_connection_file': '',
    'ipykernel.kernelapp IPKernelApp.init_poller': '',
    'ipykernel.kernelapp IPKernelApp.init_sockets': '',
    'ipykernel.kernelapp IPKernelApp.init_heartbeat': '',
    'ipykernel.kernelapp IPKernelApp.init_io': '',
    'ipykernel.kernelapp IPKernelApp.init_kernel': '',
    'ipykernel.kernelapp IPKernelApp.log_connection_info': '',
    'ipykernel.kernelapp IPKernelApp.write_connection_file': None,
    'ipykernel.kernelapp IPKernelApp.patch_io': '',
    'ipykernel.kernelapp IPKernelApp.close': '',
    'ipykernel.ipkernel IPythonKernel.start': '',
    'ipykernel.ipkernel IPythonKernel.set_parent': 'ident parent channel',
    'ipykernel.ipkernel IPythonKernel.get_parent': 'channel',
    'ipykernel.ipkernel IPythonKernel._publish_status': 'status channel parent',
    'ipykernel.ipkernel IPythonKernel._input_request': 'prompt ident parent password',
    'ipykernel.ipkernel IPythonKernel._abort_queues': None,
    'ipykernel.ipkernel IPythonKernel.shutdown_request': 'stream ident parent',
    'ipykernel.ipkernel IPythonKernel.do_shutdown': 'restart',
    'ipykernel.ipkernel IPythonKernel.execute_request': 'stream ident parent',
    'ipykernel.ipkernel IPythonKernel.pre_handler_hook': '',
    'ipykernel.ipkernel IPythonKernel.post_handler_hook': '',
    'ipykernel.ipkernel IPythonKernel.record_ports': 'ports',
    'ipykernel.displayhook ZMQDisplayHook.__init__': 'session pub_socket',
    'ipykernel.zmqshell ZMQInteractiveShell.set_parent': 'parent',
}
SEVEN: dict[str, Optional[str]] = {
    'ipykernel.kernelbase Kernel.shell_channel_thread': None,  # do_execute reads its parent_thread for top-level await
    'ipykernel.kernelbase Kernel._supports_kernel_subshells': None,
}
DEBUGGER: dict[str, Optional[str]] = {
    'ipykernel.debugger Debugger.start': '',
    'ipykernel.debugger Debugger.handle_stopped_event': '',
    'ipykernel.debugger Debugger.process_request': 'message',
    'ipykernel.debugger DebugpyClient.get_host_port': '',
    'ipykernel.debugger DebugpyClient.connect_tcp_socket': '',
    'ipykernel.debugger DebugpyClient.disconnect_tcp_socket': '',
    'ipykernel.debugger DebugpyClient.receive_dap_frame': 'frame',
    'ipykernel.debugger DebugpyClient._send_request': 'msg',
}


def version_of(text: str) -> tuple[int, int]:
    parts = text.split('.')
    return int(parts[0]), int(''.join(c for c in parts[1] if c.isdigit()) or 0)


def table(version: tuple[int, int]) -> dict[str, Optional[str]]:
    return {**COMMON, **(SEVEN if version >= (7, 0) else {})}


def find(name: str) -> Any:
    module, path = name.split(' ')
    found: Any = importlib.import_module(module)
    for part in path.split('.'):
        if part.startswith('__') and part != '__init__':
            raise AttributeError(part)
        found = getattr(found, part)
    return found


def differs(wanted: dict[str, Optional[str]]) -> Optional[str]:
    """The first difference in words, or None."""
    for name, parameters in wanted.items():
        where = name.replace(' ', '.')
        try:
            found = find(name)
        except (ImportError, AttributeError):
            return f'{where} is not there'
        if parameters is None:
            continue
        code = getattr(getattr(found, '__wrapped__', found), '__code__', None)
        if code is None:
            return f'{where} is no plain function'
        have = code.co_varnames[1 : code.co_argcount]
        want = tuple(parameters.split())
        if have[: len(want)] != want:
            return f'{where} takes ({", ".join(have)}), not ({", ".join(want)})'
    return None


def why_not_direct() -> Optional[str]:
    """A sentence if the direct path can't be taken with the ipykernel of this interpreter. ImportError if there is none."""
    import ipykernel

    version = version_of(ipykernel.__version__)
    if version < OLDEST:
        return f'ipykernel {ipykernel.__version__} is older than {OLDEST[0]}.{OLDEST[1]}'
    found = differs(table(version))
    return f'ipykernel {ipykernel.__version__} differs from what this Updraft knows: {found}' if found else None


def why_no_debugger() -> Optional[str]:
    return differs(DEBUGGER)
