// The golden list of the wire: every call and every feed, and the one room that answers it. A new name in the contract is a type error until it
// has its line here; an engine whose rooms offer anything else does not start (join-rooms.ts).
import type { CallName, FeedName } from '../contract/index.ts'

export type RoomName =
  | 'engine'
  | 'environments'
  | 'logs'
  | 'notebooks'
  | 'notices'
  | 'ray'
  | 'sessions'
  | 'settings'
  | 'tables'
  | 'terminals'
  | 'workspace'

export const callOwners: Readonly<Record<CallName, RoomName>> = {
  'engine.diagnose': 'engine',
  'engine.open-example': 'engine',
  'engine.sign-in': 'engine',
  'engine.stop': 'engine',
  'environments.add': 'environments',
  'environments.install-kernel': 'environments',
  'environments.refresh': 'environments',
  'files.browse': 'workspace',
  'files.create': 'workspace',
  'files.delete': 'workspace',
  'files.edit': 'workspace',
  'files.find': 'workspace',
  'files.rename': 'workspace',
  'files.restore': 'workspace',
  'files.save': 'workspace',
  'files.search': 'workspace',
  'keybindings.remove': 'settings',
  'keybindings.set': 'settings',
  'logs.read': 'logs',
  'logs.search': 'logs',
  'notebook.answer-input': 'notebooks',
  'notebook.choose-environment': 'notebooks',
  'notebook.clear-outputs': 'notebooks',
  'notebook.close': 'notebooks',
  'notebook.complete': 'notebooks',
  'notebook.create': 'notebooks',
  'notebook.edit': 'notebooks',
  'notebook.find': 'notebooks',
  'notebook.inspect': 'notebooks',
  'notebook.interrupt': 'notebooks',
  'notebook.open': 'notebooks',
  'notebook.redo': 'notebooks',
  'notebook.replace': 'notebooks',
  'notebook.restart': 'notebooks',
  'notebook.run': 'notebooks',
  'notebook.save': 'notebooks',
  'notebook.save-as': 'notebooks',
  'notebook.seen-away': 'notebooks',
  'notebook.shutdown': 'notebooks',
  'notebook.undo': 'notebooks',
  'notices.cancel': 'notices',
  'notices.dismiss': 'notices',
  'ray.adopt': 'ray',
  'ray.restart': 'ray',
  'ray.start': 'ray',
  'ray.stop': 'ray',
  'sessions.stop': 'sessions',
  'settings.reset': 'settings',
  'settings.set': 'settings',
  'terminals.attach': 'terminals',
  'terminals.close': 'terminals',
  'terminals.detach': 'terminals',
  'terminals.open': 'terminals',
  'terminals.resize': 'terminals',
  'terminals.seen': 'terminals',
  'terminals.write': 'terminals',
  'workspace.open': 'workspace',
  'workspace.remember-layout': 'workspace',
  'workspace.trust': 'workspace',
}

export const feedOwners: Readonly<Record<FeedName, RoomName>> = {
  engine: 'engine',
  environments: 'environments',
  file: 'workspace',
  folder: 'workspace',
  host: 'ray',
  log: 'logs',
  notebook: 'notebooks',
  notices: 'notices',
  ray: 'ray',
  sessions: 'sessions',
  settings: 'settings',
  table: 'tables',
  terminals: 'terminals',
  workspace: 'workspace',
}
