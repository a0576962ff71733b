// Where the cursor shall be when a cell's editor comes up.
/** Where the cursor shall be when the editor comes up: set by a click into static code, by find, by arrow keys. */
export const arrivals = new Map<
  string,
  { readonly line: number; readonly column: number; readonly endColumn?: number } | 'end' | 'start'
>()
