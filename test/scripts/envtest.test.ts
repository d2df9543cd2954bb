import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { downloadEnvtest } from '../../scripts/cluster/envtest.ts'
import { listen } from '../../src/environment/listen.ts'

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'envtest-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Returns an archive as envtest publishes it, with one binary that says its version. */
const archiveOf = (version: string): Buffer => {
  const folder = newFolder()
  mkdirSync(join(folder, 'controller-tools/envtest'), { recursive: true })
  writeFileSync(join(folder, 'controller-tools/envtest/kube-apiserver'), version)
  return execFileSync('tar', ['-czf', '-', '-C', folder, 'controller-tools'])
}

/** Returns a site that publishes these versions; `tampered` says which of them are not what their SHA-512 says. */
const site = async (versions: readonly string[], tampered: readonly string[] = []): Promise<string> => {
  const archives = new Map(versions.map(version => [`/${version}`, archiveOf(version)]))
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
  const server = createServer((request, response) => {
    const archive = archives.get(request.url ?? '')
    if (request.url === '/index') response.end(index())
    else response.writeHead(archive ? 200 : 404).end(archive)
  })
  const origin = `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0 })}`
  onTestFinished(() => void server.close())
  const index = (): string => {
    const releases = versions.map(version => {
      const content = tampered.includes(version) ? '' : (archives.get(`/${version}`) ?? '')
      const hash = createHash('sha512').update(content).digest('hex')
      return [
        `v${version}`,
        { [`envtest-v${version}-${platform}.tar.gz`]: { hash, selfLink: `${origin}/${version}` } },
      ] as const
    })
    return stringify({ releases: Object.fromEntries(releases) })
  }
  return `${origin}/index`
}

/** Returns where a download is to end, and what was left next to it. */
const place = () => {
  const folder = join(newFolder(), 'cache', 'envtest-1.36')
  return { folder, left: () => readdirSync(dirname(folder)) }
}

const silent = (): void => undefined

it.each([
  { published: ['1.35.9', '1.36.0', '1.36.2', '1.36.10', '1.37.0'], pinned: '1.36.3', taken: '1.36.2' },
  { published: ['1.36.9', '1.36.10', '1.36.11'], pinned: '1.36.10', taken: '1.36.10' },
])('of $published takes $taken where $pinned is pinned', async ({ pinned, published, taken }) => {
  const { folder, left } = place()
  await downloadEnvtest(await site(published), pinned, folder, silent)
  expect(readFileSync(join(folder, 'kube-apiserver'), 'utf8')).toBe(taken)
  expect(left()).toEqual(['envtest-1.36'])
})

it('takes nothing that has another SHA-512 than is published, and leaves nothing behind', async () => {
  const { folder, left } = place()
  const index = await site(['1.36.2'], ['1.36.2'])
  await expect(downloadEnvtest(index, '1.36.3', folder, silent)).rejects.toThrow('has not the SHA-512')
  expect(left()).toEqual([])
})

it.each([
  ['only other versions are published', ['1.36.4', '1.35.1'], '/index', 'envtest publishes no 1.36 up to 1.36.3'],
  ['the index is not there', [], '/other', 'answered 404'],
])('says so when %s', async (_name, versions, path, message) => {
  const index = (await site(versions)).replace('/index', path)
  await expect(downloadEnvtest(index, '1.36.3', place().folder, silent)).rejects.toThrow(message)
})

it('gives up at once where nobody listens', async () => {
  await expect(downloadEnvtest('http://127.0.0.1:1/index', '1.36.3', place().folder, silent)).rejects.toThrow(
    'fetch failed',
  )
})
