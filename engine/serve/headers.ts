// The security headers of every page, in one place. The app's policy is the one that Monaco, xterm and react-aria were proven to run under
// without a violation (Chromium 156, Electron 22): inline styles are needed (without them Monaco silently loses all syntax colours),
// inline script and eval are not; Trusted Types names the policies those libraries make.
const TRUSTED_TYPES =
  'standaloneColorizer editorViewLayer richScreenReaderContent domLineBreaksComputer defaultWorkerFactory diffReview diffEditorWidget tokenizeToString editorGhostText stickyScrollViewLayer domListLine dompurify updraft-worker updraft-html'

export function appHeaders(outOrigin: string): Record<string, string> {
  return {
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data: blob:",
      "font-src 'self' data:",
      "media-src 'self' data: blob:",
      "connect-src 'self'",
      "worker-src 'self'",
      `frame-src ${outOrigin}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      `trusted-types ${TRUSTED_TYPES}`,
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), midi=(), payment=()',
    ...plainHeaders,
  }
}

export const plainHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** For what a notebook made (blobs, images of the workspace): shown as a picture or text, never as a page of this origin. */
export const contentHeaders = {
  ...plainHeaders,
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
} as const

/** A page of words, no script at all. */
export const wordsHeaders = {
  ...plainHeaders,
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cache-control': 'no-store',
} as const

/**
 * The frame that shows notebook HTML. `sandbox allow-scripts` without allow-same-origin makes its origin opaque: no storage, no cookies, no
 * reach into anything. connect-src 'none': nothing leaves. Only the app may frame it. `scripts: false` runs our own file and nothing else.
 */
export function frameHeaders(outOrigin: string, appOrigin: string, scripts: boolean): Record<string, string> {
  return {
    'content-security-policy': [
      "default-src 'none'",
      // 'self' would mean the opaque origin in some engines; the host is said by name.
      scripts ? `script-src 'unsafe-inline' 'unsafe-eval' blob: data: ${outOrigin}` : `script-src ${outOrigin}/frame.js`,
      `style-src 'unsafe-inline' data: blob: ${outOrigin}`,
      `img-src data: blob: ${outOrigin}`,
      `font-src data: blob: ${outOrigin}`,
      'media-src data: blob:',
      scripts ? 'worker-src blob: data:' : "worker-src 'none'",
      "connect-src 'none'",
      "frame-src 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      `frame-ancestors ${appOrigin}`,
      'sandbox allow-scripts',
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // The frame's opaque origin loads these from "another" origin.
    'cross-origin-resource-policy': 'cross-origin',
    'permissions-policy':
      'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), midi=(), payment=(), clipboard-read=(), clipboard-write=(), fullscreen=()',
  }
}
