// `updraft diagnose`: gathers what helps to find a fault, shows it, and writes it to a folder. Nothing is sent anywhere.
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { runningEngine } from './cli-engine.ts'
import { connectEngine } from './client.ts'
import { diagnose } from './serve/diagnose.ts'
import { foldersFor } from './support/folders.ts'
import { redact } from './support/redact.ts'

type Files = readonly { readonly name: string; readonly text: string }[]

export async function diagnoseCommand(output: string | undefined, show: (text: string) => void): Promise<string> {
  const files = await gather()
  for (const { name, text } of files)
    show(`--- ${name} (${Buffer.byteLength(text).toLocaleString('en-US')} bytes)\n${excerpt(text)}\n`)
  const folder = resolve(output ?? `updraft-diagnose-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}`)
  await mkdir(folder, { recursive: true })
  for (const { name, text } of files) await writeFile(join(folder, name), text, { mode: 0o600 })
  return folder
}

async function gather(): Promise<Files> {
  const found = await runningEngine().catch(() => undefined)
  if (found !== undefined) {
    const link = connectEngine(runningEngine, 'updraft diagnose')
    try {
      return (await link.call('engine.diagnose', null, AbortSignal.timeout(15_000))).files
    } catch (error) {
      return [{ name: 'engine-does-not-answer.txt', text: redact(String(error)) }, ...(await fromDisk())]
    } finally {
      link.close()
    }
  }
  return fromDisk()
}

/** Without an engine: its log and folders as they lie there. */
const fromDisk = (): Promise<Files> => {
  const folders = foldersFor()
  return diagnose(folders, join(folders.state, 'engine.log'), undefined)
}

const LINES = 15
function excerpt(text: string): string {
  const lines = text.trimEnd().split('\n')
  return lines.length <= LINES
    ? lines.join('\n')
    : [`… ${lines.length - LINES} lines before …`, ...lines.slice(-LINES)].join('\n')
}
