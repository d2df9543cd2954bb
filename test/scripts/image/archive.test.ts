import { expect, it } from 'vitest'
import { gzipped, tar, untar } from '../../../scripts/image/archive.ts'
import { file, folder, type Entry } from '../../../scripts/image/entry.ts'

const time = new Date('2026-01-02T03:04:05Z')
const entries: readonly Entry[] = [
  file('usr/bin/program', 'code', 0o755),
  { kind: 'link', path: 'usr/lib/name', target: 'other' },
  folder('tmp', 0o1777),
  file('etc/passwd', 'root'),
]

it('gives the same bytes for the same entries, in any order', async () => {
  const bytes = await tar(entries, time)
  expect((await tar(entries.toReversed(), time)).equals(bytes)).toBe(true)
  expect((await gzipped(bytes)).equals(await gzipped(bytes))).toBe(true)
})

it('writes every entry as root, at the time it is given, after the folders that lead to it', async () => {
  const read = await untar(await tar(entries, time))
  expect(read.map(({ header: { name, mode, type } }) => [name, mode, type])).toEqual([
    ['etc/', 0o755, 'directory'],
    ['etc/passwd', 0o644, 'file'],
    ['tmp/', 0o1777, 'directory'],
    ['usr/', 0o755, 'directory'],
    ['usr/bin/', 0o755, 'directory'],
    ['usr/bin/program', 0o755, 'file'],
    ['usr/lib/', 0o755, 'directory'],
    ['usr/lib/name', 0o777, 'symlink'],
  ])
  for (const { header } of read) expect(header).toMatchObject({ uid: 0, gid: 0, mtime: time })
  expect(read.find(({ header }) => header.name === 'usr/bin/program')?.content.toString()).toBe('code')
})

it('refuses two entries of one path', async () => {
  await expect(tar([file('a', '1'), file('a', '2')], time)).rejects.toThrow('a twice')
})
