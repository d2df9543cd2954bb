import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { at, parseJson, stringAt } from '../../src/api/json.ts'

/** Where a release is, where it goes, and who signs it. */
export interface Publication {
  readonly version: string
  /** The folder that `npm run release` has made. */
  readonly folder: string
  /** The host and the path below which the images and charts of the project are. */
  readonly registry: string
  /** The private key that signs. Without one, the identity of the CI job signs, by a certificate of Sigstore. */
  readonly key?: string
}

/** The digests of what was published. */
export interface Published {
  readonly image: string
  readonly chart: string
}

/** Runs a program, and resolves with what it printed. Rejects with what it complained about. */
export type Run = (program: string, args: readonly string[]) => Promise<string>

const runFile = promisify(execFile)

export const runProgram: Run = async (program, args) =>
  (await runFile(program, [...args], { maxBuffer: 1 << 26 })).stdout.trim()

/** Returns by what cosign signs. A key of a file has no certificate, so nothing is sent to Sigstore for it. */
const signerFlags = (key: string | undefined): readonly string[] =>
  key === undefined ? ['--yes'] : ['--yes', '--key', key, '--tlog-upload=false', '--use-signing-config=false']

/**
 * Publishes the image, its SBOMs and the chart, and signs them and the checksums. Does only what is still missing, so that
 * a release that broke off can be published again. Throws where a tag exists with other content: a version never changes.
 */
export const publish = async (publication: Publication, run: Run): Promise<Published> => {
  const { folder, key, registry, version } = publication
  await checkSums(folder)
  const work = await mkdtemp(join(tmpdir(), 'receiver-hooks-publish-'))
  try {
    const images = await unpacked(join(folder, `receiver-hooks-${version}-image.tar`), join(work, 'image'), run)
    const charts = await unpacked(join(folder, `receiver-hooks-chart-${version}-oci.tar`), join(work, 'chart'), run)
    const image = `${registry}/receiver-hooks`
    const chart = `${registry}/charts/receiver-hooks`
    await push(images, image, version, run)
    await push(charts, chart, version, run)
    const flags = signerFlags(key)
    await run('cosign', ['sign', '--recursive', ...flags, `${image}@${images.digest}`])
    for (const [architecture, digest] of await platformsOf(images)) {
      const predicate = join(folder, `receiver-hooks-${version}-${architecture}.cdx.json`)
      const attest = ['attest', '--type', 'cyclonedx', '--predicate', predicate]
      await run('cosign', [...attest, ...flags, `${image}@${digest}`])
    }
    await run('cosign', ['sign', ...flags, `${chart}@${charts.digest}`])
    const sums = join(folder, 'SHA256SUMS')
    await run('cosign', ['sign-blob', ...flags, '--bundle', `${sums}.sigstore.json`, sums])
    return { image: images.digest, chart: charts.digest }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** An image layout in a folder, and the digest of what it names. */
interface Unpacked {
  readonly folder: string
  readonly digest: string
}

const unpacked = async (archive: string, folder: string, run: Run): Promise<Unpacked> => {
  await mkdir(folder)
  await run('tar', ['-xf', archive, '-C', folder])
  const [first] = manifestsIn(parseJson(await readFile(join(folder, 'index.json'), 'utf8')))
  return { folder, digest: stringAt(first, 'digest') ?? '' }
}

const manifestsIn = (index: unknown): readonly unknown[] => {
  const manifests = at(index, 'manifests')
  return Array.isArray(manifests) ? manifests : []
}

/** Returns the digest of the image of each architecture. */
const platformsOf = async ({ digest, folder }: Unpacked): Promise<readonly (readonly [string, string])[]> => {
  const index = parseJson(await readFile(join(folder, 'blobs/sha256', digest.replace('sha256:', '')), 'utf8'))
  return manifestsIn(index).map(
    manifest => [stringAt(manifest, 'platform', 'architecture') ?? '', stringAt(manifest, 'digest') ?? ''] as const,
  )
}

const push = async (layout: Unpacked, repository: string, tag: string, run: Run): Promise<void> => {
  const reference = `${repository}:${tag}`
  const present = await digestAt(reference, run)
  if (present === layout.digest) return
  if (present !== undefined) throw new Error(`${reference} is already ${present}: give the release a new version`)
  await run('crane', ['push', layout.folder, reference])
  const pushed = await digestAt(reference, run)
  if (pushed !== layout.digest) throw new Error(`${reference} must be ${layout.digest}, and is ${pushed ?? 'absent'}`)
}

/** Returns the digest that a tag has in the registry, or undefined where the registry has no such tag. */
const digestAt = async (reference: string, run: Run): Promise<string | undefined> => {
  try {
    return await run('crane', ['digest', reference])
  } catch (error) {
    if (/MANIFEST_UNKNOWN|NAME_UNKNOWN/.test(String(error))) return undefined
    throw error
  }
}

/** Throws where a file of the release is not the one that its checksums name. */
const checkSums = async (folder: string): Promise<void> => {
  for (const line of (await readFile(join(folder, 'SHA256SUMS'), 'utf8')).trim().split('\n')) {
    const [sum, name = ''] = line.split('  ')
    const hash = createHash('sha256')
      .update(await readFile(join(folder, name)))
      .digest('hex')
    if (hash !== sum) throw new Error(`${name} is not the file that SHA256SUMS names: make the release again`)
  }
}
