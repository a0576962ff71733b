// Who may speak to the engine. Two host names of this instance (the app's, and another for notebook output), single-use sign-in addresses,
// a signed cookie for windows, a bearer token for programs of the same user. Everything is compared in constant time and exactly.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { rememberSecret } from '../support/redact.ts'

/** What must stay the same over a restart, so that open windows find the new engine: kept 0600 in the state folder. */
export type Identity = { readonly label: string; readonly cookieKey: string; readonly madeMs: number }

export function newIdentity(nowMs: number): Identity {
  return { label: `updraft-${randomBytes(5).toString('hex')}`, cookieKey: randomBytes(32).toString('base64url'), madeMs: nowMs }
}

export type SignIn =
  | { readonly ok: true; readonly path: string; readonly cookie: string }
  | { readonly ok: false; readonly why: 'used' | 'late' | 'unknown' }

// The host name is this instance's own, so the name needs no port (browsers share cookies between the ports of a host).
const COOKIE = 'updraft'
const SIGN_IN_VALID_MS = 60_000
const COOKIE_VALID_MS = 30 * 24 * 3600_000

export const same = (a: string, b: string): boolean => {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}

export class Access {
  readonly token = randomBytes(32).toString('base64url')
  readonly #identity: Identity
  readonly #nowMs: () => number
  /** Sign-in addresses by token; used and late ones are remembered for an hour so that the page can say which it was. */
  readonly #signIns = new Map<string, { readonly madeMs: number; readonly path: string; used: boolean }>()
  #port = 0

  constructor(identity: Identity, nowMs: () => number) {
    this.#identity = identity
    this.#nowMs = nowMs
    rememberSecret(this.token)
    rememberSecret(identity.cookieKey)
  }

  listensOn(port: number): void {
    this.#port = port
  }
  /** Host header of the app, e.g. `updraft-3f….localhost:41234`. */
  get host(): string {
    return `${this.#identity.label}.localhost:${this.#port}`
  }
  /** Host header of notebook output: another origin and another site, no cookie ever set or read there. */
  get outHost(): string {
    return `${this.#identity.label}-out.localhost:${this.#port}`
  }
  get origin(): string {
    return `http://${this.host}`
  }
  get outOrigin(): string {
    return `http://${this.outHost}`
  }
  /** A new address, good once and for 60 s. `path`: where it leads, within the app. */
  signInUrl(path = '/'): string {
    const now = this.#nowMs()
    for (const [token, s] of this.#signIns) if (now - s.madeMs > 3600_000) this.#signIns.delete(token)
    const token = randomBytes(24).toString('base64url')
    rememberSecret(token)
    // "//evil" and "/\evil" would lead to another host.
    const safe = /^\/(?![/\\])/.test(path) && !/[\r\n\\]/.test(path) ? path : '/'
    this.#signIns.set(token, { madeMs: now, path: safe, used: false })
    return `${this.origin}/sign-in/${token}`
  }

  signIn(token: string): SignIn {
    const found = this.#signIns.get(token)
    if (found === undefined) return { ok: false, why: 'unknown' }
    if (found.used) return { ok: false, why: 'used' }
    if (this.#nowMs() - found.madeMs > SIGN_IN_VALID_MS) return { ok: false, why: 'late' }
    found.used = true
    return {
      ok: true,
      path: found.path,
      cookie: `${COOKIE}=${this.#makeCookie()}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${COOKIE_VALID_MS / 1000}`,
    }
  }

  /** Is this request a signed-in window's? */
  hasCookie(request: IncomingMessage): boolean {
    for (const part of (request.headers.cookie ?? '').split(/; */)) {
      const at = part.indexOf('=')
      if (at > 0 && part.slice(0, at) === COOKIE && this.#checkCookie(part.slice(at + 1))) return true
    }
    return false
  }

  /** Is this request a program's that could read the 0600 discovery file? A browser can't add this header without our leave. */
  hasToken(request: IncomingMessage): boolean {
    const given = /^Bearer ([A-Za-z0-9_-]+)$/.exec(request.headers.authorization ?? '')?.[1]
    return given !== undefined && same(given, this.token)
  }

  #makeCookie(): string {
    const body = `${this.#nowMs().toString(36)}.${randomBytes(12).toString('base64url')}`
    return `${body}.${this.#sign(body)}`
  }
  #checkCookie(cookie: string): boolean {
    const cut = cookie.lastIndexOf('.')
    if (cut < 0 || !same(cookie.slice(cut + 1), this.#sign(cookie.slice(0, cut)))) return false
    const madeMs = Number.parseInt(cookie.split('.')[0] ?? '', 36)
    return Number.isFinite(madeMs) && this.#nowMs() - madeMs < COOKIE_VALID_MS
  }
  #sign(body: string): string {
    // The host is signed too: a cookie of another instance with a copied state folder means nothing here.
    return createHmac('sha256', this.#identity.cookieKey).update(`${this.#identity.label} ${body}`).digest('base64url')
  }
}
