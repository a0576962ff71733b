// When-clauses as VS Code writes them: `a && !b || c == 'x' && (d != e) && f =~ /re/`. Parsed once, asked on every key. Pure.
import type { ContextValue } from './command.ts'

export type Context = { readonly [key: string]: ContextValue }
export type When = (context: Context) => boolean

const TOKEN = /\s*(?:(&&|\|\||==|!=|=~|!|\(|\))|'([^']*)'|\/((?:[^/\\]|\\.)+)\/(i?)|([\w.:$-]+))/y

type Token = { readonly op?: string; readonly text?: string; readonly word?: string; readonly regex?: RegExp }

function tokens(clause: string): Token[] {
  const out: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < clause.trimEnd().length) {
    const at = TOKEN.lastIndex
    const m = TOKEN.exec(clause)
    if (m === null) throw new SyntaxError(`Can't read "${clause}" from "${clause.slice(at).trim()}" on.`)
    if (m[1] !== undefined) out.push({ op: m[1] })
    else if (m[2] !== undefined) out.push({ text: m[2] })
    else if (m[3] !== undefined) out.push({ regex: new RegExp(m[3], m[4]) })
    else out.push({ word: m[5] ?? '' })
  }
  return out
}

/** Throws a SyntaxError that names the place. An empty clause is always true. */
export function parseWhen(clause: string | undefined): When {
  if (clause === undefined || clause.trim() === '') return () => true
  const list = tokens(clause)
  let at = 0
  const isOp = (op: string): boolean => {
    if (list[at]?.op !== op) return false
    at++
    return true
  }
  const fail = (): never => {
    throw new SyntaxError(`"${clause}" ends or breaks where a name was expected.`)
  }
  const or = (): When => {
    let left = and()
    while (isOp('||')) {
      const [a, b] = [left, and()]
      left = (c) => a(c) || b(c)
    }
    return left
  }
  const and = (): When => {
    let left = not()
    while (isOp('&&')) {
      const [a, b] = [left, not()]
      left = (c) => a(c) && b(c)
    }
    return left
  }
  const not = (): When => {
    if (!isOp('!')) return comparison()
    const inner = not()
    return (c) => !inner(c)
  }
  const comparison = (): When => {
    if (isOp('(')) {
      const inner = or()
      return isOp(')') ? inner : fail()
    }
    const name = list[at++]?.word ?? fail()
    if (name === 'true') return () => true
    if (name === 'false') return () => false
    if (isOp('==')) {
      const value = constant()
      return (c) => String(c[name] ?? '') === value
    }
    if (isOp('!=')) {
      const value = constant()
      return (c) => String(c[name] ?? '') !== value
    }
    if (isOp('=~')) {
      const regex = list[at++]?.regex ?? fail()
      return (c) => regex.test(String(c[name] ?? ''))
    }
    return (c) => Boolean(c[name])
  }
  const constant = (): string => {
    const token = list[at++]
    return token?.text ?? token?.word ?? fail()
  }
  const when = or()
  if (at < list.length) throw new SyntaxError(`"${clause}" goes on where it should end.`)
  return when
}
