// What a cell asks with input() or getpass: a field under its outputs. Answers of this notebook are remembered for the arrow keys,
// passwords never.
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { InputRequest } from '../../engine/contract/topics/notebook.ts'
import { Button } from '../parts/button.tsx'
import { speak } from '../parts/go.ts'
import type { NotebookView } from './notebook-view.ts'
import { interrupt } from './run-actions.ts'

const history: string[] = []

export function InputBox({ view, request }: { readonly view: NotebookView; readonly request: InputRequest }): ReactNode {
  const [text, setText] = useState('')
  const [sent, setSent] = useState(false)
  const back = useRef(history.length)
  const field = useRef<HTMLInputElement>(null)
  const { execution, prompt, password } = request
  // A new question of the same cell begins anew.
  useEffect(() => {
    setSent(false)
    setText('')
    speak(`The cell asks: ${prompt || 'input'}`)
    // Who is typing elsewhere goes on typing there; the strip at the foot says that something is asked.
    const typing = document.activeElement?.closest('.live-code, input, textarea, [role="dialog"]') ?? null
    if (typing === null) field.current?.focus()
  }, [execution, prompt])
  const answer = (): void => {
    if (sent) return
    setSent(true)
    if (!password && text !== '' && history[history.length - 1] !== text) history.push(text)
    back.current = history.length
    void view
      .attempt(() => view.link.call('notebook.answer-input', { notebook: view.id, execution, text }))
      .then(() => view.focus())
  }
  const onKeyDown = (e: React.KeyboardEvent): void => {
    if (e.key === 'Enter') answer()
    else if (!password && (e.key === 'ArrowUp' || e.key === 'ArrowDown')) {
      back.current = Math.min(history.length, Math.max(0, back.current + (e.key === 'ArrowUp' ? -1 : 1)))
      setText(history[back.current] ?? '')
    } else return
    e.preventDefault()
    e.stopPropagation()
  }
  return (
    <div className="input-box" data-context="cellCommand= cellInput">
      <label>
        <span>{prompt || (password ? 'Password' : 'Input')}</span>
        <input
          ref={field}
          type={password ? 'password' : 'text'}
          value={text}
          autoComplete="off"
          spellCheck={false}
          disabled={sent}
          onChange={(e) => setText(e.target.value)}
          onKeyDown={onKeyDown}
        />
      </label>
      <Button onPress={answer} isDisabled={sent}>
        Send
      </Button>
      <Button kind="plain" onPress={() => void interrupt(view)}>
        Interrupt
      </Button>
    </div>
  )
}
