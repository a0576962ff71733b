// Opening an .ipynb, whatever is in it: read and checked; an older format is converted and a damaged file repaired into a copy with another
// name; what can't be opened is explained with line and column. The file itself is never touched here.
import { constants } from 'node:fs'
import { access, open, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { type Problem, problem } from '../contract/problem.ts'
import { type ReadNotebook, readIpynb } from './ipynb/ipynb-read.ts'
import { repaired } from './ipynb/repair.ts'

/** One gigabyte: a notebook is kept in memory as bytes (not as objects) while it is open. */
export const LARGEST_NOTEBOOK_BYTES = 1_073_741_824

export type FileStamp = {
  readonly dev: number
  readonly ino: number
  /** Stays when a file is renamed, and tells a new file from the deleted one whose inode it was given. */
  readonly birthNs: bigint
  readonly sizeBytes: number
  readonly mtimeNs: bigint
}

export type LoadedFile = {
  /** Where it will be saved: the file itself, or the name of the copy. */
  readonly path: string
  readonly original?: string
  readonly bytes: Buffer
  readonly read: ReadNotebook
  readonly stamp: FileStamp | undefined
  readonly remarks: readonly Problem[]
  /** Why it can't be saved in its place. */
  readonly readOnly: string | undefined
}

/** `name`: unique per open file (its id). `ids`: what an earlier session called the cells of exactly these bytes. */
export async function loadFile(
  path: string,
  name: string,
  ids?: (bytes: Buffer) => Promise<readonly string[]>,
): Promise<LoadedFile> {
  const { bytes, stamp } = await readWhole(path)
  const known = await ids?.(bytes)
  const outcome = repaired(bytes, (file) => readIpynb(file, name, file === bytes ? (known ?? []) : []), basename(path))
  const copy = outcome.kind === 'same' ? undefined : await freeName(path, outcome.kind)
  const remarks = [...outcome.remarks]
  if (copy !== undefined) {
    const [first, ...rest] = remarks
    const hint = `${basename(path)} is left as it is; this copy is saved as ${basename(copy)} when you change or save it.`
    if (first !== undefined)
      remarks.splice(0, remarks.length, { ...first, hint: first.hint === undefined ? hint : `${first.hint} ${hint}` }, ...rest)
  }
  const readOnly = await whyReadOnly(copy ?? path, copy === undefined)
  if (readOnly !== undefined) {
    remarks.push({
      code: 'denied',
      message: readOnly,
      hint: 'Your changes are kept in Updraft; use "Save as" to write them elsewhere.',
      where: `notebook:${basename(path)}`,
    })
  }
  return {
    path: copy ?? path,
    ...(copy === undefined ? {} : { original: path }),
    bytes: outcome.bytes,
    read: outcome.read,
    stamp: copy === undefined ? stamp : undefined,
    remarks,
    readOnly,
  }
}

/** The bytes of a file and what it was when they were read. Throws Problems. */
export async function readWhole(path: string): Promise<{ bytes: Buffer; stamp: FileStamp }> {
  const where = { where: `notebook:${basename(path)}` }
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
      throw problem('missing', `${path} does not exist.`, { hint: 'Look for it in the file tree.', ...where })
    if (error.code === 'ELOOP') throw problem('invalid', `${path} is a symbolic link that leads back to itself.`, where)
    throw problem('denied', `${path} can't be read (${error.code ?? error.message}).`, {
      hint: 'Ask for the right to read it, or copy it elsewhere.',
      ...where,
    })
  })
  try {
    const found = await file.stat({ bigint: true })
    if (found.isDirectory())
      throw problem('invalid', `${path} is a folder, not a notebook.`, { hint: 'Open a file inside it.', ...where })
    if (!found.isFile()) throw problem('invalid', `${path} is not a regular file.`, where)
    const size = Number(found.size)
    if (size > LARGEST_NOTEBOOK_BYTES) {
      throw problem(
        'full',
        `${basename(path)} is ${gigabytes(size)}; Updraft opens notebooks up to ${gigabytes(LARGEST_NOTEBOOK_BYTES)}.`,
        {
          hint: 'The file was not touched. Nearly all of such a file is outputs: `jupyter nbconvert --clear-output --to notebook` makes a copy without them.',
          ...where,
        },
      )
    }
    const bytes = Buffer.allocUnsafe(size)
    let at = 0
    while (at < size) {
      const { bytesRead } = await file.read(bytes, at, Math.min(size - at, 64 << 20), at)
      if (bytesRead === 0) break
      at += bytesRead
    }
    return {
      bytes: bytes.subarray(0, at),
      stamp: {
        dev: Number(found.dev),
        ino: Number(found.ino),
        birthNs: found.birthtimeNs,
        sizeBytes: size,
        mtimeNs: found.mtimeNs,
      },
    }
  } finally {
    await file.close()
  }
}

export async function stampOf(path: string): Promise<FileStamp | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return (
    found && {
      dev: Number(found.dev),
      ino: Number(found.ino),
      birthNs: found.birthtimeNs,
      sizeBytes: Number(found.size),
      mtimeNs: found.mtimeNs,
    }
  )
}
export const sameStamp = (a: FileStamp | undefined, b: FileStamp | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.dev === b.dev &&
    a.ino === b.ino &&
    a.sizeBytes === b.sizeBytes &&
    a.mtimeNs === b.mtimeNs)

const gigabytes = (bytes: number): string => `${(bytes / 1_073_741_824).toFixed(bytes % 1_073_741_824 === 0 ? 0 : 1)} GB`

/** A name beside the file that nothing has yet: `x (repaired).ipynb`, `x (repaired 2).ipynb`, … */
async function freeName(path: string, kind: 'repaired' | 'converted'): Promise<string> {
  const extension = extname(path)
  const stem = join(dirname(path), basename(path, extension))
  for (let n = 1; ; n++) {
    const name = `${stem} (${kind}${n === 1 ? '' : ` ${n}`})${extension}`
    if ((await stat(name).catch(() => undefined)) === undefined) return name
  }
}

async function whyReadOnly(path: string, exists: boolean): Promise<string | undefined> {
  const target = await realpath(path).catch(() => path)
  const can = (what: string): Promise<boolean> =>
    access(what, constants.W_OK).then(
      () => true,
      () => false,
    )
  if (exists && !(await can(target))) return `${basename(path)} is read-only.`
  // A file is replaced by renaming a new one over it, so that a crash leaves it whole: that needs the folder.
  if (!(await can(dirname(target)))) return `The folder of ${basename(path)} is read-only, so the notebook can't be saved there.`
  return undefined
}
