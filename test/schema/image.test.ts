import { describe, expect, it } from 'vitest'
import { isDigest, isPath, isTag, parseImage, parseRepository } from '../../src/api/image.ts'
import { fc, property } from '../support/property.ts'

const hex = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a'
const sha256 = `sha256:${hex}`

describe('an image', () => {
  // The examples are those of https://github.com/distribution/reference/blob/main/normalize_test.go.
  it.each([
    ['debian', 'docker.io', 'library/debian', undefined, undefined],
    ['docker/docker', 'docker.io', 'docker/docker', undefined, undefined],
    ['docker.io/debian', 'docker.io', 'library/debian', undefined, undefined],
    ['index.docker.io/library/debian', 'docker.io', 'library/debian', undefined, undefined],
    ['INDEX.docker.io/debian', 'docker.io', 'library/debian', undefined, undefined],
    ['127.0.0.1:5000/docker/docker', '127.0.0.1:5000', 'docker/docker', undefined, undefined],
    ['192.168.0.1', 'docker.io', 'library/192.168.0.1', undefined, undefined],
    ['192.168.0.1:80', 'docker.io', 'library/192.168.0.1', '80', undefined],
    ['192.168.0.1:8/debian', '192.168.0.1:8', 'debian', undefined, undefined],
    ['[fc00::1]:5000/docker', '[fc00::1]:5000', 'docker', undefined, undefined],
    ['localhost/web', 'localhost', 'web', undefined, undefined],
    [`docker.io/${hex}`, 'docker.io', `library/${hex}`, undefined, undefined],
    ['Docker/docker', 'docker', 'docker', undefined, undefined],
    ['docker---rules/dock__er', 'docker.io', 'docker---rules/dock__er', undefined, undefined],
    ['test_com/foo', 'docker.io', 'test_com/foo', undefined, undefined],
    ['xn--n3h.com:18080/foo', 'xn--n3h.com:18080', 'foo', undefined, undefined],
    [`busybox:latest@${sha256}`, 'docker.io', 'library/busybox', 'latest', sha256],
    [`ghcr.io/acme/web@${sha256}`, 'ghcr.io', 'acme/web', undefined, sha256],
    ['reg:5000/a/b/c/web:1', 'reg:5000', 'a/b/c/web', '1', undefined],
    ['Registry.Internal:5000/web:V1', 'registry.internal:5000', 'web', 'V1', undefined],
  ])('%s is read as it is pulled', (text, host, path, tag, digest) => {
    expect(parseImage(text)).toMatchObject({ host, path })
    expect(parseImage(text)?.tag).toBe(tag)
    expect(parseImage(text)?.digest).toBe(digest)
  })

  it.each([
    ...['', ' web', 'web ', 'web:', 'web:-a', 'web:1 2', 'web@', 'web@sha256:1', 'a@b@c', `web@${sha256}@${sha256}`],
    ...['https://github.com/docker/docker', 'docker/Docker', '-docker', '-docker/docker', '-docker.io/docker/docker'],
    ...['docker///docker', 'docker.io/docker/Docker', '[fc00::1]', '[fc00::1]:5000', 'fc00::1:5000/debian', 'docker/'],
    ...['[fe80::1%eth0]:5000/debian', hex, 'docker-/docker', '____/____', '_docker/_docker', 'dock..er/docker'],
    ...['dock_.er/docker', 'dock-.er/docker', 'x'.repeat(256), `h.io/${'x/'.repeat(600)}x`, 'web:x\n', 'web\n:x'],
    `web:${'x'.repeat(129)}`,
  ])('%j is none', text => {
    expect(parseImage(text)).toBeUndefined()
  })

  it('keeps its repository as it was written', () => {
    expect(parseImage('nginx:1')?.name).toBe('nginx')
    expect(parseImage(`Reg.io/a/b:1@${sha256}`)?.name).toBe('Reg.io/a/b')
  })
})

describe('tags, digests and paths', () => {
  it('a digest is no tag, and a tag no digest', () => {
    expect([isTag('1.4.2'), isTag('_x'), isTag(sha256), isTag('.x'), isTag('')]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
    expect([isDigest(sha256), isDigest('1.4.2'), isDigest(`sha512:${hex}${hex}`), isDigest(`sha512:${hex}`)]).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect([isPath('a/b'), isPath('a//b'), isPath('A'), isPath('')]).toEqual([true, false, false, false])
  })
})

const piece = fc.constantFrom('a', 'A', '0', '.', '-', '_', '/', ':', '@', '[', ']', sha256, 'docker.io', 'é', ' ')
const texts = fc.oneof(
  fc.array(piece, { maxLength: 30 }).map(pieces => pieces.join('')),
  fc.string({ maxLength: 60 }),
)

describe('an image that is read', () => {
  property('reads again as itself, in full', [texts], text => {
    const image = parseImage(text)
    if (!image) return
    const { digest, path, tag } = image
    // What is a host by its capitals alone is none in lower case.
    const host = /[.:]|^localhost$/.test(image.host) ? image.host : 'example.com'
    const full = `${host}/${path}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
    expect(parseImage(full)).toEqual({ ...image, host, name: `${host}/${path}` })
  })

  it.each(['a', '-', '_', '.', 'a-', 'a/', ':', '@', '[', 'a.', '0', '__', 'aA'])(
    'takes linear time, however often it holds %j',
    piece => {
      const measure = (length: number): number => {
        const text = `${piece.repeat(length / piece.length)}!`
        const began = process.cpuUsage()
        for (let round = 0; round < 50; round++) {
          parseRepository(text)
          isPath(text)
          isTag(text)
          isDigest(text)
        }
        const { system, user } = process.cpuUsage(began)
        return system + user
      }
      measure(1000)
      // 20,000 characters that needed quadratic time would take seconds.
      expect(measure(20_000)).toBeLessThan(1_000_000)
    },
  )
})
