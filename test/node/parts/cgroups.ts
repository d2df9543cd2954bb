import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'

const root = '/sys/fs/cgroup'

/** Returns whether this machine has one hierarchy for all controllers (version 2), or one for each (version 1). */
const isUnified = (): boolean => existsSync(join(root, 'cgroup.controllers'))

/** Makes a control group for a node's pods in each hierarchy. */
export const makeCgroups = async (name: string): Promise<void> => {
  for (const hierarchy of await hierarchies()) await mkdir(join(hierarchy, name), { recursive: true })
  if (isUnified()) {
    writeFileSync(join(root, 'cgroup.subtree_control'), '+cpu +cpuset +memory +pids')
    writeFileSync(join(root, name, 'cgroup.subtree_control'), '+cpu +cpuset +memory +pids')
    return
  }
  // A new one of these has no processor and no memory until they are assigned.
  const cpuset = join(root, 'cpuset')
  for (const file of existsSync(cpuset) ? ['cpuset.cpus', 'cpuset.mems'] : []) {
    writeFileSync(join(cpuset, name, file), readFileSync(join(cpuset, file)))
  }
}

/** Removes the control group of a node whose processes have ended, and all that is in it. */
export const removeCgroups = async (name: string): Promise<void> => {
  for (const hierarchy of await hierarchies()) await removeTree(join(hierarchy, name))
}

const hierarchies = async (): Promise<readonly string[]> => {
  if (isUnified()) return [root]
  const entries = await readdir(root, { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => join(root, name))
}

const removeTree = async (folder: string): Promise<void> => {
  if (!existsSync(folder)) return
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(folder, entry.name))
  }
  await rmdir(folder)
}
