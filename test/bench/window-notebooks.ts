// Notebooks of the window's figures, the same for a seed: 70 % code of 3–25 lines, 30 % markdown; one code cell in six has printed some
// lines, one in forty four hundred.
import { writeFileSync } from 'node:fs'

const CODE = [
  'import numpy as np',
  'def step(model, batch, *, lr: float = 1e-3) -> float:',
  '    """One optimiser step; returns the loss."""',
  '    for i, (x, y) in enumerate(batch):',
  '        out = model(x).sum()  # forward',
  "        print(f'{i:05d} loss={float(out):.4f}')",
  '    return out.item()',
  '@ray.remote(num_gpus=1, max_retries=3)',
  'class Trainer(Base):',
  '    def __init__(self, cfg: dict[str, int] | None = None):',
  '        self.cfg = {**(cfg or {}), "seed": 42}',
  'results = ray.get([train.remote(i) for i in range(64)])',
  '%timeit -n 10 step(model, batch)',
  'df.groupby("host").agg({"util": ["mean", "max"]}).head(20)',
  '',
]

type Written = Record<string, unknown>
const split = (text: string): string[] => text.split(/(?<=\n)/)
const code = (id: string, source: string, printed: string, count: number | null): Written => ({
  cell_type: 'code',
  execution_count: count,
  id,
  metadata: {},
  outputs: printed === '' ? [] : [{ name: 'stdout', output_type: 'stream', text: split(printed) }],
  source: split(source),
})

function write(file: string, cells: readonly Written[]): void {
  const metadata = {
    kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' },
    language_info: { name: 'python' },
  }
  writeFileSync(file, `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`)
}

export function writeManyCells(file: string, seed: number, count = 5000): void {
  let s = seed
  const random = () => {
    s = (Math.imul(s, 1_103_515_245) + 12_345) & 0x7fffffff
    return s / 0x7fffffff
  }
  const int = (a: number, b: number) => a + Math.floor(random() * (b - a + 1))
  const cells = Array.from({ length: count }, (_, i): Written => {
    if (i > 0 && random() < 0.3) {
      const more = Array.from(
        { length: int(0, 5) },
        (_, k) => `Some *text* with \`code\` and a [link](https://x.y/${i}) number ${k}.`,
      )
      return { cell_type: 'markdown', id: `c${i}`, metadata: {}, source: split([`## Section ${i}`, ...more].join('\n')) }
    }
    const source = Array.from({ length: int(3, 25) }, () => CODE[int(0, CODE.length - 1)]).join('\n')
    const lines = random() < 1 / 6 ? int(1, 8) : random() < 1 / 40 ? 400 : 0
    const printed = Array.from(
      { length: lines },
      (_, k) => `[rank ${k % 8}] step ${k} loss=${random().toFixed(4)} tokens/s=${int(1e3, 9e4)}\n`,
    ).join('')
    return code(`c${i}`, source, printed, lines > 0 ? i : null)
  })
  write(file, cells)
}

/** 200 cells that printed half a megabyte each: 100 MB of text that is whole in the file. */
export function writeLargeOutputs(file: string): void {
  const line = (cell: number, i: number) =>
    `[rank ${i % 8}] cell ${cell} step ${i} loss=${(1 / (i + 1)).toFixed(6)} ${'.'.repeat(40)}\n`
  const cells = Array.from({ length: 200 }, (_, c) => {
    let printed = ''
    for (let i = 0; printed.length < 500_000; i++) printed += line(c, i)
    return code(`big${c}`, `train(${c})`, printed, c + 1)
  })
  write(file, cells)
}

export const writeCells = (file: string, sources: Readonly<Record<string, string>>): void =>
  write(
    file,
    Object.entries(sources).map(([id, source]) => code(id, source, '', null)),
  )
