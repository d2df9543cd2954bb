import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseJson, stringAt } from '../src/api/json.ts'

/** A package whose code is in a bundle. */
interface BundledPackage {
  readonly folder: string
  readonly name: string
  readonly version: string
  readonly license: string
}

/** Returns the packages that a bundle's files came from, by name. `inputs` are the paths that esbuild read. */
const packagesOf = (inputs: readonly string[]): readonly BundledPackage[] => {
  const folders = new Set(inputs.filter(path => path.includes('node_modules/')).map(folderOf))
  const found = [...folders].map((folder): BundledPackage => {
    const manifest = parseJson(readFileSync(join(folder, 'package.json'), 'utf8'))
    const [name, version, license] = ['name', 'version', 'license'].map(member => stringAt(manifest, member))
    if (name === undefined || version === undefined) throw new Error(`${folder} has no name or version`)
    return { folder, name, version, license: license ?? 'see below' }
  })
  const key = ({ name, version }: BundledPackage): string => `${name}@${version}`
  return found.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** Returns the package's folder: some have a package.json without a name further down, to say what kind of modules is there. */
const folderOf = (path: string): string => {
  let folder = dirname(path)
  while (!isPackage(folder)) folder = dirname(folder)
  return folder
}

const isPackage = (folder: string): boolean => {
  const manifest = join(folder, 'package.json')
  return existsSync(manifest) && stringAt(parseJson(readFileSync(manifest, 'utf8')), 'name') !== undefined
}

/** Returns the licence texts of every package in a bundle, as their licences require of anyone who distributes the bundle. */
export const notices = (inputs: readonly string[]): string =>
  [
    'Receiver Hooks contains the following packages. Each is followed by its licence.',
    ...packagesOf(inputs).map(({ folder, license, name, version }) =>
      [`${'='.repeat(78)}\n${name} ${version} (${license})`, ...licenceTexts(folder, name, license)].join('\n\n'),
    ),
  ].join('\n\n')

/** Returns the licence files of a package, and what its licence wants to be handed on with it. */
const licenceTexts = (folder: string, name: string, license: string): readonly string[] => {
  const files = readdirSync(folder).filter(file => /^((un)?licen[cs]e|notice|copying)/i.test(file))
  if (files.length > 0) return files.toSorted().map(file => readFileSync(join(folder, file), 'utf8').trim())
  // This text names nobody.
  if (license === 'Apache-2.0') return [readFileSync('LICENSE', 'utf8').trim()]
  const here = withoutFile.get(name)
  if (here === undefined) throw new Error(`${name} has no licence file: say in notices.ts where ${license} stands`)
  return here(folder)
}

/** Where the licence texts of some packages are: they have no licence file. */
const withoutFile = new Map<string, (folder: string) => readonly string[]>([
  [
    '@bufbuild/protobuf',
    folder => {
      const [bsd = ''] = /^(\/\/.*\n)+/.exec(readFileSync(join(folder, 'dist/esm/wire/varint.js'), 'utf8')) ?? []
      return [readFileSync('LICENSE', 'utf8').trim(), bsd.replaceAll(/^\/\/ ?/gm, '').trim()]
    },
  ],
])
