import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { architectures, type Architecture, type DebianPackage, type Lock, type NodePackage } from './lock.ts'
import { mirrorOf } from './mirror.ts'
import { platforms } from './platform.ts'

const run = promisify(execFile)

/** Debian's packages whose files Node needs, and the one that has the licences of some. */
const packages = ['gcc-12-base', 'libc6', 'libgcc-s1', 'libstdc++6']

/** The release of Debian that they are taken from. */
const debian = { codename: 'bookworm', version: '12' }

/** Returns apt's sources: the mirrors that this machine uses, and nothing else of its configuration. */
const sources = async (): Promise<string> => {
  const suites = {
    debian: [debian.codename, `${debian.codename}-updates`],
    'debian-security': [`${debian.codename}-security`],
  }
  const stanzas = Object.entries(suites).map(
    async ([archive, names]) => `Types: deb
URIs: ${await mirrorOf(archive)}
Suites: ${names.join(' ')}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`,
  )
  return (await Promise.all(stanzas)).join('\n')
}

/** Asks npm and Debian's mirror for the newest packages: of Node, that of `nodeVersion`. */
export const newestLock = async (nodeVersion: string, date: string): Promise<Lock> => {
  const parts = await Promise.all(
    architectures.map(async architecture => ({
      node: await nodePackage(platforms[architecture].nodePackage, nodeVersion),
      debian: await debianPackages(architecture),
    })),
  )
  const [amd64, arm64] = parts
  if (amd64 === undefined || arm64 === undefined) throw new Error('an architecture is missing')
  return { date, debian, parts: { amd64, arm64 } }
}

const nodePackage = async (name: string, version: string): Promise<NodePackage> => {
  const { stdout } = await run('npm', ['view', `${name}@${version}`, 'dist.integrity'])
  return { package: name, version, integrity: stdout.trim() }
}

/** Asks with an apt configuration of its own, so that nothing of this machine changes. apt checks the signatures. */
const debianPackages = async (architecture: Architecture): Promise<readonly DebianPackage[]> => {
  const work = await mkdtemp(join(tmpdir(), 'receiver-hooks-apt-'))
  try {
    for (const folder of ['lists/partial', 'cache/archives/partial', 'sources']) {
      await mkdir(join(work, folder), { recursive: true })
    }
    await writeFile(join(work, 'sources/debian.sources'), await sources())
    const config = join(work, 'apt.conf')
    await writeFile(config, configuration(work, architecture))
    const env = { ...process.env, APT_CONFIG: config }
    await run('apt-get', ['update'], { env })
    const { stdout } = await run('apt-get', ['download', '--print-uris', ...packages], { env })
    return packages.map(name => printed(stdout, name))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

const configuration = (work: string, architecture: Architecture): string =>
  Object.entries({
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Dir::State::lists': join(work, 'lists'),
    'Dir::State::status': '/dev/null',
    'Dir::Cache': join(work, 'cache'),
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': join(work, 'sources'),
  })
    .map(([name, value]) => `${name} "${value}";\n`)
    .join('')

/** Finds a package in lines such as `'http://…' libc6_2.36-9_amd64.deb 2759320 SHA256:8d98…`. */
const printed = (lines: string, name: string): DebianPackage => {
  for (const line of lines.split('\n')) {
    const [, url, file, sha256] = /^'(\S+)' (\S+) \d+ SHA256:([0-9a-f]{64})$/.exec(line) ?? []
    const [found, version] = file?.split('_') ?? []
    const [path] = /debian(-security)?\/pool\/.*$/.exec(url ?? '') ?? []
    if (found === name && version !== undefined && path !== undefined && sha256 !== undefined) {
      return { name, version: decodeURIComponent(version), path, sha256 }
    }
  }
  throw new Error(`apt knows no ${name}: it printed ${lines}`)
}
