import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawnOwned, type OwnedProcess } from '../../test/support/owned-process.ts'
import { monitoringBinaries } from './binaries.ts'

/** How long a start may take on a machine that is busy, in milliseconds; a second is usual. */
const readyWithinMs = 60_000

/** Returns true if both are there, so that no stand-in is needed. */
export const areThere = (): boolean => {
  try {
    return Object.keys(monitoringBinaries(process.env)).length > 0
  } catch {
    return false
  }
}

/** A program of {@link monitoringBinaries} that serves HTTP on loopback. */
export interface Part {
  readonly name: string
  /** Its binary. */
  readonly command: string
  readonly args: readonly string[]
  readonly port: number
  /** Its log is written there, as NAME.log. */
  readonly folder: string
}

/** Starts a program, and resolves when it says that it is ready. Throws with the end of its log where it does not. */
export const startPart = async ({ args, command, folder, name, port }: Part): Promise<OwnedProcess> => {
  const file = join(folder, `${name}.log`)
  const log = openSync(file, 'a')
  const started = spawnOwned(monitoringBinaries(process.env)[command] ?? command, args, { stdout: log, stderr: log })
  closeSync(log)
  const giveUpAt = Date.now() + readyWithinMs
  while (started.running() && Date.now() < giveUpAt) {
    if (await saysReady(port)) return started
    await sleep(50)
  }
  await started.end('SIGKILL')
  const last = readFileSync(file, 'utf8').trim().split('\n').slice(-10).join('\n')
  throw new Error(`${name} is not ready within ${readyWithinMs / 1000} s; the end of its log:\n${last}`)
}

const saysReady = async (port: number): Promise<boolean> => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok
  } catch {
    return false
  }
}

/** Reads the metrics of a program, and sums up a metric's samples whose labels contain `labels`. */
export const metricOf = async (port: number, name: string, labels = ''): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return text
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter(line => line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}
