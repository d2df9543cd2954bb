import { readdirSync, readFileSync } from 'node:fs'
import { ours } from './installed.ts'
import { succeed } from './support.ts'

/** Returns the pid of the program in a pod of the product, as this process sees it. */
export const pidIn = async (pod: string): Promise<number> => {
  const uid = await succeed(`${ours} get pod ${pod} -o jsonpath='{.metadata.uid}'`)
  const found = processes(line => line.startsWith('/usr/bin/node')).find(pid =>
    readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(uid),
  )
  if (found === undefined) throw new Error(`${pod} has no process`)
  return found
}

/** Returns the processes whose command lines are as wanted. */
const processes = (wanted: (commandLine: string) => boolean): readonly number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        return wanted(readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')) ? [Number(name)] : []
      } catch {
        return []
      }
    })
