// A codicon by name. Decoration only: what it means is said in words by whoever shows it.
import type { ReactNode } from 'react'

export const Icon = ({ name, className = '' }: { readonly name: string; readonly className?: string }): ReactNode => (
  <span className={`codicon codicon-${name} ${className}`} aria-hidden="true" />
)

const byEnding: { readonly [ending: string]: string } = {
  ipynb: 'notebook',
  py: 'file-code',
  pyi: 'file-code',
  ts: 'file-code',
  tsx: 'file-code',
  js: 'file-code',
  mjs: 'file-code',
  sh: 'terminal',
  rs: 'file-code',
  c: 'file-code',
  cpp: 'file-code',
  md: 'markdown',
  json: 'json',
  jsonc: 'json',
  jsonl: 'json',
  yaml: 'settings',
  yml: 'settings',
  toml: 'settings',
  ini: 'settings',
  cfg: 'settings',
  png: 'file-media',
  jpg: 'file-media',
  jpeg: 'file-media',
  gif: 'file-media',
  svg: 'file-media',
  webp: 'file-media',
  pdf: 'file-pdf',
  zip: 'file-zip',
  gz: 'file-zip',
  tar: 'file-zip',
  zst: 'file-zip',
  parquet: 'database',
  csv: 'table',
  tsv: 'table',
  sqlite: 'database',
  log: 'output',
  txt: 'file-text',
}
/** The icon of a file by its name. */
export const fileIcon = (name: string): string => byEnding[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] ?? 'file'
