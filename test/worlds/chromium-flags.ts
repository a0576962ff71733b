// How every test starts Debian's Chromium: as root without its sandbox (the desktop tests have it on), without a GPU, and without the background
// traffic that a closed network refuses many times a second.
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
