export function readyEnvironment(kind: string): string | undefined
