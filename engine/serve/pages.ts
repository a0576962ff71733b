// The few pages the engine writes itself: words and no script, for the moments when the app can't be there.

export type Words = { readonly title: string; readonly text: string; readonly hint: string }

const escaped = (text: string) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

export function wordsPage(words: Words, refreshTo?: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${
    refreshTo === undefined ? '' : `<meta http-equiv="refresh" content="0;url=${escaped(refreshTo)}">`
  }<title>${escaped(words.title)}</title><style>
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:18vh auto;padding:0 1.5rem}
h1{font-size:1.4rem;font-weight:600}p{margin:.75rem 0}.hint{opacity:.75}code{font-family:ui-monospace,monospace}
</style></head><body><main><h1>${escaped(words.title)}</h1><p>${escaped(words.text)}</p><p class="hint">${escaped(words.hint)}</p></main></body></html>`
}

const again =
  'In the terminal where Updraft runs, type ./updraft.mjs serve: it prints a new address. Nothing is lost; kernels go on.'

export const pages = {
  used: { title: 'This sign-in address was used already', text: 'Each address opens one window, once.', hint: again },
  late: { title: 'This sign-in address is too old', text: 'An address is good for 60 seconds.', hint: again },
  unknown: {
    title: 'This sign-in address is not known',
    text: 'It may be of an engine that has ended, or mistyped.',
    hint: again,
  },
  signedOut: { title: 'Sign in to Updraft', text: 'This browser is not signed in to the engine on this machine.', hint: again },
  wrongHost: { title: 'Not here', text: 'Updraft answers only under its own name.', hint: again },
  nothing: { title: 'Nothing here', text: 'There is no such page.', hint: 'Go back to the front page of Updraft.' },
  notBuilt: {
    title: 'Updraft is running',
    text: 'The engine is up and you are signed in. The window itself has not been built yet.',
    hint: 'Run npm start (it builds the window), or npm run build, then reload this page.',
  },
  signedIn: { title: 'Signed in', text: 'Opening Updraft…', hint: 'If nothing happens, open the front page.' },
} as const satisfies Record<string, Words>
