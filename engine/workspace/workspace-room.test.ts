import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import type { Asker } from '../contract/index.ts'
import type { Room } from '../contract/rooms.ts'
import { Notices } from '../notices/notices.ts'
import { Settings } from '../settings/settings-room.ts'
import { fuzzyFind } from './fuzzy.ts'
import { Workspace } from './workspace.ts'
import { createWorkspaceRoom } from './workspace-room.ts'

const asker = (signal = new AbortController().signal): Asker => ({ id: 'a', role: 'test', signal })
let room: Room | undefined
let settings: Settings | undefined
afterEach(async () => {
  await room?.close()
  await settings?.close()
})

async function world(files: Record<string, string>) {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'workspace-')))
  const folder = join(base, 'project')
  mkdirSync(folder)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  settings = new Settings(join(base, 'config'))
  await settings.open()
  const workspace = new Workspace(join(base, 'state'), [])
  await workspace.start()
  room = createWorkspaceRoom({ workspace, settings, notices: new Notices(), stateFolder: join(base, 'state'), home: base })
  const answers = room.answers as Required<Room['answers']>
  const sources = room.sources as Required<Room['sources']>
  await answers['workspace.open']({ folder }, asker())
  return { base, folder, workspace, answers, sources }
}

test('a folder is listed folders first, in the order people sort, and follows the disk', async () => {
  const { folder, sources } = await world({
    'item10.py': '',
    'item2.py': '',
    'src/a.py': '',
    '.gitignore': '*.log\n',
    'x.log': '',
  })
  const { feed, release } = await sources.folder({ path: '' }, asker())
  expect(feed.state.entries.map((e) => `${e.kind} ${e.name}${e.ignored ? ' ignored' : ''}`)).toMatchInlineSnapshot(`
    [
      "folder src",
      "file .gitignore",
      "file item2.py",
      "file item10.py",
      "file x.log ignored",
    ]
  `)
  writeFileSync(join(folder, 'item3.py'), '')
  await vi.waitFor(() => expect(feed.state.entries.map((e) => e.name)).toContain('item3.py'), { timeout: 5000 })
  release()
})

test('nothing is trusted until it is said, what lies below is, and a link into it gains nothing', async () => {
  const { base, folder, workspace, answers } = await world({ 'a.py': '' })
  mkdirSync(join(base, 'other'))
  symlinkSync(join(base, 'other'), join(folder, 'link'))
  expect(workspace.feed.state.trusted).toBe(false)
  await answers['workspace.trust']({ folder, trusted: true }, asker())
  expect(workspace.feed.state.trusted).toBe(true)
  expect(await workspace.trust.isTrusted(join(folder, 'deep/new.ipynb'))).toBe(true)
  expect(await workspace.trust.isTrusted(join(folder, 'link/x.ipynb'))).toBe(false)
  const again = new Workspace(join(base, 'state'), [])
  await again.start()
  expect(await again.trust.isTrusted(folder)).toBe(true)
})

test('a restarted engine opens the folder that was open, unless it is gone', async () => {
  const { base, folder } = await world({ 'a.py': '' })
  const again = new Workspace(join(base, 'state'), [])
  await again.start()
  expect(again.folder).toBe(folder)
  rmSync(folder, { recursive: true })
  const third = new Workspace(join(base, 'state'), [])
  await third.start()
  expect(third.folder).toBeUndefined()
})

test('text is edited by two windows at once, saved, and takes in what changed on disk', async () => {
  const { folder, answers, sources } = await world({ 'a.py': 'one\ntwo\n' })
  const { feed, release } = await sources.file({ path: 'a.py' }, asker())
  await answers['files.edit']({ path: 'a.py', version: 0, edit: [{ at: 0, delete: 0, insert: 'A' }] }, asker())
  await answers['files.edit']({ path: 'a.py', version: 0, edit: [{ at: 4, delete: 0, insert: 'B' }] }, asker())
  expect(feed.state.text).toBe('Aone\nBtwo\n')
  await answers['files.save']({ path: 'a.py' }, asker())
  expect(readFileSync(join(folder, 'a.py'), 'utf8')).toBe('Aone\nBtwo\n')
  writeFileSync(join(folder, 'a.py'), 'Aone\nBtwo\nthree\n')
  await vi.waitFor(() => expect(feed.state.text).toBe('Aone\nBtwo\nthree\n'), { timeout: 5000 })
  expect(feed.state.dirty).toBe(false)
  release()
})

test('files that are no text are refused in words', async () => {
  const { folder, sources } = await world({ 'a.py': '' })
  writeFileSync(join(folder, 'b.bin'), Buffer.from([1, 0, 2]))
  writeFileSync(join(folder, 'c.txt'), Buffer.from([0xff, 0x41]))
  await expect(sources.file({ path: 'b.bin' }, asker())).rejects.toThrow('b.bin is no text file.')
  await expect(sources.file({ path: 'c.txt' }, asker())).rejects.toThrow('not UTF-8')
  await expect(sources.file({ path: 'gone.py' }, asker())).rejects.toThrow('gone.py does not exist.')
  await expect(sources.folder({ path: 'a.py' }, asker())).rejects.toThrow('is not a folder')
})

test('search looks into cells, respects .gitignore and globs, and says when it is cut', async () => {
  const notebook = JSON.stringify({ cells: [{ id: 'c1', cell_type: 'code', source: ['import ray\n', 'ray.init()'] }] })
  const { answers } = await world({
    'a.py': 'import ray\n',
    'n.ipynb': notebook,
    '.gitignore': 'build/',
    'build/b.py': 'import ray',
    'src/.gitignore': '!keep.log\n*.tmp',
    'src/x.tmp': 'import ray',
  })
  const found = await answers['files.search']({ query: 'import ray' }, asker())
  expect(found).toMatchInlineSnapshot(`
    {
      "cut": false,
      "files": 2,
      "hits": [
        {
          "from": 0,
          "line": 1,
          "path": "a.py",
          "text": "import ray",
          "to": 10,
        },
        {
          "cell": "c1",
          "from": 0,
          "line": 1,
          "path": "n.ipynb",
          "text": "import ray",
          "to": 10,
        },
      ],
    }
  `)
  expect((await answers['files.search']({ query: 'import', include: '*.ipynb' }, asker())).hits.map((h) => h.path)).toEqual([
    'n.ipynb',
  ])
  expect(await answers['files.search']({ query: 'r', limit: 1 }, asker())).toMatchObject({ cut: true })
  await expect(answers['files.search']({ query: '(', regex: true }, asker())).rejects.toThrow('no regular expression')
})

test('a regular expression that never ends is stopped by its cancel, and the engine goes on meanwhile', async () => {
  const { answers } = await world({ 'a.txt': `${'a'.repeat(40)}!` })
  const cancel = new AbortController()
  const search = answers['files.search']({ query: '(a+)+$', regex: true }, asker(cancel.signal))
  const ended = search.then(
    () => 'ended',
    (e: Error) => e.message,
  )
  await new Promise((r) => setTimeout(r, 300))
  cancel.abort()
  expect(await ended).toBe('Search cancelled.')
})

test('what is deleted can be brought back, and a rename never overwrites', async () => {
  const { folder, answers } = await world({ 'a.py': 'mine', 'b.py': 'other' })
  await expect(answers['files.rename']({ from: 'a.py', to: 'b.py' }, asker())).rejects.toThrow('exists already')
  const { trash } = await answers['files.delete']({ path: 'a.py' }, asker())
  expect((await answers['files.browse']({ path: folder }, asker())).entries.map((e) => e.name)).toEqual(['b.py'])
  await answers['files.restore']({ trash }, asker())
  expect(readFileSync(join(folder, 'a.py'), 'utf8')).toBe('mine')
  await expect(answers['files.create']({ path: 'b.py', kind: 'file' }, asker())).rejects.toThrow('exists already')
  await expect(answers['files.restore']({ trash: '../../etc' }, asker())).rejects.toThrow('nothing that was deleted')
})

test('a file that is younger than the list of names is found', async () => {
  const { folder, answers } = await world({ 'a.py': '' })
  expect((await answers['files.find']({ query: 'young' }, asker())).paths).toEqual([])
  writeFileSync(join(folder, 'young.py'), '')
  expect((await answers['files.find']({ query: 'young' }, asker())).paths).toEqual(['young.py'])
})

test('names are found by their letters, the file name first', () => {
  const paths = ['docs/train.md', 'src/train/model.py', 'src/train.py', 'a/b/t_r_a_i_n.txt']
  expect(fuzzyFind('train', paths, 10)).toEqual(['docs/train.md', 'src/train.py', 'src/train/model.py', 'a/b/t_r_a_i_n.txt'])
  expect(fuzzyFind('stp', paths, 1)).toEqual(['src/train.py'])
  expect(fuzzyFind('xyz', paths, 10)).toEqual([])
})
