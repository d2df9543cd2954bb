import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** How often memory is looked at, in milliseconds. What lives shorter is missed. */
const lookEveryMs = 20

/**
 * Returns how much memory a process and all that it has started hold, in MiB: nearly what a pod of them would be charged. What is a
 * process's own counts each time; what is mapped from the file of a program counts once for all that run it (proc(5), status).
 */
export const memoryMiB = (pid: number): number => {
  const parents = parentsOfAll()
  const isOfTree = (each: number): boolean => each === pid || (each > 1 && isOfTree(parents.get(each) ?? 0))
  const tree = [...parents.keys()].filter(isOfTree)
  const files = new Map<string, number>()
  for (const each of tree) {
    const program = programOf(each)
    files.set(program, Math.max(files.get(program) ?? 0, statusNumber(each, 'RssFile')))
  }
  const own = tree.reduce((sum, each) => sum + statusNumber(each, 'RssAnon') + statusNumber(each, 'RssShmem'), 0)
  return [...files.values()].reduce((sum, kB) => sum + kB, own) / 1024
}

/** Returns the most that {@link memoryMiB} comes to while the work goes on. */
export const peakMemoryMiB = async (pid: number, work: () => Promise<void>): Promise<number> => {
  let peak = memoryMiB(pid)
  const looking = setInterval(() => (peak = Math.max(peak, memoryMiB(pid))), lookEveryMs)
  try {
    await work()
  } finally {
    clearInterval(looking)
  }
  return peak
}

const parentsOfAll = (): ReadonlyMap<number, number> =>
  new Map(
    readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(name => [Number(name), parentOf(name)]),
  )

const parentOf = (pid: string): number => statusNumber(Number(pid), 'PPid')

/** Returns a number in the status of a process; 0 of one that has ended meanwhile. */
const statusNumber = (pid: number, field: string): number => {
  const status = ifThere(() => readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
}

const programOf = (pid: number): string => ifThere(() => readlinkSync(`/proc/${pid}/exe`))

/** Reads a file of a process. Returns an empty text if the process has ended meanwhile. */
const ifThere = (read: () => string): string => {
  try {
    return read()
  } catch {
    return ''
  }
}
