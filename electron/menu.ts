// The system's menu on macOS, where an app without one has no copy and paste. On Linux and Windows there is none: the page has it all.
import { app, BrowserWindow, Menu, type MenuItemConstructorOptions } from 'electron'

export function setMenu(): void {
  if (process.platform !== 'darwin') {
    Menu.setApplicationMenu(null)
    return
  }
  const send = (command: string) => () => BrowserWindow.getFocusedWindow()?.webContents.send('command', command)
  const template: MenuItemConstructorOptions[] = [
    { role: 'appMenu' },
    {
      label: 'File',
      submenu: [
        { label: 'New Notebook', accelerator: 'Cmd+N', click: send('ui.new-notebook') },
        { label: 'Open Folder…', accelerator: 'Cmd+O', click: send('ui.open-folder') },
        { role: 'recentDocuments', submenu: [{ role: 'clearRecentDocuments' }] },
        { type: 'separator' },
        { role: 'close' },
      ],
    },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        { label: 'Command Palette…', accelerator: 'Cmd+Shift+P', click: send('ui.commands') },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
  ]
  app.setName('Updraft')
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
}
