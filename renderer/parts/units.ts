// Numbers as people read them: with their unit, thin groups, and never more digits than they carry. Pure.

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const

/** 0 B, 812 B, 4.2 KB, 13.5 GB. Powers of 1000, as disks and `ls -H` count them. */
export function bytes(n: number): string {
  let unit = 0
  let value = Math.abs(n)
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${n < 0 ? '-' : ''}${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

/** 340 ms, 1.9 s, 41 s, 6 m 41 s, 3 h 12 m, 2 d 4 h. */
export function duration(ms: number): string {
  if (ms < 0) return '0 s'
  if (ms < 1000) return `${Math.round(ms)} ms`
  const s = ms / 1000
  if (s < 9.95) return `${s.toFixed(1)} s`
  if (s < 59.5) return `${Math.round(s)} s`
  const whole = Math.round(s)
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} m`
  return `${Math.floor(minutes / 1440)} d ${Math.floor(minutes / 60) % 24} h`
}

/** A clock that ticks in whole seconds, for waits: 0 s, 12 s, 1 m 4 s. */
export const clock = (ms: number): string =>
  ms < 60_000 ? `${Math.max(0, Math.floor(ms / 1000))} s` : duration(Math.floor(ms / 1000) * 1000)

/** just now, 12 s ago, 4 m ago, 3 h ago, 2 d ago. */
export function age(ms: number): string {
  const s = Math.floor(ms / 1000)
  if (s < 2) return 'just now'
  if (s < 60) return `${s} s ago`
  if (s < 3600) return `${Math.floor(s / 60)} m ago`
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`
  return `${Math.floor(s / 86_400)} d ago`
}

/** 18 204: thin spaces between thousands. */
export const count = (n: number): string => String(Math.round(n)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009')

/** "10 000 of 48 211" when something is cut, "48 211" when not. */
export const ofTotal = (shown: number, total: number): string =>
  shown < total ? `${count(shown)} of ${count(total)}` : count(total)

export const percent = (n: number): string => `${Math.round(n)} %`

/** "1 file", "3 files". */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`
