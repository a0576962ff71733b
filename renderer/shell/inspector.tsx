// The right column: what is selected, in detail. It is there only while somebody has something to show and the user did not close it.
import type { ReactNode } from 'react'
import { IconButton } from '../parts/button.tsx'
import { type Inspected, inspectorStore } from '../parts/go.ts'
import { setLayout } from './layout.ts'

export const Inspector = ({ shown }: { readonly shown: Inspected }): ReactNode => (
  <aside className="insp" data-part="inspector" aria-label={`Inspector: ${shown.title}`}>
    <header>
      <h6 className="grow cut">{shown.title}</h6>
      <IconButton
        icon="close"
        label="Close the inspector"
        onPress={() => {
          setLayout({ inspector: false })
          inspectorStore.set(undefined)
        }}
      />
    </header>
    <div className="insp-body">{shown.content}</div>
  </aside>
)
