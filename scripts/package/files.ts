import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { file, type FileEntry } from '../image/entry.ts'
import { version } from '../../src/version.ts'

/** What only developers of the product read. */
const left = /\.map$|(^|\/)meta\.json$/

/** The programs: anybody may run them. */
const programs = new Set(['receiver-hooks.mjs', 'kubectl-receiverhook.mjs'])

/** Returns the bundle in a folder, without what only developers read. */
const bundleFiles = async (bundle: string): Promise<readonly FileEntry[]> => {
  const found = await readdir(bundle, { recursive: true, withFileTypes: true })
  const paths = found
    .filter(entry => entry.isFile())
    .map(entry => relative(bundle, join(entry.parentPath, entry.name)))
    .filter(path => !left.test(path))
  return await Promise.all(
    paths.map(async path => {
      const content = await readFile(join(bundle, path), 'utf8')
      // A part without a map next to it must not name one.
      const text = path.endsWith('.mjs') ? content.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n') : content
      return file(join('dist', path), text, programs.has(path) ? 0o755 : 0o644)
    }),
  )
}

/** Returns what the manifests of both npm packages have. npm compares `repository` with the place that a package with provenance was published from. */
const shared = (repository: string) => ({
  version,
  license: 'Apache-2.0',
  repository: { type: 'git', url: `git+${repository}.git` },
  // npm refuses a package that is published by hand: it has no provenance to show.
  publishConfig: { access: 'public', provenance: true },
})

/** Returns the manifest of the npm package: two names for one program, and nothing else to install, since all is bundled. */
export const npmManifest = (description: string, repository: string) => ({
  name: 'receiver-hooks',
  description,
  ...shared(repository),
  type: 'module',
  bin: { 'receiver-hooks': 'dist/receiver-hooks.mjs', 'kubectl-receiverhook': 'dist/kubectl-receiverhook.mjs' },
  files: ['dist'],
  engines: { node: '>=20' },
  keywords: ['kubernetes', 'webhook', 'autoscaling', 'alertmanager', 'kubectl-plugin'],
})

/** Returns the manifest of the npm package with the types of the resource. It has no code. */
export const typesManifest = (repository: string) => ({
  name: 'receiver-hooks-types',
  description: 'TypeScript types and JSON Schema of ReceiverHook (receiverhooks.dev)',
  ...shared(repository),
  types: 'index.d.ts',
  exports: { '.': { types: './index.d.ts' }, './schema.json': './schema.json' },
  files: ['index.d.ts', 'schema.json'],
  keywords: ['kubernetes', 'webhook', 'types'],
})

/** Returns the files of the npm package, and of Krew's archive, which is the same but for the manifest. */
export const packageFiles = async (bundle: string): Promise<readonly FileEntry[]> => {
  const notices = await readFile(join(bundle, 'NOTICES.txt'))
  return [...(await bundleFiles(bundle)), file('LICENSE', await readFile('LICENSE')), file('NOTICES.txt', notices)]
}

/** What Windows, which knows no `#!`, finds as `kubectl-receiverhook` in the unpacked archive. Krew and npm make their own. */
export const windowsLauncher = file('kubectl-receiverhook.cmd', '@node "%~dp0dist\\kubectl-receiverhook.mjs" %*\r\n')

/** Returns the files of the npm package with the types, all but its manifest. */
export const typesFiles = async (): Promise<readonly FileEntry[]> => [
  file('index.d.ts', await readFile('deploy/types/index.d.ts')),
  file('schema.json', await readFile('deploy/schema/receiverhook_v1alpha1.json')),
  file('README.md', await readFile('deploy/types/README.md')),
  file('LICENSE', await readFile('LICENSE')),
]
