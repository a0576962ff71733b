// The window as one component: the link above, the frame below.
import type { ReactNode } from 'react'
import type { EngineLink } from './link/engine-link.ts'
import { LinkProvider } from './link/hooks.tsx'
import { Frame } from './shell/frame.tsx'

export const App = ({ link }: { readonly link: EngineLink }): ReactNode => (
  <LinkProvider link={link}>
    <Frame />
  </LinkProvider>
)
