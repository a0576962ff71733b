// Buttons: a verb in words, or an icon that says its verb as a tooltip and to screen readers.
import type { ReactNode } from 'react'
import { Button as AriaButton, Tooltip, TooltipTrigger } from 'react-aria-components'
import { Icon } from './icon.tsx'
import { Keys } from './kbd.tsx'

type Press = {
  readonly onPress?: (() => void) | undefined
  readonly isDisabled?: boolean | undefined
  readonly autoFocus?: boolean
}

export function Button({
  kind = 'quiet',
  icon,
  children,
  className = '',
  label,
  ...press
}: Press & {
  readonly kind?: 'main' | 'quiet' | 'plain' | 'danger'
  readonly icon?: string
  readonly children: ReactNode
  readonly className?: string
  readonly label?: string
}): ReactNode {
  return (
    <AriaButton
      className={`btn ${kind} ${className}`}
      {...(label === undefined ? {} : { 'aria-label': label })}
      {...clean(press)}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </AriaButton>
  )
}

/** An icon button. `label` is its verb: tooltip and accessible name. `keys` is shown in the tooltip. */
export function IconButton({
  icon,
  label,
  keys,
  className = '',
  pressed,
  badge,
  ...press
}: Press & {
  readonly icon: string
  readonly label: string
  readonly keys?: string | undefined
  readonly className?: string
  readonly pressed?: boolean
  readonly badge?: number | undefined
}): ReactNode {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      <AriaButton
        className={`icon-btn ${className}`}
        aria-label={badge ? `${label} ${badge > 99 ? '99+' : badge}` : label}
        {...(pressed === undefined ? {} : { 'aria-pressed': pressed, 'data-on': pressed || undefined })}
        {...clean(press)}
      >
        <Icon name={icon} />
        {badge !== undefined && badge > 0 && <em aria-hidden="true">{badge > 99 ? '99+' : badge}</em>}
      </AriaButton>
      <Tooltip className="tooltip" offset={6}>
        {label} {keys !== undefined && <Keys keys={keys} />}
      </Tooltip>
    </TooltipTrigger>
  )
}

/** exactOptionalPropertyTypes: React Aria's props may not be given as undefined. */
function clean(press: Press) {
  return {
    ...(press.onPress === undefined ? {} : { onPress: press.onPress }),
    ...(press.isDisabled === undefined ? {} : { isDisabled: press.isDisabled }),
    ...(press.autoFocus === undefined ? {} : { autoFocus: press.autoFocus }),
  }
}
