// The first page: recent work, three examples that run now, and what was found on this machine. First result in three clicks.
import type { ReactNode } from 'react'
import { useCall, useFeed } from '../link/hooks.tsx'
import { Button } from '../parts/button.tsx'
import { runCommand } from '../parts/command.ts'
import { go } from '../parts/go.ts'
import { fileIcon, Icon } from '../parts/icon.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { Age, Wait } from '../parts/wait.tsx'
import './welcome.css'

const nameOf = (path: string): string => path.slice(path.replace(/\/+$/, '').lastIndexOf('/') + 1)

export function WelcomePage({ onFind }: { readonly onFind: () => void }): ReactNode {
  const engine = useFeed('engine', null).state
  const workspace = useFeed('workspace', null).state
  const open = useCall('workspace.open')
  const example = useCall('engine.open-example')
  if (engine === undefined || workspace === undefined)
    return <Wait text="Connecting to the engine" hint="If this does not end: start Updraft again. What runs is not lost." />
  const recent = workspace.recent.slice(0, 7)
  const problem = open.problem ?? example.problem
  return (
    <div className="page">
      <div className="page-in welcome">
        <header className="welcome-head">
          <div className="grow">
            <h1>{workspace.name === undefined ? 'Welcome to Updraft' : workspace.name}</h1>
            <p className="soft">Write on this machine, run on Ray, see every worker. The same code goes to a cluster later.</p>
          </div>
          <Button
            kind="main"
            icon="new-file"
            isDisabled={workspace.folder === undefined}
            onPress={() => void runCommand('ui.new-notebook')}
          >
            New notebook
          </Button>
          <Button icon="folder-opened" onPress={() => void runCommand('ui.open-folder')}>
            Open folder
          </Button>
          <Button icon="search" onPress={onFind}>
            Find
          </Button>
        </header>
        {problem !== undefined && <ProblemCard problem={problem} tone="warn" />}
        <section aria-labelledby="welcome-examples">
          <h6 id="welcome-examples">Examples that run now</h6>
          <div className="cards examples">
            {engine.examples.map((e) => (
              <button
                key={e.path}
                type="button"
                className="card example"
                disabled={example.busy}
                onClick={() =>
                  void example.run({ path: e.path }).then((made) => made !== undefined && go({ kind: 'file', path: made.path }))
                }
              >
                <Icon name="notebook" />
                <b>{e.title}</b>
                <span className="soft small">{e.summary}</span>
                <span className="faint tiny">
                  {e.environment === 'torch'
                    ? 'needs the PyTorch tier; it says its size before it fetches'
                    : 'ready with what is here'}
                </span>
              </button>
            ))}
            {engine.examples.length === 0 && <p className="soft">The examples are not in this package.</p>}
          </div>
        </section>
        <div className="welcome-two">
          <section className="box" aria-labelledby="welcome-recent">
            <header id="welcome-recent">Recent work</header>
            {recent.length === 0 ? (
              <p className="soft welcome-none">Folders and notebooks that you open are listed here.</p>
            ) : (
              <ul>
                {recent.map((r) => (
                  <li key={r.path}>
                    <button
                      type="button"
                      className="recent-row"
                      onClick={() =>
                        void (r.kind === 'folder' ? open.run({ folder: r.path }) : go({ kind: 'file', path: r.path }))
                      }
                    >
                      <Icon name={r.kind === 'folder' ? 'folder' : fileIcon(r.path)} />
                      <span className="cut">{nameOf(r.path)}</span>
                      <span className="cut faint small grow">{r.path}</span>
                      <span className="faint tiny">
                        <Age atMs={r.openedMs} />
                      </span>
                    </button>
                  </li>
                ))}
              </ul>
            )}
          </section>
          <section className="box" aria-labelledby="welcome-found">
            <header id="welcome-found">
              Found on this machine <small>{engine.host}</small>
            </header>
            <ul>
              {engine.found.map((f) => (
                <li key={f.name} className="found-row">
                  <Icon name={f.ok ? 'pass' : 'circle-slash'} className={f.ok ? 'good-ink' : 'faint'} />
                  <span className="found-name">{f.name}</span>
                  <span className="grow">
                    <span className="soft">{f.value}</span>
                    {f.hint !== undefined && <small className="faint">{f.hint}</small>}
                  </span>
                </li>
              ))}
              {engine.found.length === 0 && <li className="soft welcome-none">Looking for Python, GPUs and Ray…</li>}
            </ul>
          </section>
        </div>
      </div>
    </div>
  )
}
