// Writes a file so that a crash leaves the old one or the new one, whole: temp file beside it, fsync, rename, fsync of the folder.
// Keeps mode and owner; follows a symbolic link to the file it names. ENOSPC and EROFS come out as they are: the caller says what is safe.
import { randomBytes } from 'node:crypto'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export type AtomicOptions = { readonly mode?: number }

/** Is this the name of a file that is being written here? Trees and searches leave them out: they live for milliseconds. */
export const isTempName = (name: string): boolean => /^\..+\.[0-9a-f]{8}\.tmp$/.test(name)

/** `content`: one chunk or many (written in turn, so that a 200 MB notebook never is one string). */
export async function writeAtomic(
  path: string,
  content: string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  options: AtomicOptions = {},
): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const before = await stat(target).catch(() => undefined)
  const temp = join(dirname(target), `.${basename(target).slice(0, 100)}.${randomBytes(4).toString('hex')}.tmp`)
  const file = await open(temp, 'wx', options.mode ?? (before ? before.mode & 0o7777 : 0o644))
  try {
    // open() masks the mode by umask; an existing file keeps exactly its own.
    if (before) {
      // Somebody else's file (root edits a user's, a group's folder) stays theirs where that is allowed. Before chmod: it clears setuid.
      await file.chown(before.uid, before.gid).catch(() => undefined)
      await file.chmod(before.mode & 0o7777)
    }
    const chunks = typeof content === 'string' || content instanceof Uint8Array ? [content] : content
    for await (const chunk of chunks) await file.appendFile(chunk)
    await file.sync()
    await file.close()
    await rename(temp, target)
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(temp, { force: true })
    throw error
  }
  await syncFolder(dirname(target))
}

/** Makes a rename durable. Not every file system lets a folder be fsynced; then there is nothing more to do. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch {}
}
