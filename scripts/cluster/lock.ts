import { readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** How often a lock that somebody else holds is looked at, in milliseconds. */
const lookEveryMs = 500

/**
 * Runs `work` while no other process runs its own under the same lock file. Calls `waiting` once,
 * with the process that it waits for. The lock of a dead process does not count.
 */
export const oneAtATime = async <T>(
  file: string,
  waiting: (holder: number) => void,
  work: () => Promise<T>,
): Promise<T> => {
  let reported = false
  while (!(await taken(file))) {
    const holder = await holderOf(file)
    if (holder === undefined || !isAlive(holder)) {
      // Two who find this at the same moment may then both work: slower, and not wrong, since files are renamed whole.
      await rm(file, { force: true })
      continue
    }
    if (!reported) waiting(holder)
    reported = true
    await sleep(lookEveryMs)
  }
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

const taken = async (file: string): Promise<boolean> => {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  }
}

const holderOf = async (file: string): Promise<number | undefined> => {
  const holder = Number(await readFile(file, 'utf8').catch(() => ''))
  return holder > 0 ? holder : undefined
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return isCode(error, 'EPERM')
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
