// Takes secrets out of text before it is written anywhere: the values we know (tokens, cookies) and what looks like one.

const known = new Set<string>()

/** Remembers a secret of this process, so that no log, bundle or Problem can hold it. */
export function rememberSecret(secret: string): void {
  if (secret.length >= 8) known.add(secret)
}

const patterns: readonly RegExp[] = [
  /\b(authorization:?\s*(?:bearer|basic|token)\s+)[^\s"',;]+/gi,
  /\b(bearer\s+)[A-Za-z0-9._~+/=-]{16,}/gi,
  /\b((?:[A-Z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS?)[A-Z0-9_]*)["']?\s*[=:]\s*["']?)(?!\s)[^\s"',;}]+/gi,
  /(\/sign-in\/)[A-Za-z0-9_-]+/g,
  /\b()(?:ghp|gho|ghs|github_pat|glpat|xox[abps]|sk|hf|AKIA)[-_]?[A-Za-z0-9_-]{16,}/g,
  /\b(https?:\/\/[^\s/:@]+:)[^\s/@]+(?=@)/gi,
  /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?=-----END|$)/g,
]

export function redact(text: string): string {
  let out = text
  for (const secret of known) out = out.replaceAll(secret, '(removed)')
  for (const pattern of patterns) out = out.replace(pattern, '$1(removed)')
  return out
}
