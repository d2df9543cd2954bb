import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { at, isObject, parseJson, stringAt } from '../src/api/json.ts'
import { imageLock, type Architecture } from './image/lock.ts'

/**
 * Writes down what is in the image of an architecture (CycloneDX): the packages in the bundle, by what esbuild says that it
 * read, not those that are installed; and from the lock, Node and Debian's packages. The same commit gives the same text.
 */
export const imageSbom = async (architecture: Architecture, metafile: string): Promise<string> => {
  const output = join(tmpdir(), `receiver-hooks-sbom-${randomBytes(6).toString('hex')}.json`)
  try {
    const flags = ['--output-reproducible', '--gather-license-texts', '--mc-type', 'application', '--no-validate']
    await promisify(execFile)('node_modules/.bin/cyclonedx-esbuild', [...flags, '--output-file', output, metafile])
    const bundle = parseJson(await readFile(output, 'utf8'))
    if (!isObject(bundle)) throw new Error('cyclonedx-esbuild has written no object')
    const found = at(bundle, 'components')
    // What stands in the place of unused parts (bundling.ts) is no package.
    const isPackage = (component: unknown): boolean =>
      stringAt(component, 'name')?.startsWith('VirtualComponent') !== true
    const components: readonly unknown[] = Array.isArray(found) ? found.filter(isPackage) : []
    return `${JSON.stringify({ ...bundle, components: [...components, ...runtime(architecture)] }, null, 2)}\n`
  } finally {
    await rm(output, { force: true })
  }
}

const runtime = (architecture: Architecture): readonly object[] => {
  const { debian, node } = imageLock.parts[architecture]
  const distribution = `distro=debian-${imageLock.debian.version}`
  return [
    {
      type: 'application',
      name: 'node',
      version: node.version,
      purl: `pkg:generic/node@${node.version}`,
      'bom-ref': `node@${node.version}`,
      hashes: [
        { alg: 'SHA-512', content: Buffer.from(node.integrity.replace('sha512-', ''), 'base64').toString('hex') },
      ],
    },
    ...debian.map(({ name, sha256, version }) => {
      const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}&${distribution}`
      return {
        type: 'library',
        name,
        version,
        purl,
        'bom-ref': purl,
        hashes: [{ alg: 'SHA-256', content: sha256 }],
      }
    }),
  ]
}
