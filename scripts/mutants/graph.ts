import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Finds imports, also those at run time, and the files that a thread begins with. */
const importing = /(?:from|import|new URL)\s*\(?\s*'([^']+\.tsx?)'/g

/** Finds imports of types alone: no mistake in the code reaches who makes these. */
const ofTypes = /(?:import|export) type [^']*'[^']*'/g

/** Returns the files that a file's text imports, but for their types alone. */
export const importsIn = (file: string, text: string): readonly string[] =>
  [...text.replaceAll(ofTypes, '').matchAll(importing)].map(([, path = '']) => join(dirname(file), path))

/** Returns for each file of a tree the files that import it. */
export const importersIn = (root: string, files: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const pairs = files.flatMap(file =>
    importsIn(file, readFileSync(join(root, file), 'utf8')).map(imported => ({ file, imported })),
  )
  return new Map([...Map.groupBy(pairs, ({ imported }) => imported)].map(([path, all]) => [path, all.map(p => p.file)]))
}

/** Returns every file that leads to `file` by imports, with the number of imports on the shortest way. */
export const distancesTo = (
  file: string,
  importers: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, number> => {
  const distances = new Map([[file, 0]])
  for (const [path, distance] of distances) {
    for (const importer of importers.get(path) ?? []) {
      if (!distances.has(importer)) distances.set(importer, distance + 1)
    }
  }
  return distances
}
