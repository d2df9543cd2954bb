import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { extract, pack, type Header } from 'tar-stream'
import { complete, type Entry } from './entry.ts'

/** Writes entries as a tar archive: sorted, owned by root, all of one time, so that the same entries give the same bytes. */
export const tar = async (entries: readonly Entry[], time: Date): Promise<Buffer> => {
  const archive = pack()
  const bytes = collected(archive)
  for (const entry of complete(entries)) {
    const content = entry.kind === 'file' ? Buffer.from(entry.content) : undefined
    const header = { ...headerOf(entry), uid: 0, gid: 0, mtime: time, ...(content && { size: content.length }) }
    if (content) archive.entry(header, content)
    else archive.entry(header)
  }
  archive.finalize()
  return await bytes
}

const headerOf = (entry: Entry): Pick<Header, 'name'> & Partial<Header> => {
  switch (entry.kind) {
    case 'file':
      return { name: entry.path, type: 'file', mode: entry.mode }
    case 'folder':
      return { name: `${entry.path}/`, type: 'directory', mode: entry.mode }
    case 'link':
      return { name: entry.path, type: 'symlink', mode: 0o777, linkname: entry.target }
  }
}

/** One entry of an archive as it stands there. */
export interface Archived {
  readonly header: Header
  readonly content: Buffer
}

/** Reads a tar archive whole. */
export const untar = async (archive: Uint8Array): Promise<readonly Archived[]> => {
  const reader = extract()
  reader.end(archive)
  const found: Archived[] = []
  for await (const entry of reader) found.push({ header: entry.header, content: await collected(entry) })
  return found
}

const collected = async (stream: AsyncIterable<unknown>): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) if (chunk instanceof Uint8Array) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const compressed = promisify(gzip)

/**
 * Compresses with no name and no time in the header. zlib's deflate is the same on every platform: Node's copy of it was
 * compared with a plain one, byte by byte.
 */
export const gzipped = (bytes: Uint8Array): Promise<Buffer> => compressed(bytes, { level: 6 })
