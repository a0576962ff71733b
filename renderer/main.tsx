// Where the page begins: the look of last time, the link, the app. Everything that is not needed for the first paint is a lazy chunk.
import { createRoot } from 'react-dom/client'
import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import '@vscode/codicons/dist/codicon.css'
import './theme/tokens.css'
import './theme/base.css'
import './parts/controls.css'
import './parts/panels.css'
import './shell/shell.css'
import { App } from './app.tsx'
import { openEngineLink } from './link/engine-link.ts'
import { applyCachedLook } from './theme/theme.ts'

applyCachedLook()
const root = document.getElementById('root')
if (root === null) throw new Error('the page has no #root')
createRoot(root).render(<App link={openEngineLink()} />)
