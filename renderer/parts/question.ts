// A question to the user whose answer costs something. Apart from dialog.tsx, so that asking does not load the sheet before it is shown.
import type { ReactNode } from 'react'
import { makeStore } from './store.ts'

/** A question whose answer costs something. Everything else is done at once and can be undone. */
export type Question = { readonly title: string; readonly text: ReactNode; readonly yes: string; readonly danger?: boolean }
export const questions = makeStore<(Question & { readonly answer: (yes: boolean) => void }) | undefined>(undefined)

/** Asks in a sheet; answers false when closed. */
export const ask = (question: Question): Promise<boolean> =>
  new Promise((resolve) =>
    questions.set({
      ...question,
      answer: (yes) => {
        questions.set(undefined)
        resolve(yes)
      },
    }),
  )
