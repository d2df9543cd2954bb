import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { at, isObject, stringAt } from '../../src/api/json.ts'

/** What envtest publishes: an archive for each Kubernetes version and platform, with its SHA-512. */
export const envtestIndex =
  'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml'

/** Where the host cannot be reached, this is all the time that it costs, in milliseconds. */
const indexWithinMs = 4000

/** A download that brings nothing for so long is given up, in milliseconds. */
const stalledAfterMs = 10_000

/** How often a download says how far it is, in milliseconds. */
const progressEveryMs = 20_000

/**
 * Downloads envtest's binaries into `folder`: there whole and as published, or not at all. Takes the newest of the
 * same minor version as `pinned` that is no newer than it. Throws an error that says why there are none.
 */
export const downloadEnvtest = async (
  index: string,
  pinned: string,
  folder: string,
  say: (line: string) => void,
): Promise<void> => {
  const { hash, link } = archiveIn(await textOf(index), pinned)
  await mkdir(dirname(folder), { recursive: true })
  const work = await mkdtemp(`${folder}.making-`)
  try {
    const file = join(work, 'archive.tar.gz')
    if ((await fetchInto(file, link, say)) !== hash) throw new Error(`${link} has not the SHA-512 that ${index} says`)
    const unpacked = join(work, 'unpacked')
    await mkdir(unpacked)
    // They are in controller-tools/envtest.
    await promisify(execFile)('tar', ['-xzf', file, '-C', unpacked, '--strip-components=2'])
    await rename(unpacked, folder)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

const textOf = async (index: string): Promise<string> => {
  const response = await fetch(index, { signal: AbortSignal.timeout(indexWithinMs) })
  if (!response.ok) throw new Error(`${index} answered ${response.status}`)
  return await response.text()
}

interface Archive {
  readonly hash: string
  readonly link: string
}

const archiveIn = (index: string, pinned: string): Archive => {
  const [major, minor, newest] = pinned.split('.').map(Number)
  const releases = at(parse(index), 'releases')
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const patches = Object.keys(isObject(releases) ? releases : {})
    .map(release => /^v(\d+)\.(\d+)\.(\d+)$/.exec(release)?.slice(1).map(Number) ?? [])
    .flatMap(([ofMajor, ofMinor, patch]) =>
      ofMajor === major && ofMinor === minor && patch !== undefined ? patch : [],
    )
    .filter(patch => newest !== undefined && patch <= newest)
    .toSorted((a, b) => b - a)
  for (const patch of patches) {
    const release = `v${major}.${minor}.${patch}`
    const name = `envtest-${release}-${process.platform}-${architecture}.tar.gz`
    const [hash, link] = ['hash', 'selfLink'].map(member => stringAt(releases, release, name, member))
    if (hash !== undefined && link !== undefined) return { hash, link }
  }
  throw new Error(`envtest publishes no ${major}.${minor} up to ${pinned} for ${process.platform} ${architecture}`)
}

/** Writes what is at `link` to a file, and resolves with its SHA-512. */
const fetchInto = async (file: string, link: string, say: (line: string) => void): Promise<string> => {
  const stalled = new AbortController()
  const watchdog = setTimeout(() => {
    stalled.abort(new Error(`${link} brought nothing for ${stalledAfterMs / 1000} s`))
  }, stalledAfterMs)
  let bytes = 0
  const progress = setInterval(() => say(`${Math.round(bytes / 1e6)} MB so far`), progressEveryMs)
  const hash = createHash('sha512')
  const measure = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      watchdog.refresh()
      bytes += chunk.length
      hash.update(chunk)
      done(null, chunk)
    },
  })
  try {
    const response = await fetch(link, { signal: stalled.signal })
    if (!response.ok || response.body === null) throw new Error(`${link} answered ${response.status}`)
    await pipeline(Readable.fromWeb(response.body), measure, createWriteStream(file))
    return hash.digest('hex')
  } finally {
    clearTimeout(watchdog)
    clearInterval(progress)
  }
}
