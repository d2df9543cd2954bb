import { spawn } from 'node:child_process'
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { sourceFolder, versionOf, type BuiltPart } from './parts.ts'

/** How often a build says how far it is, in milliseconds. */
const progressEveryMs = 20_000

/** Makes one file of a part from its Go module. `say` reports progress. */
export const build = async (
  part: BuiltPart,
  file: string,
  output: string,
  say: (line: string) => void,
): Promise<void> => {
  const command = part.commands[file]
  if (command === undefined) return await joinManifests(part, output)
  const source = part.missing === undefined ? sourceFolder(part) : await vendored(part, part.missing, dirname(output))
  const mode = part.missing === undefined ? '-mod=readonly' : '-mod=vendor'
  const tags = part.tags === undefined ? [] : ['-tags', part.tags.join(',')]
  const flags = ['-v', '-buildvcs=false', mode, ...tags, noDebugging, '-ldflags', linkerFlags(part), '-o', output]
  await go(['build', ...flags, command], source, say)
  await chmod(output, 0o755)
}

/** Returns a copy of the module with all that it needs, and with what a package embeds and its module does not carry. */
const vendored = async (part: BuiltPart, missing: Readonly<Record<string, string>>, work: string): Promise<string> => {
  const source = join(work, 'source')
  await cp(sourceFolder(part), source, { recursive: true })
  // It complains of the very file that is missing; -e lets it go on.
  await go(['mod', 'vendor', '-e'], source, () => undefined)
  for (const [path, content] of Object.entries(missing)) {
    const file = join(source, 'vendor', path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  return source
}

/** Nobody debugs it: the compiler need not write down where each variable is. */
const noDebugging = '-gcflags=all=-dwarf=false'

/** Returns the flags of the linker: no symbols, and the version that the program shows. */
const linkerFlags = (part: BuiltPart): string => {
  const variables = Object.entries(part.variables?.(versionOf(part)) ?? {})
  return ['-s', '-w', ...variables.map(([name, value]) => `-X ${name}=${value}`)].join(' ')
}

const joinManifests = async (part: BuiltPart, output: string): Promise<void> => {
  await go(['mod', 'download', part.module], sourceFolder(part), () => undefined)
  const root = (await go(['list', '-m', '-f', '{{.Dir}}', part.module], sourceFolder(part), () => undefined)).trim()
  const texts = (part.manifests?.files ?? []).map(file => readFile(join(root, file), 'utf8'))
  await writeFile(output, (await Promise.all(texts)).join('\n---\n'))
}

/** Runs go to its end, and resolves with what it printed. Rejects with the end of what it complained about. */
const go = async (args: readonly string[], cwd: string, say: (line: string) => void): Promise<string> => {
  const child = spawn('go', args, { cwd, env: { ...process.env, CGO_ENABLED: '0' }, stdio: ['ignore', 'pipe', 'pipe'] })
  const complaints: string[] = []
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (printed += text))
  createInterface({ input: child.stderr }).on('line', line => void complaints.push(line))
  const began = Date.now()
  const timer = setInterval(() => {
    say(`${complaints.length} packages, ${Math.round((Date.now() - began) / 1000)} s so far`)
  }, progressEveryMs)
  try {
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
    if (code === 0) return printed
  } catch (error) {
    const notFound = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw notFound
      ? new Error(`Go is needed to build it, and "go" is not on PATH: ${howToGetGo}`, { cause: error })
      : error
  } finally {
    clearInterval(timer)
  }
  throw new Error(`go ${args[0] ?? ''} failed in ${cwd}:\n${complaints.slice(-15).join('\n')}`)
}

const howToGetGo = 'install Go 1.26 or later, or set KUBEBUILDER_ASSETS to a folder that holds the binaries'
