// A sheet over the window, for the few things that need an answer before going on. Esc closes it, focus stays in it and goes back.
import type { ReactNode } from 'react'
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { Button } from './button.tsx'
import { questions } from './question.ts'
import { useStore } from './store.ts'

export { ask } from './question.ts'

export function Sheet({
  title,
  text,
  children,
  foot,
  onClose,
  width = 520,
  className = '',
}: {
  readonly title: string
  readonly text?: ReactNode
  readonly children?: ReactNode
  readonly foot?: ReactNode
  readonly onClose: () => void
  readonly width?: number
  readonly className?: string
}): ReactNode {
  return (
    <ModalOverlay className="sheet-shade" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className={`sheet ${className}`} style={{ width: `min(${width}px, calc(100vw - 32px))` }}>
        <Dialog className="sheet-body">
          <header>
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            {text !== undefined && <p className="soft">{text}</p>}
          </header>
          {children}
          {foot !== undefined && <footer>{foot}</footer>}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

/** Mounted once by the shell. */
export function QuestionHost(): ReactNode {
  const q = useStore(questions)
  if (q === undefined) return null
  return (
    <Sheet
      title={q.title}
      text={q.text}
      width={460}
      onClose={() => q.answer(false)}
      foot={
        <>
          <span className="grow" />
          <Button onPress={() => q.answer(false)}>Cancel</Button>
          <Button kind={q.danger ? 'danger' : 'main'} autoFocus onPress={() => q.answer(true)}>
            {q.yes}
          </Button>
        </>
      }
    />
  )
}
