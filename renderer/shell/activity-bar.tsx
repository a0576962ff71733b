// The activity bar: what there is, one icon each, a badge for what needs the user.
import type { ReactNode } from 'react'
import { useFeedPart } from '../link/hooks.tsx'
import { IconButton } from '../parts/button.tsx'
import { runCommand } from '../parts/command.ts'
import { useStore } from '../parts/store.ts'
import { activeTabId } from './active.ts'
import { layoutStore } from './layout.ts'
import { activities } from './views.tsx'

export function ActivityBar({ keysOf }: { readonly keysOf: (command: string) => string | undefined }): ReactNode {
  const layout = useStore(layoutStore)
  const front = useStore(activeTabId)
  const ray = useFeedPart('ray', null, (s) => (s.state === 'lost' || s.state === 'failed' ? 1 : 0)).state ?? 0
  return (
    <nav className="act" data-part="activity" aria-label="Activities">
      {activities.map((a) => (
        <IconButton
          key={a.id}
          icon={a.icon}
          label={a.title}
          keys={keysOf(a.command)}
          badge={a.id === 'ray' ? ray : undefined}
          pressed={'side' in a ? layout.side === a.side : front === `view:${a.view}`}
          onPress={() => void runCommand(a.command)}
        />
      ))}
      <span className="gap" />
      <IconButton
        icon="settings-gear"
        label="Settings"
        keys={keysOf('ui.show-settings')}
        pressed={front === 'view:settings'}
        onPress={() => void runCommand('ui.show-settings')}
      />
    </nav>
  )
}
