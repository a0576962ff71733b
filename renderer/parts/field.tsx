// Fields to type in and to choose from. Native elements: they bring every platform's own accessibility with them.
import { type ReactNode, type Ref, useId } from 'react'
import { Icon } from './icon.tsx'

type FieldProps = {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly onEnter?: () => void
  readonly onEscape?: () => void
  readonly placeholder?: string
  readonly icon?: string
  /** Shown above the field; else it is only spoken. */
  readonly showLabel?: boolean
  readonly problem?: string | undefined
  readonly mono?: boolean
  readonly autoFocus?: boolean
  readonly type?: 'text' | 'number' | 'password'
  readonly ref?: Ref<HTMLInputElement>
  readonly children?: ReactNode
}

export function Field({
  label,
  value,
  onChange,
  onEnter,
  onEscape,
  placeholder,
  icon,
  showLabel = false,
  problem,
  mono = false,
  autoFocus = false,
  type = 'text',
  ref,
  children,
}: FieldProps): ReactNode {
  const id = useId()
  return (
    <div className="field-block">
      <label htmlFor={id} className={showLabel ? 'field-label' : 'unseen'}>
        {label}
      </label>
      <div className={`field ${problem === undefined ? '' : 'wrong'}`}>
        {icon !== undefined && <Icon name={icon} />}
        <input
          id={id}
          ref={ref}
          type={type}
          value={value}
          placeholder={placeholder}
          className={mono ? 'mono' : ''}
          spellCheck={false}
          autoComplete="off"
          // biome-ignore lint/a11y/noAutofocus: only where a press of the user opened this field.
          autoFocus={autoFocus}
          aria-invalid={problem !== undefined}
          {...(problem === undefined ? {} : { 'aria-describedby': `${id}-problem` })}
          onChange={(e) => onChange(e.target.value)}
          onKeyDown={(e) => {
            if (e.key === 'Enter' && onEnter) onEnter()
            else if (e.key === 'Escape' && onEscape) onEscape()
            else return
            e.stopPropagation()
          }}
        />
        {children}
      </div>
      {problem !== undefined && (
        <div id={`${id}-problem`} role="alert" className="field-problem">
          {problem}
        </div>
      )}
    </div>
  )
}

/** A toggle inside a field: match case, whole word, regular expression. */
export const FieldToggle = ({
  label,
  text,
  on,
  onChange,
}: {
  readonly label: string
  readonly text: string
  readonly on: boolean
  readonly onChange: (on: boolean) => void
}): ReactNode => (
  <button
    type="button"
    className="field-toggle"
    aria-pressed={on}
    aria-label={`${label} ${text}`}
    title={label}
    onClick={() => onChange(!on)}
  >
    {text}
  </button>
)

export function Choice({
  label,
  value,
  options,
  onChange,
  showLabel = false,
}: {
  readonly label: string
  readonly value: string
  readonly options: readonly { readonly id: string; readonly title: string }[]
  readonly onChange: (id: string) => void
  readonly showLabel?: boolean
}): ReactNode {
  const id = useId()
  return (
    <div className="field-block">
      <label htmlFor={id} className={showLabel ? 'field-label' : 'unseen'}>
        {label}
      </label>
      <div className="field choice">
        <select id={id} value={value} onChange={(e) => onChange(e.target.value)}>
          {options.map((o) => (
            <option key={o.id} value={o.id}>
              {o.title}
            </option>
          ))}
        </select>
        <Icon name="chevron-down" />
      </div>
    </div>
  )
}

export function Switch({
  label,
  on,
  onChange,
}: {
  readonly label: string
  readonly on: boolean
  readonly onChange: (on: boolean) => void
}): ReactNode {
  return (
    <button type="button" role="switch" aria-checked={on} aria-label={label} className="switch" onClick={() => onChange(!on)}>
      <i />
      <span className="tiny soft">{on ? 'on' : 'off'}</span>
    </button>
  )
}
