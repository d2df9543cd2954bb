import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'

const inflate = promisify(inflateRaw)

/** Returns one entry of a zip file, by its central directory (APPNOTE.TXT 4.3.12); no zip64. */
export const zipEntry = async (file: string, name: string): Promise<Uint8Array> => {
  await using handle = await open(file)
  const read = async (position: number, length: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
    return buffer.subarray(0, bytesRead)
  }
  const { size } = await handle.stat()
  const tail = await read(Math.max(0, size - 65_557), Math.min(size, 65_557))
  const end = tail.lastIndexOf('PK\u0005\u0006', undefined, 'latin1')
  const directory = await read(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12))
  for (let at = 0; at < directory.length;) {
    const [method, packed] = [directory.readUInt16LE(at + 10), directory.readUInt32LE(at + 20)]
    const [named, extra, comment] = [28, 30, 32].map(offset => directory.readUInt16LE(at + offset))
    const found = directory.toString('utf8', at + 46, at + 46 + (named ?? 0))
    if (found === name) {
      const local = directory.readUInt32LE(at + 42)
      const head = await read(local, 30)
      const data = await read(local + 30 + head.readUInt16LE(26) + head.readUInt16LE(28), packed)
      return method === 0 ? data : inflate(data)
    }
    at += 46 + (named ?? 0) + (extra ?? 0) + (comment ?? 0)
  }
  throw new Error(`${file} has no entry ${name}`)
}
