// Links in outputs and markdown: nothing is opened before the whole address was shown and the user said yes. Only web and mail addresses.
import { createElement } from 'react'
import { ask } from '../../parts/dialog.tsx'
import { go } from '../../parts/go.ts'

/** The address as it is (a browser would show punycode), or undefined when it may not be opened at all. */
export function safeAddress(href: string): URL | undefined {
  try {
    const url = new URL(href)
    return url.protocol === 'http:' || url.protocol === 'https:' || url.protocol === 'mailto:' ? url : undefined
  } catch {
    return undefined
  }
}

/** Shows where a link leads and opens it when the user agrees. A relative path is a file of the workspace, beside the notebook. */
export async function followLink(href: string, folder = ''): Promise<void> {
  const url = safeAddress(href)
  if (url === undefined) {
    if (/^[a-z][a-z0-9+.-]*:/i.test(href) || href.startsWith('//')) return void (await refuse(href))
    return go({ kind: 'file', path: joined(folder, decodeURI(href.split('#')[0] ?? href)) })
  }
  const odd = /(^|\.)xn--/.test(url.hostname)
    ? ' Its name is written with letters of another script and may only look like one you know.'
    : ''
  const hidden = url.username !== '' || url.password !== '' ? ' It carries a user name.' : ''
  const text = createElement(
    'span',
    null,
    'It leads out of Updraft:',
    createElement('code', { className: 'address' }, url.href),
    odd + hidden,
  )
  if (
    await ask({ title: url.protocol === 'mailto:' ? 'Write a mail to this address?' : `Open ${url.host}?`, text, yes: 'Open' })
  ) {
    window.open(url.href, '_blank', 'noopener,noreferrer')
  }
}

const refuse = (href: string): Promise<boolean> =>
  ask({
    title: 'This link is not opened',
    text: createElement(
      'span',
      null,
      'Only web and mail addresses are:',
      createElement('code', { className: 'address' }, href.slice(0, 2000)),
    ),
    yes: 'Close',
  })

function joined(folder: string, path: string): string {
  if (path.startsWith('/')) return path
  const parts = folder === '' ? [] : folder.split('/')
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.' && part !== '') parts.push(part)
  }
  return parts.join('/')
}
