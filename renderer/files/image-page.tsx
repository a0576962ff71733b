// A picture of the workspace in a tab. The engine gives pictures only of a trusted folder, and never as a page.
import { type ReactNode, useState } from 'react'
import { useFeedPart } from '../link/hooks.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'

export function ImagePage({ path }: { readonly path: string }): ReactNode {
  const trusted = useFeedPart('workspace', null, (s) => s.trusted).state
  const [size, setSize] = useState<{ width: number; height: number }>()
  const [failed, setFailed] = useState(0)
  const address = `/files/${path.split('/').map(encodeURIComponent).join('/')}${failed > 0 ? `?again=${failed}` : ''}`
  return (
    <div className="text-page">
      <div className="page-bar">
        <span className="grow cut">{path}</span>
        {size !== undefined && (
          <span className="num">
            {size.width} × {size.height} px
          </span>
        )}
      </div>
      {failed > 0 && size === undefined ? (
        <div className="text-remark">
          <ProblemCard
            tone="warn"
            problem={
              trusted === false
                ? {
                    code: 'denied',
                    message: 'Pictures of this folder are not shown yet.',
                    hint: 'Nothing of a folder is rendered until you trust it.',
                    action: { title: 'Trust…', command: 'ui.manage-trust' },
                  }
                : {
                    code: 'missing',
                    message: `${path} can't be shown.`,
                    hint: 'It is not there any more, is no picture, lies outside of the folder, or is above 64 MB.',
                  }
            }
            onRetry={() => setFailed(failed + 1)}
          />
        </div>
      ) : null}
      <div
        className={`image-page ${size !== undefined && size.width < 64 ? 'small' : ''}`}
        hidden={failed > 0 && size === undefined}
      >
        <img
          key={`${address} ${trusted}`}
          src={address}
          alt={path}
          onLoad={(e) => setSize({ width: e.currentTarget.naturalWidth, height: e.currentTarget.naturalHeight })}
          onError={() => {
            setSize(undefined)
            setFailed((n) => Math.max(1, n))
          }}
        />
      </div>
    </div>
  )
}
