import { join, posix } from 'node:path'
import type { Archived } from './archive.ts'
import { file, folder, type Entry } from './entry.ts'
import { imageLock, type Architecture, type DebianPackage } from './lock.ts'
import { platforms } from './platform.ts'
import { unpackDebian, unpackNode, type Unpacked } from './sources.ts'

/** The libraries that Node is linked with. A test asks the executable for them. */
const libraries: readonly string[] = [
  'libc.so.6',
  'libdl.so.2',
  'libgcc_s.so.1',
  'libm.so.6',
  'libpthread.so.0',
  'libstdc++.so.6',
]

/** The default user of the program. No other program has this user. */
export const user = 65_532

/** Returns what the program runs on: Node, the C and C++ libraries, and the few files that these read. `cache` keeps downloads. */
export const runtimeLayer = async (architecture: Architecture, cache: string): Promise<readonly Entry[]> => {
  const { debian, node } = imageLock.parts[architecture]
  const archive = await unpackNode(node, cache)
  const packages = await Promise.all(debian.map(async of => ({ ...of, ...(await unpackDebian(of, cache)) })))
  const inNode = (path: string): Buffer => contentOf(archive, `package/${path}`)
  return [
    file('usr/bin/node', inNode('bin/node'), 0o755),
    file('usr/share/doc/node/LICENSE', inNode('LICENSE')),
    ...shared(architecture, packages),
    ...packages.flatMap(papers),
    ...settings,
    ...['proc', 'sys', 'dev', 'run'].map(path => folder(path)),
    folder('tmp', 0o1777),
  ]
}

/** Returns the loader and the libraries, where programs of this architecture look for them. */
const shared = (architecture: Architecture, packages: readonly Unpacked[]): readonly Entry[] => {
  const { loader, triplet } = platforms[architecture]
  const all = packages.flatMap(({ entries }) => entries)
  const inFolder = (folder: string): readonly Entry[] =>
    libraries.flatMap(name => {
      const path = `${folder}/${triplet}/${name}`
      const content = found(all, path)
      return content ? [file(path, content, 0o755)] : []
    })
  const placed = [...inFolder('lib'), ...inFolder('usr/lib')]
  if (placed.length !== libraries.length) throw new Error(`of ${libraries.join(', ')} only ${placed.length} were found`)
  return [file(loader, contentOf(all, `lib/${triplet}/${posix.basename(loader)}`), 0o755), ...placed]
}

/** Returns the licence of a package, and its paragraph of the package database: without that no scanner sees what is in here. */
const papers = ({ control, entries, name }: DebianPackage & Unpacked): readonly Entry[] => [
  licence(name, entries),
  file(`var/lib/dpkg/status.d/${name}`, control),
]

/** Returns the licence of a package. Packages of one source share a folder, to which the others have a link. */
const licence = (name: string, entries: readonly Archived[]): Entry => {
  const folder = `usr/share/doc/${name}`
  const shared = entries.find(({ header }) => header.type === 'symlink' && join('/', header.name) === `/${folder}`)
  if (shared) return { kind: 'link', path: folder, target: shared.header.linkname }
  return file(`${folder}/copyright`, contentOf(entries, `${folder}/copyright`))
}

const settings: readonly Entry[] = [
  file(
    'etc/passwd',
    ['root:x:0:0:root:/:/sbin/nologin', `nonroot:x:${user}:${user}:nonroot:/tmp:/sbin/nologin`, ''].join('\n'),
  ),
  file('etc/group', ['root:x:0:', `nonroot:x:${user}:`, ''].join('\n')),
  file('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
  file(
    'etc/os-release',
    [
      `PRETTY_NAME="Debian GNU/Linux ${imageLock.debian.version} (${imageLock.debian.codename})"`,
      'NAME="Debian GNU/Linux"',
      'ID=debian',
      `VERSION_ID="${imageLock.debian.version}"`,
      `VERSION_CODENAME=${imageLock.debian.codename}`,
      '',
    ].join('\n'),
  ),
]

/** Finds a file in an archive, through links. */
const found = (archive: readonly Archived[], path: string): Buffer | undefined => {
  const entry = archive.find(({ header }) => join('/', header.name) === `/${path}`)
  if (entry?.header.type !== 'symlink') return entry?.content
  return found(archive, posix.join(posix.dirname(path), entry.header.linkname))
}

const contentOf = (archive: readonly Archived[], path: string): Buffer => {
  const content = found(archive, path)
  if (content === undefined) throw new Error(`the package has no ${path}`)
  return content
}
