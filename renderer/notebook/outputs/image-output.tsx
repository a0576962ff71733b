// Pictures, svg too: always as <img>, so that nothing inside them runs. Their size is kept once known, so that scrolling back never jumps.
import { type ReactNode, useState } from 'react'
import type { JsonObject } from '../../../engine/contract/json.ts'
import type { MimeValue } from '../../../engine/contract/topics/outputs.ts'
import { contextMenu } from '../../parts/menu.tsx'
import { imageAddress } from './mime.ts'

const sizes = new Map<string, readonly [number, number]>()

export function ImageOutput({
  id,
  mime,
  value,
  metadata,
  alt,
}: {
  readonly id: string
  readonly mime: string
  readonly value: MimeValue
  readonly metadata: JsonObject
  readonly alt: string
}): ReactNode {
  const [failed, setFailed] = useState(false)
  const address = imageAddress(mime, value)
  if (address === undefined || failed) return <div className="out-note">This {mime} is damaged and can't be shown.</div>
  const told = metadata[mime]
  const wish =
    typeof told === 'object' && told !== null && !Array.isArray(told) ? (told as { width?: unknown; height?: unknown }) : {}
  const known = sizes.get(id)
  const width = typeof wish.width === 'number' ? wish.width : known?.[0]
  const height = typeof wish.height === 'number' ? wish.height : known?.[1]
  const save = () => {
    const a = document.createElement('a')
    a.href = address
    a.download = `figure.${mime.split('/')[1]?.replace('svg+xml', 'svg') ?? 'png'}`
    a.click()
  }
  return (
    <img
      className="out-image"
      src={address}
      alt={alt}
      decoding="async"
      {...(width === undefined ? {} : { width })}
      {...(height === undefined ? {} : { height })}
      onLoad={(e) => sizes.set(id, [e.currentTarget.naturalWidth, e.currentTarget.naturalHeight])}
      onError={() => setFailed(true)}
      {...contextMenu('Picture', () => [
        { id: 'save', title: 'Save the picture', icon: 'save', run: save },
        { id: 'copy', title: 'Copy the picture', icon: 'copy', run: () => void copyImage(address) },
      ])}
    />
  )
}

async function copyImage(address: string): Promise<void> {
  const blob = await (await fetch(address)).blob()
  await navigator.clipboard.write([new ClipboardItem({ [blob.type]: blob })])
}
