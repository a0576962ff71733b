// Settings: what there is comes from the engine's list, so a new setting needs no line here. Changed ones are marked and can be reset.
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import type { Json } from '../../engine/contract/json.ts'
import type { SettingSpec } from '../../engine/contract/topics/settings.ts'
import { useCall, useFeed } from '../link/hooks.tsx'
import { Button, IconButton } from '../parts/button.tsx'
import { runCommand } from '../parts/command.ts'
import { Choice, Field, Switch } from '../parts/field.tsx'
import { EmptyState, ProblemCard } from '../parts/problem-card.tsx'
import { plural } from '../parts/units.ts'
import { Wait } from '../parts/wait.tsx'
import './settings.css'

export function SettingsPage(): ReactNode {
  const settings = useFeed('settings', null).state
  const [query, setQuery] = useState('')
  const groups = useMemo(() => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean)
    const byGroup = new Map<string, SettingSpec[]>()
    for (const spec of settings?.specs ?? []) {
      const text = `${spec.key} ${spec.title} ${spec.description} ${spec.group}`.toLowerCase()
      if (!words.every((w) => text.includes(w))) continue
      byGroup.set(spec.group, [...(byGroup.get(spec.group) ?? []), spec])
    }
    return [...byGroup]
  }, [settings?.specs, query])
  if (settings === undefined) return <Wait text="Reading the settings" />
  const shown = groups.reduce((n, [, specs]) => n + specs.length, 0)
  return (
    <div className="page">
      <div className="page-in settings">
        <header className="row">
          <h1 className="grow">Settings</h1>
          <Button icon="keyboard" onPress={() => void runCommand('ui.show-keys')}>
            Keyboard shortcuts
          </Button>
          <Button icon="json" onPress={() => void runCommand('ui.open-file', settings.files.settings)}>
            Open the file
          </Button>
        </header>
        <Field
          label="Search settings"
          placeholder={`Search ${plural(settings.specs.length, 'setting')}`}
          icon="search"
          value={query}
          onChange={setQuery}
        />
        {settings.problems.map((p) => (
          <ProblemCard
            key={p}
            tone="warn"
            problem={{ code: 'invalid', message: p, hint: 'The last good values stay in force.' }}
          />
        ))}
        {shown === 0 && <EmptyState icon="search" title="No setting matches" why={`Nothing is called "${query}".`} />}
        {groups.map(([group, specs]) => (
          <section key={group} aria-label={group}>
            <h6>{group}</h6>
            <div className="box">
              {specs.map((spec) => (
                <Setting key={spec.key} spec={spec} value={settings.values[spec.key] ?? spec.default} />
              ))}
            </div>
          </section>
        ))}
      </div>
    </div>
  )
}

function Setting({ spec, value }: { readonly spec: SettingSpec; readonly value: Json }): ReactNode {
  const set = useCall('settings.set')
  const reset = useCall('settings.reset')
  const changed = JSON.stringify(value) !== JSON.stringify(spec.default)
  return (
    <div className={`setting ${changed ? 'changed' : ''}`}>
      <div className="grow">
        <b>{spec.title}</b> <code className="faint tiny">{spec.key}</code>
        <p className="soft small">{spec.description}</p>
        {set.problem !== undefined && (
          <p role="alert" className="bad-ink small">
            {set.problem.message} {set.problem.hint}
          </p>
        )}
      </div>
      <Input spec={spec} value={value} onChange={(v) => void set.run({ key: spec.key, value: v })} />
      <span className="setting-reset">
        {changed && (
          <IconButton
            icon="discard"
            label={`Reset ${spec.title} to ${JSON.stringify(spec.default)}`}
            onPress={() => void reset.run({ key: spec.key })}
          />
        )}
      </span>
    </div>
  )
}

function Input({
  spec,
  value,
  onChange,
}: {
  readonly spec: SettingSpec
  readonly value: Json
  readonly onChange: (value: Json) => void
}): ReactNode {
  if (typeof spec.default === 'boolean') return <Switch label={spec.title} on={value === true} onChange={onChange} />
  if (spec.options !== undefined)
    return (
      <Choice
        label={spec.title}
        value={String(value)}
        options={spec.options.map((o) => ({ id: o, title: o }))}
        onChange={onChange}
      />
    )
  return <TextInput key={JSON.stringify(value)} spec={spec} value={value} onChange={onChange} />
}

/** Sent when the field is left or Enter is pressed, so that half a number is never a setting. */
function TextInput({
  spec,
  value,
  onChange,
}: {
  readonly spec: SettingSpec
  readonly value: Json
  readonly onChange: (value: Json) => void
}): ReactNode {
  const [text, setText] = useState(String(value))
  useEffect(() => setText(String(value)), [value])
  const number = typeof spec.default === 'number'
  const parsed = number ? Number(text) : text
  const wrong =
    number && (text.trim() === '' || !Number.isFinite(parsed))
      ? 'A number is needed.'
      : number && spec.minimum !== undefined && Number(parsed) < spec.minimum
        ? `At least ${spec.minimum}.`
        : number && spec.maximum !== undefined && Number(parsed) > spec.maximum
          ? `At most ${spec.maximum}.`
          : undefined
  const commit = () => {
    if (wrong === undefined && parsed !== value) onChange(parsed)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hears that the field inside was left.
    <div onBlur={commit} className={number ? 'setting-number' : ''}>
      <Field
        label={spec.title}
        value={text}
        onChange={setText}
        onEnter={commit}
        onEscape={() => setText(String(value))}
        mono={number}
        {...(wrong === undefined ? {} : { problem: wrong })}
      />
    </div>
  )
}
