// Restricted mode in words: what does not run in a folder that is not trusted, and the one button.
import type { ReactNode } from 'react'
import { useCall, useFeed } from '../link/hooks.tsx'
import { Button } from '../parts/button.tsx'
import { Icon } from '../parts/icon.tsx'

export function TrustBanner(): ReactNode {
  const workspace = useFeed('workspace', null).state
  const trust = useCall('workspace.trust')
  const folder = workspace?.folder
  if (folder === undefined || workspace?.trusted !== false) return null
  return (
    <section className="trust-banner" aria-label="Folder trust">
      <Icon name="shield" />
      <span className="grow">
        <b>{workspace.name} is not trusted.</b>{' '}
        <span className="soft">
          You can read and edit. Until you trust it nothing of this folder runs: no cells, none of its Python environments, no
          scripts in outputs.
        </span>
        {trust.problem !== undefined && <span className="bad-ink"> {trust.problem.message}</span>}
      </span>
      <Button kind="main" isDisabled={trust.busy} onPress={() => void trust.run({ folder, trusted: true })}>
        Trust this folder
      </Button>
    </section>
  )
}
