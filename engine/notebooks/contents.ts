// Where the long outputs of notebooks lie: blobs and spools of the engine, and the open files themselves. Joins the open notebooks with the
// engine's stores: what the document only names can be fetched, read by line, searched and saved.
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobStore } from '../live/blob-store.ts'
import { LineFile, type LogSource } from '../live/line-file.ts'
import type { LogsRoom } from '../live/logs-room.ts'
import type { SpoolStore } from '../live/spool-store.ts'
import type { FindLog } from './find-in-notebook.ts'
import type { OutputStore } from './ipynb/outputs-write.ts'
import { parseJournal } from './journal.ts'
import type { OpenNotebooks } from './open-notebooks.ts'

export type ContentsOptions = {
  readonly blobs: BlobStore
  readonly spools: SpoolStore
  /** For texts of files while a window reads them; may be emptied when the engine starts. */
  readonly cacheFolder: string
}

/** What saving needs. `notebooks` is asked late: the two know each other. */
export function outputStore({ blobs, spools }: ContentsOptions, notebooks: () => OpenNotebooks): OutputStore {
  return {
    blob: async (hash) => notebooks().blob(hash) ?? blobs.get(hash),
    log: async (id, from, to) => {
      const [kind, name] = split(id)
      if (kind === 'notebook') return notebooks().logText(name)?.subarray(from, to)
      const spool = kind === 'run' ? await spools.find(name) : undefined
      if (spool === undefined) return undefined
      await spool.flush()
      return readPart(spool.file, from, to)
    },
  }
}

/** Lets windows read what came with a file, as they read what a kernel printed. Answers how `find` opens any log. */
export function provideContents(options: ContentsOptions, notebooks: OpenNotebooks, logs: Pick<LogsRoom, 'provide'>): FindLog {
  const { blobs, spools, cacheFolder } = options
  blobs.provides((hash) => notebooks.blob(hash))
  const fileText = async (name: string): Promise<LogSource | undefined> => {
    const text = notebooks.logText(name)
    return text === undefined ? undefined : textLog(text, cacheFolder)
  }
  logs.provide('notebook', fileText)
  return async (id) => {
    const [kind, name] = split(id)
    if (kind === 'notebook') return fileText(name)
    const spool = kind === 'run' ? await spools.find(name) : undefined
    // The spool belongs to its writer: whoever searches it closes nothing.
    return (
      spool && {
        title: spool.title,
        bytes: spool.bytes,
        lines: spool.lines,
        ended: spool.ended,
        read: spool.read.bind(spool),
        search: spool.search.bind(spool),
        listen: () => () => undefined,
        close: async () => undefined,
      }
    )
  }
}

/** Spools that a notebook's file holds only in part, of open and closed notebooks: they must not be removed. */
export async function spoolsInUse(folder: string): Promise<string[]> {
  const names: string[] = []
  for (const id of await readdir(folder).catch(() => [])) {
    const journal = await readFile(join(folder, id, 'journal.jsonl')).catch(() => undefined)
    if (journal === undefined) continue
    const text = JSON.stringify(parseJournal(journal).entries)
    for (const match of text.matchAll(/"id":"run:([A-Za-z0-9._-]+)"/g)) names.push(match[1] as string)
  }
  return names
}

const split = (id: string): [kind: string, name: string] => {
  const cut = id.indexOf(':')
  return cut === -1 ? [id, ''] : [id.slice(0, cut), id.slice(cut + 1)]
}

async function readPart(file: string, from: number, to: number): Promise<Uint8Array> {
  const handle = await open(file, 'r')
  try {
    const bytes = Buffer.allocUnsafe(Math.max(0, to - from))
    let at = 0
    while (at < bytes.length) {
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, from + at)
      if (bytesRead === 0) break
      at += bytesRead
    }
    return bytes.subarray(0, at)
  } finally {
    await handle.close()
  }
}

/** A text as a log: written to a file once, so that reading and searching it take no memory and no turn of the engine. */
async function textLog(text: Uint8Array, cacheFolder: string): Promise<LogSource> {
  await mkdir(cacheFolder, { recursive: true, mode: 0o700 })
  const name = createHash('sha1').update(text.subarray(0, 65_536)).digest('hex').slice(0, 12)
  const file = join(cacheFolder, `${name}-${randomBytes(4).toString('hex')}.txt`)
  await writeFile(file, text, { mode: 0o600 })
  const log = await LineFile.open(file, 'Output')
  return {
    title: log.title,
    bytes: log.bytes,
    lines: log.lines,
    ended: true,
    read: log.read.bind(log),
    search: log.search.bind(log),
    listen: () => () => undefined,
    close: async () => {
      await log.close()
      await rm(file, { force: true })
    },
  }
}
