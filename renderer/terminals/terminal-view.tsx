// One terminal: xterm without WebGL (on software GL it stalls the whole window). Bytes come with their offset, so a reconnect goes on
// where it was; credit is given as they are drawn. What runs inside may not touch the clipboard (OSC 52 is not answered), and a link is
// opened only after its whole address was shown.
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { Terminal as Xterm } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { toProblem } from '../../engine/contract/problem.ts'
import type { Terminal } from '../../engine/contract/topics/terminals.ts'
import { desktop } from '../desktop-browser.ts'
import type { EngineLink } from '../link/engine-link.ts'
import { useFeedPart, useLink } from '../link/hooks.tsx'
import { IconButton } from '../parts/button.tsx'
import { Field } from '../parts/field.tsx'
import { terminalWish } from '../parts/go.ts'
import { ask } from '../parts/question.ts'
import { useStore } from '../parts/store.ts'
import { tellProblem } from '../parts/tell.ts'
import { onTheme, token } from '../theme/theme.ts'

/** The last wish for the focus that was granted. */
let granted = 0
const CREDIT_BYTES = 64 << 10

function theme() {
  return {
    background: token('--panel'),
    foreground: token('--ink'),
    cursor: token('--accent'),
    cursorAccent: token('--panel'),
    selectionBackground: `${token('--accent')}55`,
    red: token('--bad'),
    green: token('--good'),
    yellow: token('--warn'),
    blue: token('--link'),
    magenta: token('--wait'),
    brightBlack: token('--ink-faint'),
  }
}

async function openLink(address: string): Promise<void> {
  if (!/^https?:\/\//i.test(address)) return
  const yes = await ask({
    title: 'Open this address in a browser?',
    text: (
      <>
        It was printed in the terminal; it leads out of Updraft.
        <code className="shown-command">{address}</code>
      </>
    ),
    yes: 'Open it',
  })
  if (yes) await desktop.openExternal(address)
}

export function TerminalView({ terminal }: { readonly terminal: Terminal }): ReactNode {
  const link = useLink()
  const host = useRef<HTMLDivElement>(null)
  const xterm = useRef<Xterm>(undefined)
  const finder = useRef<SearchAddon>(undefined)
  const [finding, setFinding] = useState(false)
  const [query, setQuery] = useState('')
  const fontSize = useFeedPart('settings', null, (s) => s.values['editor.fontSize']).state
  const scrollback = useFeedPart('settings', null, (s) => s.values['terminal.scrollback']).state
  const { id } = terminal

  useEffect(() => {
    const box = host.current
    if (box === null) return
    const term = new Xterm({
      fontFamily: token('--mono'),
      fontSize: 13,
      lineHeight: 1.25,
      scrollback: 10_000,
      theme: theme(),
      cursorBlink: false,
      screenReaderMode: true,
      allowProposedApi: false,
      linkHandler: { activate: (_e, address) => void openLink(address), allowNonHttpProtocols: false },
    })
    const fit = new FitAddon()
    const search = new SearchAddon()
    term.loadAddon(fit)
    term.loadAddon(search)
    term.loadAddon(new WebLinksAddon((_e, address) => void openLink(address)))
    // The clipboard belongs to the user: what runs in a shell may not write it.
    term.parser.registerOscHandler(52, () => true)
    term.attachCustomKeyEventHandler((e) => {
      if (e.type === 'keydown' && e.ctrlKey && e.shiftKey && e.code === 'KeyF') {
        setFinding(true)
        return false
      }
      if (e.type === 'keydown' && e.ctrlKey && e.shiftKey && e.code === 'KeyC' && term.hasSelection()) {
        void navigator.clipboard.writeText(term.getSelection())
        e.preventDefault()
        return false
      }
      return true
    })
    term.open(box)
    xterm.current = term
    finder.current = search
    const stopStream = stream(link, id, term)
    const typed = term.onData(
      (text) =>
        void link.call('terminals.write', { terminal: id, text }).catch((e: unknown) => tellProblem(toProblem(e, console.error))),
    )
    const sized = term.onResize(
      ({ rows, cols }) => void link.call('terminals.resize', { terminal: id, rows, columns: cols }).catch(() => {}),
    )
    const refit = () => box.clientHeight > 20 && fit.fit()
    const sizes = new ResizeObserver(refit)
    sizes.observe(box)
    refit()
    void link.call('terminals.resize', { terminal: id, rows: term.rows, columns: term.cols }).catch(() => {})
    const stopTheme = onTheme(() => {
      term.options.theme = theme()
    })
    return () => {
      stopStream()
      typed.dispose()
      sized.dispose()
      sizes.disconnect()
      stopTheme()
      term.dispose()
      xterm.current = undefined
    }
  }, [link, id])

  const wish = useStore(terminalWish)
  // Another terminal is another view: it asks again.
  useEffect(() => {
    if (wish === granted) return
    granted = wish
    xterm.current?.focus()
  }, [wish, id])

  useEffect(() => {
    const term = xterm.current
    if (term === undefined) return
    if (typeof fontSize === 'number') term.options.fontSize = fontSize
    if (typeof scrollback === 'number') term.options.scrollback = scrollback
  }, [fontSize, scrollback])

  const close = () => {
    setFinding(false)
    finder.current?.clearDecorations()
    xterm.current?.focus()
  }
  return (
    <div className="terminal-view" data-context="terminalView">
      {finding && (
        <div className="terminal-find">
          <Field
            label="Find in the terminal"
            placeholder="Find"
            autoFocus
            value={query}
            onChange={(q) => {
              setQuery(q)
              if (q !== '') finder.current?.findNext(q, { incremental: true })
            }}
            onEnter={() => finder.current?.findNext(query)}
            onEscape={close}
          />
          <IconButton icon="arrow-up" label="Previous" onPress={() => finder.current?.findPrevious(query)} />
          <IconButton icon="arrow-down" label="Next" onPress={() => finder.current?.findNext(query)} />
          <IconButton icon="close" label="Close find" onPress={close} />
        </div>
      )}
      <div ref={host} className="terminal-host" />
    </div>
  )
}

/** The terminal's bytes into xterm, from where they were after a reconnect. Returns the way to stop. */
function stream(link: EngineLink, id: string, term: Xterm): () => void {
  let next = 0
  let credited = 0
  let over = false
  const give = (upTo: number) => {
    if (upTo - credited < CREDIT_BYTES && upTo !== next) return
    credited = upTo
    void link.call('terminals.seen', { terminal: id, upTo }).catch(() => {})
  }
  const stopBytes = link.onBytes(`terminal:${id}`, (seq, payload) => {
    // After a reconnect the host may repeat a little, or have dropped what was above its scrollback.
    if (seq + payload.length <= next) return
    if (seq > next && next > 0) term.write(`\r\n\x1b[2m[${seq - next} bytes are not kept any more]\x1b[0m\r\n`)
    const fresh = seq < next ? payload.subarray(next - seq) : payload
    next = seq + payload.length
    const upTo = next
    term.write(fresh, () => give(upTo))
  })
  const attach = () => {
    link.call('terminals.attach', { terminal: id, since: next }).catch((error: unknown) => {
      const problem = toProblem(error, console.error)
      if (!over && problem.code !== 'unreachable') term.write(`\r\n\x1b[33m${problem.message}\x1b[0m\r\n`)
    })
  }
  attach()
  let was = link.status.state
  const stopStatus = link.onStatus(() => {
    const now = link.status.state
    if (now === 'open' && was !== 'open') attach()
    was = now
  })
  return () => {
    over = true
    stopBytes()
    stopStatus()
    void link.call('terminals.detach', { terminal: id }).catch(() => {})
  }
}
