// Brings an engine onto the wire: identity, lock, port, HTTP and WebSocket, discovery. What is served is the caller's (engine.ts).
import type { Server } from 'node:http'
import { problem } from '../contract/problem.ts'
import type { Service } from '../contract/service.ts'
import type { EngineLog } from '../support/engine-log.ts'
import type { Folders } from '../support/folders.ts'
import { Access } from './access.ts'
import { createHttpServer, type Route } from './http-server.ts'
import { loadIdentity, saveIdentity } from './identity.ts'
import { StaticFiles } from './static-files.ts'
import { WireServer } from './wire-server.ts'

export type ServeOptions = {
  readonly folders: Folders
  readonly log: EngineLog
  readonly version: string
  /** dist/renderer. */
  readonly pageFolder: string
  /** Asked for by the user: taken or refused. Absent: the port of last time, or any that is free. */
  readonly port?: number
}

export type Door = {
  readonly access: Access
  readonly port: number
  /** From here on requests are answered. */
  open(service: Service, routes: readonly Route[], onPeers: (windows: number, programs: number) => void): void
  readonly wires: () => WireServer | undefined
  close(reason: string): Promise<void>
}

/** Listens (so that the port is ours) without answering yet. */
export async function openDoor(options: ServeOptions): Promise<Door> {
  const identity = await loadIdentity(options.folders.state, Date.now())
  const access = new Access(identity, () => Date.now())
  const routes: Route[] = []
  const server = createHttpServer({ access, files: new StaticFiles(options.pageFolder), routes, log: options.log })
  const port = await listen(server, options.port, identity.port)
  access.listensOn(port)
  // Best effort: without it a restarted engine only has another port.
  if (identity.port !== port && options.port === undefined)
    await saveIdentity(options.folders.state, { ...identity, port }).catch(() => undefined)
  let wires: WireServer | undefined
  return {
    access,
    port,
    wires: () => wires,
    open(service, added, onPeers) {
      routes.push(...added)
      wires = new WireServer({ server, access, service, name: `updraft ${options.version}`, log: options.log, onPeers })
    },
    async close(reason) {
      wires?.close(reason)
      server.closeIdleConnections()
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => server.closeAllConnections(), 500)
        server.close(() => {
          clearTimeout(force)
          resolve()
        })
      })
    },
  }
}

async function listen(server: Server, asked: number | undefined, last: number | undefined): Promise<number> {
  const tries = asked !== undefined ? [asked] : last !== undefined ? [last, 0] : [0]
  for (const port of tries) {
    const error = await tryListen(server, port)
    if (error === undefined) {
      const address = server.address()
      return typeof address === 'object' && address !== null ? address.port : port
    }
    if (asked === undefined && error.code === 'EADDRINUSE') continue
    if (error.code === 'EADDRINUSE') {
      throw problem('busy', `Port ${port} is in use by another program.`, {
        hint: 'Nothing was started. Leave --port out to take any free port, or name another.',
        where: `port:${port}`,
      })
    }
    if (error.code === 'EACCES')
      throw problem('denied', `Port ${port} may not be used by this user.`, {
        hint: 'Nothing was started. Ports above 1023 are free to use; leave --port out to take any.',
        where: `port:${port}`,
      })
    throw error
  }
  throw problem('busy', 'No free port was found on 127.0.0.1.', {
    hint: 'Nothing was started. Close programs that listen, then try again.',
  })
}

function tryListen(server: Server, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error)
    server.once('error', failed)
    // Loopback by number: a name could resolve to more than this machine.
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      server.removeListener('error', failed)
      resolve(undefined)
    })
  })
}
