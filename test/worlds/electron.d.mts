export const VERSION: string
export function getElectron(folder: string, python?: string): string
export function writeLauncher(folder: string): void
