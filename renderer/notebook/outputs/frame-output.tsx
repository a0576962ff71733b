// HTML and scripts of outputs, plotly and vega: only ever in the sandboxed frame of the other origin. Untrusted ones go to the page whose
// policy runs no script at all. The frame keeps its last height, so that reading on does not jump.
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { Json } from '../../../engine/contract/json.ts'
import { currentTheme, onTheme, token } from '../../theme/theme.ts'
import { frameAddress, speakWithFrame } from './frame.ts'
import { followLink } from './links.ts'

export type FrameContent =
  | { readonly kind: 'html'; readonly html: string }
  | { readonly kind: 'script'; readonly code: string }
  | { readonly kind: 'plotly' | 'vega'; readonly spec: Json }

const heights = new Map<string, number>()
const WAITING_PX = 120

type Props = {
  readonly id: string
  readonly content: FrameContent
  readonly scripts: boolean
  readonly onScripts?: (() => void) | undefined
  readonly folder: string
}

export function FrameOutput({ id, content, scripts, onScripts, folder }: Props): ReactNode {
  const frame = useRef<HTMLIFrameElement>(null)
  const [height, setHeight] = useState(heights.get(id) ?? WAITING_PX)
  const [error, setError] = useState<string>()
  const [blocked, setBlocked] = useState(false)

  useEffect(() => {
    const el = frame.current
    if (el === null) return
    let talk: ReturnType<typeof speakWithFrame> | undefined
    let over = false
    const theme = () => talk?.send(themeMessage())
    const begin = () => {
      talk?.stop()
      talk = speakWithFrame(el, (m) => {
        if (m.t === 'ready') {
          theme()
          void show(content, (message) => !over && talk?.send(message)).catch((e: unknown) =>
            setError(e instanceof Error ? e.message : String(e)),
          )
        } else if (m.t === 'height') {
          heights.set(id, m.px)
          setHeight(m.px)
        } else if (m.t === 'link') void followLink(m.href, folder)
        else if (m.t === 'error') setError(m.message)
        else if (m.t === 'blocked') setBlocked(true)
        else if (m.t === 'escape') el.closest<HTMLElement>('[data-cell]')?.focus()
      })
    }
    el.addEventListener('load', begin)
    el.src = frameAddress(location, scripts)
    const stopTheme = onTheme(theme)
    return () => {
      over = true
      el.removeEventListener('load', begin)
      talk?.stop()
      stopTheme()
    }
  }, [id, content, scripts, folder])

  return (
    <div className="out-frame">
      <iframe
        ref={frame}
        title="Output of this cell"
        sandbox="allow-scripts"
        referrerPolicy="no-referrer"
        style={{ height: Math.max(1, height) }}
      />
      {!scripts && (blocked || content.kind !== 'html') && (
        <div className="out-foot">
          Saved output: its scripts did not run.
          {onScripts !== undefined && (
            <button type="button" className="link" onClick={onScripts}>
              Run them (in a closed frame)
            </button>
          )}
        </div>
      )}
      {error !== undefined && <div className="out-note warn">{error}</div>}
    </div>
  )
}

function themeMessage(): object {
  const names = ['--ink', '--ink-soft', '--desk', '--raised', '--line', '--accent']
  const variables = Object.fromEntries(names.map((n) => [n, token(n)]))
  // Names that Jupyter's own outputs (ipywidgets, xarray, sklearn) look for.
  const jupyter = {
    '--jp-ui-font-color1': token('--ink'),
    '--jp-content-font-color1': token('--ink'),
    '--jp-layout-color0': token('--desk'),
    '--jp-layout-color1': token('--raised'),
    '--jp-border-color2': token('--line'),
  }
  return { t: 'theme', dark: currentTheme() !== 'light', color: token('--ink'), variables: { ...variables, ...jupyter } }
}

async function show(content: FrameContent, send: (message: object) => void): Promise<void> {
  switch (content.kind) {
    case 'html':
      return send({ t: 'html', html: content.html, serial: 1 })
    case 'script':
      return send({ t: 'script', code: content.code })
    case 'plotly': {
      send({ t: 'script', code: await library('plotly') })
      return send({
        t: 'script',
        code: `(()=>{const s=${JSON.stringify(content.spec)};const c=getComputedStyle(document.body).color;const l={paper_bgcolor:'rgba(0,0,0,0)',plot_bgcolor:'rgba(0,0,0,0)',...(s.layout||{})};l.font={color:c,...(l.font||{})};const el=document.createElement('div');document.getElementById('root').append(el);Plotly.newPlot(el,s.data||[],l,{responsive:true,displaylogo:false,...(s.config||{})})})()`,
      })
    }
    case 'vega': {
      send({ t: 'script', code: await library('vega') })
      const theme = currentTheme() === 'light' ? undefined : 'dark'
      return send({
        t: 'script',
        code: `(()=>{const el=document.createElement('div');document.getElementById('root').append(el);vegaEmbed(el,${JSON.stringify(content.spec)},{actions:false,renderer:'svg',theme:${JSON.stringify(theme)},config:{background:'transparent'}}).catch(e=>{throw e})})()`,
      })
    }
    default:
      content satisfies never
  }
}

const libraries = new Map<string, Promise<string>>()
/** The source of a chart library, fetched once from our own origin and handed into the frame, which may fetch nothing. */
function library(name: 'plotly' | 'vega'): Promise<string> {
  let source = libraries.get(name)
  if (source === undefined) {
    source = import('./libraries.ts').then(async ({ plotly, vega }) => {
      const texts = await Promise.all((name === 'plotly' ? plotly : vega).map(async (url) => (await fetch(url)).text()))
      return texts.join('\n;\n')
    })
    libraries.set(name, source)
  }
  return source
}
