// About: which Updraft this is, where it keeps things, what it is made of, and the bundle one can send when something is wrong.
import { type ReactNode, useState } from 'react'
import type { CallOutput } from '../../engine/contract/index.ts'
import { desktop } from '../desktop-browser.ts'
import { useCall, useFeed, useLink } from '../link/hooks.tsx'
import { Button } from '../parts/button.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { ask } from '../parts/question.ts'
import { bytes } from '../parts/units.ts'
import { Age, Wait } from '../parts/wait.tsx'
import './settings.css'

const PARTS =
  'React, FlexLayout, React Aria, Monaco, xterm.js, KaTeX, markdown-it, DOMPurify (MIT, Apache-2.0 or MPL-2.0). Icons: Codicons by Microsoft, CC BY 4.0. Type: Inter and JetBrains Mono, SIL OFL 1.1.'

export function AboutPage(): ReactNode {
  const link = useLink()
  const engine = useFeed('engine', null).state
  const diagnose = useCall('engine.diagnose')
  const another = useCall('engine.sign-in')
  const [files, setFiles] = useState<CallOutput<'engine.diagnose'>['files']>()
  const [address, setAddress] = useState<string>()
  if (engine === undefined) return <Wait text="Asking the engine" />
  const stop = async () => {
    const yes = await ask({
      title: 'Stop the engine?',
      text: 'Windows lose their connection. Kernels and Ray go on, and the next start finds them again.',
      yes: 'Stop the engine',
    })
    if (yes) await link.call('engine.stop', {})
  }
  return (
    <div className="page">
      <div className="page-in about">
        <h1>Updraft {engine.version}</h1>
        <p className="soft">A notebook-style IDE for AI compute. Apache-2.0.</p>
        <section className="box" aria-label="This engine">
          <dl>
            <dt>Machine</dt>
            <dd>
              {engine.host} · {engine.platform}
            </dd>
            <dt>Engine</dt>
            <dd>
              process {engine.pid}, started <Age atMs={engine.startedMs} /> · {engine.windows}{' '}
              {engine.windows === 1 ? 'window' : 'windows'}
            </dd>
            <dt>Keeps its data in</dt>
            <dd className="mono">{engine.dataFolder}</dd>
            <dt>Window</dt>
            <dd>{desktop.kind === 'electron' ? 'desktop' : 'browser'}</dd>
            <dt>Made with</dt>
            <dd className="soft small">{PARTS}</dd>
          </dl>
        </section>
        <div className="row" style={{ flexWrap: 'wrap' }}>
          <Button
            icon="link-external"
            isDisabled={another.busy}
            onPress={() => void another.run({}).then((a) => setAddress(a?.url))}
          >
            Address for another browser
          </Button>
          <Button
            icon="archive"
            isDisabled={diagnose.busy}
            onPress={() => void diagnose.run(null).then((d) => setFiles(d?.files))}
          >
            Show what a report would hold
          </Button>
          <Button kind="danger" onPress={() => void stop()}>
            Stop the engine…
          </Button>
        </div>
        {(diagnose.problem ?? another.problem) !== undefined && (
          <ProblemCard problem={(diagnose.problem ?? another.problem) as NonNullable<typeof another.problem>} />
        )}
        {address !== undefined && (
          <div className="why good">
            <div className="grow">
              <b>Good for one window, for 60 seconds.</b>
              <code className="shown-command">{address}</code>
            </div>
          </div>
        )}
        {files !== undefined && (
          <section className="box" aria-label="Report">
            <header>
              Report <small>secrets are taken out; nothing is sent by itself</small> <span className="grow" />
              <Button
                onPress={() => void navigator.clipboard.writeText(files.map((f) => `==> ${f.name}\n${f.text}`).join('\n\n'))}
              >
                Copy
              </Button>
            </header>
            {files.map((f) => (
              <details key={f.name} style={{ padding: '8px 12px' }}>
                <summary>
                  {f.name} <small className="faint num">{bytes(f.text.length)}</small>
                </summary>
                <pre className="mono small" style={{ maxHeight: 300, overflow: 'auto', whiteSpace: 'pre-wrap' }}>
                  {f.text}
                </pre>
              </details>
            ))}
          </section>
        )}
      </div>
    </div>
  )
}
