// The golden list of the wire: every call and every feed, and the room that answers it. A change here is a change of the API: it should be meant.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createEngine } from './engine.ts'
import { callOwners, feedOwners } from './serve/api-owners.ts'
import { joinRooms, type Offers } from './serve/join-rooms.ts'
import { engineLog } from './support/engine-log.ts'
import { foldersFor, makeFolders } from './support/folders.ts'

test('every call and feed of the contract has exactly one answer', async () => {
  const home = mkdtempSync(join(tmpdir(), 'golden-'))
  const folders = foldersFor({ UPDRAFT_HOME: home })
  await makeFolders(folders)
  // A Python that is not there: nothing is started, which is all this test wants.
  const env = { PATH: process.env['PATH'], UPDRAFT_BASE_PYTHON: join(home, 'no-python') }
  const engine = await createEngine({
    folders,
    log: engineLog(folders.state),
    version: '0',
    programFolder: home,
    env,
    sendBytes: () => false,
    signInUrl: () => '',
    stop: () => {},
  })
  try {
    expect({ calls: byRoom(engine.calls), feeds: byRoom(engine.feeds) }).toMatchInlineSnapshot(`
      {
        "calls": {
          "engine": "engine.diagnose engine.open-example engine.sign-in engine.stop",
          "environments": "environments.add environments.install-kernel environments.refresh",
          "logs": "logs.read logs.search",
          "notebooks": "notebook.answer-input notebook.choose-environment notebook.clear-outputs notebook.close notebook.complete notebook.create notebook.edit notebook.find notebook.inspect notebook.interrupt notebook.open notebook.redo notebook.replace notebook.restart notebook.run notebook.save notebook.save-as notebook.seen-away notebook.shutdown notebook.undo",
          "notices": "notices.cancel notices.dismiss",
          "ray": "ray.adopt ray.restart ray.start ray.stop",
          "sessions": "sessions.stop",
          "settings": "keybindings.remove keybindings.set settings.reset settings.set",
          "terminals": "terminals.attach terminals.close terminals.detach terminals.open terminals.resize terminals.seen terminals.write",
          "workspace": "files.browse files.create files.delete files.edit files.find files.rename files.restore files.save files.search workspace.open workspace.remember-layout workspace.trust",
        },
        "feeds": {
          "engine": "engine",
          "environments": "environments",
          "logs": "log",
          "notebooks": "notebook",
          "notices": "notices",
          "ray": "host ray",
          "sessions": "sessions",
          "settings": "settings",
          "tables": "table",
          "terminals": "terminals",
          "workspace": "file folder workspace",
        },
      }
    `)
  } finally {
    await engine.close()
    rmSync(home, { recursive: true, force: true })
  }
})

test('rooms that do not offer what the list says are refused at the start', () => {
  const none = { answers: {}, sources: {} }
  const names = [...new Set([...Object.values(callOwners), ...Object.values(feedOwners)])]
  const rooms = (more: object) => ({ ...Object.fromEntries(names.map((name) => [name, none])), ...more }) as Offers
  const join = (more: object) => () => joinRooms(rooms(more))
  expect(join({})).toThrow(/^No room answers the calls "engine\.diagnose" \(engine\), /)
  expect(join({ logs: { answers: { 'ray.stop': async () => null }, sources: {} } })).toThrow(
    'The call "ray.stop" is offered by "logs" and belongs to "ray"',
  )
  expect(join({ ray: { answers: { 'ray.fly': async () => null }, sources: {} } })).toThrow(
    '"ray.fly", which has no line in api-owners.ts',
  )
})

function byRoom(owners: Readonly<Record<string, string>>): Record<string, string> {
  const rooms: Record<string, string[]> = {}
  for (const [name, room] of Object.entries(owners).sort()) rooms[room || 'NOBODY'] = [...(rooms[room || 'NOBODY'] ?? []), name]
  return Object.fromEntries(Object.entries(rooms).map(([room, names]) => [room, names.join(' ')]))
}
