import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = '/sys/fs/cgroup'

/** A control group with the memory of a pod. A process in it is killed by the kernel where it takes more. */
export interface Pod {
  readonly folder: string
  /** How many processes in it the kernel has killed. */
  killed(): number
  remove(): void
}

/** Makes the control group of a pod; undefined where this machine does not let us, as without root. */
export const podOf = (name: string, memoryBytes: number): Pod | undefined => {
  const isUnified = existsSync(join(root, 'cgroup.controllers'))
  const folder = join(root, isUnified ? '' : 'memory', name)
  try {
    if (isUnified) writeFileSync(join(root, 'cgroup.subtree_control'), '+memory')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, isUnified ? 'memory.max' : 'memory.limit_in_bytes'), String(memoryBytes))
  } catch {
    return undefined
  }
  const events = join(folder, isUnified ? 'memory.events' : 'memory.oom_control')
  return {
    folder,
    killed: () => Number(/^oom_kill (\d+)/m.exec(readFileSync(events, 'utf8'))?.[1] ?? 0),
    remove: () => rmdirSync(folder),
  }
}
