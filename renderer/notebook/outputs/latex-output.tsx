// text/latex of a kernel (sympy, IPython.display.Math) by KaTeX. What it can't read stays as text.
import { type ReactNode, useLayoutEffect, useRef } from 'react'
import { renderTex } from '../markdown.ts'

export function LatexOutput({ tex }: { readonly tex: string }): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (box.current === null) return
    const bare = tex.trim().replace(/^(\$\$?|\\\[|\\\()([\s\S]*?)(\$\$?|\\\]|\\\))$/, '$2')
    renderTex(bare, box.current, !/^\$[^$]/.test(tex.trim()) || tex.includes('\\displaystyle'))
  }, [tex])
  return <div ref={box} className="out-latex" />
}
