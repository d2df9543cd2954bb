/** A file, folder or link of a file system, by its path without a leading slash. Everything belongs to root. */
export type Entry = FileEntry | FolderEntry | LinkEntry

export interface FileEntry {
  readonly kind: 'file'
  readonly path: string
  readonly mode: number
  readonly content: Uint8Array
}

interface FolderEntry {
  readonly kind: 'folder'
  readonly path: string
  readonly mode: number
}

interface LinkEntry {
  readonly kind: 'link'
  readonly path: string
  readonly target: string
}

/** Makes an entry of a file that anybody may read. */
export const file = (path: string, content: string | Uint8Array, mode = 0o644): FileEntry => ({
  kind: 'file',
  path,
  mode,
  content: typeof content === 'string' ? Buffer.from(content) : content,
})

export const folder = (path: string, mode = 0o755): FolderEntry => ({ kind: 'folder', path, mode })

/** Sorts entries by path and adds the folders that lead to them. Throws where two have one path. */
export const complete = (entries: readonly Entry[]): readonly Entry[] => {
  const byPath = new Map<string, Entry>()
  for (const entry of entries) {
    if (byPath.has(entry.path)) throw new Error(`the image would have ${entry.path} twice`)
    byPath.set(entry.path, entry)
  }
  for (const { path } of entries) {
    const names = path.split('/').slice(0, -1)
    for (const index of names.keys()) {
      const parent = names.slice(0, index + 1).join('/')
      if (!byPath.has(parent)) byPath.set(parent, folder(parent))
    }
  }
  return [...byPath.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}
