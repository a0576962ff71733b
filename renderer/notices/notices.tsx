// Notices: what the engine and this window have to say, as cards that come up once and a list that stays. Long work shows its phase,
// a clock and a cancel. Nothing is covered for long: information goes by itself, problems stay until they are read.
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from 'react-aria-components'
import type { Notice } from '../../engine/contract/topics/notices.ts'
import { useFeed, useLink } from '../link/hooks.tsx'
import { Button, IconButton } from '../parts/button.tsx'
import { runCommand } from '../parts/command.ts'
import { Icon } from '../parts/icon.tsx'
import { useStore } from '../parts/store.ts'
import { toldStore, untell } from '../parts/tell.ts'
import { clock, percent } from '../parts/units.ts'
import { Age, useElapsed } from '../parts/wait.tsx'
import './notices.css'

type Card = {
  readonly id: string
  readonly level: Notice['level']
  readonly message: string
  readonly hint?: string | undefined
  readonly detail?: string | undefined
  readonly atMs: number
  readonly progress?: Notice['progress']
  readonly actions: readonly { readonly title: string; readonly run: () => void }[]
  readonly dismiss: () => void
  readonly cancel?: () => void
}

function useCards(): readonly Card[] {
  const link = useLink()
  const engine = useFeed('notices', null).state?.list ?? []
  const told = useStore(toldStore)
  const cards: Card[] = engine.map((n) => {
    const dismiss = () => void link.call('notices.dismiss', { id: n.id }).catch(() => {})
    return {
      id: n.id,
      level: n.level,
      message: n.message,
      hint: n.hint,
      detail: n.detail,
      atMs: n.atMs,
      progress: n.progress,
      actions: n.actions.map((a) => ({
        title: a.title,
        run: () => {
          void runCommand(a.command, a.input)
          if (n.level !== 'progress') dismiss()
        },
      })),
      dismiss,
      ...(n.progress?.cancellable ? { cancel: () => void link.call('notices.cancel', { id: n.id }).catch(() => {}) } : {}),
    }
  })
  for (const t of told)
    cards.push({
      ...t,
      actions: t.actions.map((a) => ({
        title: a.title,
        run: () => {
          a.run()
          untell(t.id)
        },
      })),
      dismiss: () => untell(t.id),
    })
  return cards.sort((a, b) => a.atMs - b.atMs)
}

const ICON: { readonly [level in Notice['level']]: string } = {
  info: 'info',
  warning: 'warning',
  error: 'error',
  progress: 'sync',
}

/** Cards in the corner: new ones only, at most three at once. */
export function NoticeCards(): ReactNode {
  const cards = useCards()
  const [opened] = useState(() => Date.now())
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const shown = cards.filter((c) => !hidden.has(c.id) && (c.atMs > opened - 60_000 || c.level === 'progress')).slice(-3)
  return (
    <section className="notices" aria-label="Notices">
      {shown.map((c) => (
        <NoticeCard key={c.id} card={c} onHide={() => setHidden((old) => new Set(old).add(c.id))} />
      ))}
    </section>
  )
}

function NoticeCard({ card, onHide }: { readonly card: Card; readonly onHide: () => void }): ReactNode {
  const over = useRef(false)
  const { level } = card
  const hasActions = card.actions.length > 0
  // a new card of this id starts its own time.
  useEffect(() => {
    if (level !== 'info') return
    // Information goes by itself, but never from under the pointer or the focus.
    const timer = setInterval(() => !over.current && onHide(), hasActions ? 12_000 : 8000)
    return () => clearInterval(timer)
  }, [card.id, level, hasActions])
  return (
    <article
      className={`notice ${level}`}
      role={level === 'error' || level === 'warning' ? 'alert' : 'status'}
      onPointerEnter={() => (over.current = true)}
      onPointerLeave={() => (over.current = false)}
      onFocus={() => (over.current = true)}
      onBlur={() => (over.current = false)}
    >
      <Icon name={ICON[level]} />
      <div className="grow">
        <CardText card={card} />
      </div>
      <IconButton
        icon="close"
        label={level === 'progress' ? 'Hide; it goes on' : 'Dismiss'}
        onPress={level === 'progress' ? onHide : card.dismiss}
      />
    </article>
  )
}

function CardText({ card }: { readonly card: Card }): ReactNode {
  return (
    <>
      <b>{card.message}</b>
      {card.hint !== undefined && <p className="soft">{card.hint}</p>}
      {card.progress !== undefined && <Progress progress={card.progress} />}
      {card.detail !== undefined && (
        <details>
          <summary className="faint small">Details</summary>
          <pre className="mono small">{card.detail}</pre>
        </details>
      )}
      {(card.actions.length > 0 || card.cancel !== undefined) && (
        <div className="row notice-actions">
          {card.actions.map((a) => (
            <Button key={a.title} onPress={a.run}>
              {a.title}
            </Button>
          ))}
          {card.cancel !== undefined && <Button onPress={card.cancel}>Cancel</Button>}
        </div>
      )}
    </>
  )
}

function Progress({ progress }: { readonly progress: NonNullable<Notice['progress']> }): ReactNode {
  const ms = useElapsed(progress.startedMs)
  return (
    <div className="notice-progress">
      <span className="soft small">
        {progress.phase} <span className="num">· {clock(ms)}</span>
        {progress.percent !== undefined && <span className="num"> · {percent(progress.percent)}</span>}
      </span>
      {progress.percent !== undefined && <progress max={100} value={progress.percent} aria-label={progress.phase} />}
    </div>
  )
}

/** The bell in the status bar with everything that was said and not dismissed. */
export function NoticeBell(): ReactNode {
  const cards = useCards()
  const bad = cards.filter((c) => c.level === 'error' || c.level === 'warning').length
  return (
    <DialogTrigger>
      <AriaButton className="st-item" aria-label={cards.length === 0 ? 'Notices: none' : `Notices: ${cards.length}`}>
        <Icon name={cards.length > 0 ? 'bell-dot' : 'bell'} className={bad > 0 ? 'warn-ink' : ''} />
        {cards.length > 0 && <span className="num">{cards.length}</span>}
      </AriaButton>
      <Popover placement="top end" className="popover notice-list">
        <Dialog aria-label="Notices">
          <h6>Notices</h6>
          {cards.length === 0 ? (
            <p className="soft">Nothing to tell. What goes wrong or takes long shows up here.</p>
          ) : (
            cards.toReversed().map((c) => (
              <article key={c.id} className={`notice flat ${c.level}`}>
                <Icon name={ICON[c.level]} />
                <div className="grow">
                  <CardText card={c} />
                  <small className="faint">
                    <Age atMs={c.atMs} />
                  </small>
                </div>
                {c.level !== 'progress' && <IconButton icon="close" label="Dismiss" onPress={c.dismiss} />}
              </article>
            ))
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  )
}
