import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { untar, type Archived } from './archive.ts'
import type { DebianPackage, NodePackage } from './lock.ts'
import { mirrorOf } from './mirror.ts'

const run = promisify(execFile)
const inflate = promisify(gunzip)

/** What a package of Debian's holds, and what it says of itself. */
export interface Unpacked {
  readonly entries: readonly Archived[]
  /** Its paragraph of the package database, as scanners look for it. */
  readonly control: string
}

/** Returns the entries of the npm package that carries Node. Throws where it is not what the lock says. */
export const unpackNode = async (wanted: NodePackage, cache: string): Promise<readonly Archived[]> => {
  const { integrity, package: name, version } = wanted
  const path = await cached(cache, `${name}-${version}.tgz`, async work => {
    await run('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', work])
  })
  const archive = await readFile(path)
  check(path, archive, 'sha512', 'base64', integrity.replace(/^sha512-/, ''))
  return await untar(await inflate(archive))
}

/** Returns what is in a package of Debian's. Throws where it is not what the lock says, or where the mirror has it no more. */
export const unpackDebian = async (wanted: DebianPackage, cache: string): Promise<Unpacked> => {
  const { name, sha256, version } = wanted
  const path = await cached(cache, `${sha256}.deb`, async work => {
    const url = await urlOf(wanted)
    try {
      await run('/usr/lib/apt/apt-helper', ['download-file', url, join(work, 'package.deb'), `SHA256:${sha256}`])
    } catch (error) {
      throw new Error(whyNot(error, `${name} ${version}`, url), { cause: error })
    }
  })
  check(path, await readFile(path), 'sha256', 'hex', sha256)
  const options = { encoding: 'buffer', maxBuffer: 1 << 28 } as const
  const { stdout: archive } = await run('dpkg-deb', ['--fsys-tarfile', path], options)
  const { stdout: control } = await run('dpkg-deb', ['--field', path])
  return { entries: await untar(archive), control }
}

const urlOf = async ({ path }: DebianPackage): Promise<string> => {
  const [archive = '', ...rest] = path.split('/')
  return `${await mirrorOf(archive)}${rest.join('/')}`
}

const whyNot = (error: unknown, what: string, url: string): string => {
  const said = error instanceof Error ? error.message : String(error)
  return said.includes('404')
    ? `${what} has left the mirror (${url}): run "npm run image:lock" and commit what it changes`
    : `${what} could not be downloaded: ${said}`
}

/** Returns a file of the cache, which `make` puts alone into a folder where it is not there yet. There whole, or not at all. */
const cached = async (cache: string, name: string, make: (work: string) => Promise<void>): Promise<string> => {
  const path = join(cache, name)
  if (existsSync(path)) return path
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, '.making-'))
  try {
    await make(work)
    const [made] = await readdir(work)
    if (made === undefined) throw new Error(`nothing was downloaded for ${name}`)
    await rename(join(work, made), path)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return path
}

const check = (
  path: string,
  content: Uint8Array,
  algorithm: string,
  encoding: 'base64' | 'hex',
  expected: string,
): void => {
  const found = createHash(algorithm).update(content).digest(encoding)
  if (found !== expected) {
    throw new Error(`${path} has ${algorithm} ${found}, and the lock says ${expected}: remove it, and run this again`)
  }
}
