// Which language a file is in, by its name: the editor's language ids.
const BY_ENDING: Readonly<Record<string, string>> = {
  py: 'python',
  pyi: 'python',
  ipynb: 'json',
  json: 'json',
  jsonc: 'json',
  yaml: 'yaml',
  yml: 'yaml',
  toml: 'ini',
  ini: 'ini',
  cfg: 'ini',
  md: 'markdown',
  sh: 'shell',
  bash: 'shell',
  sbatch: 'shell',
  slurm: 'shell',
  js: 'javascript',
  mjs: 'javascript',
  ts: 'typescript',
  tsx: 'typescript',
  css: 'css',
  html: 'html',
  sql: 'sql',
  cpp: 'cpp',
  cc: 'cpp',
  cu: 'cpp',
  h: 'cpp',
  hpp: 'cpp',
  c: 'c',
  rs: 'rust',
  go: 'go',
  dockerfile: 'dockerfile',
  xml: 'xml',
}

export function languageOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
  return BY_ENDING[name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : name] ?? 'plaintext'
}
