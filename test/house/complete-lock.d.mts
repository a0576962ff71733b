export interface LockedPackage {
  version?: string
  resolved?: string
  integrity?: string
  optionalDependencies?: Record<string, string>
}
export function holes(packages: Record<string, LockedPackage>): { name: string; entry: LockedPackage }[]
