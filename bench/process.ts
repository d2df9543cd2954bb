import { readFileSync, writeFileSync } from 'node:fs'

/** The clock tick in which Linux counts a process's time: 100 a second, on every architecture. */
const tickMs = 10

/** Returns how much memory a process holds, in MiB. */
export const residentMiB = (pid: number): number => statusMiB(pid, 'VmRSS')

/** Returns how much it has held at most, since it was started or {@link resetPeak}. */
export const peakResidentMiB = (pid: number): number => statusMiB(pid, 'VmHWM')

/** Resets the peak memory of a process: proc(5), clear_refs. */
export const resetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5')

const statusMiB = (pid: number, field: string): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024
}

/** Returns how long a process has been on a processor so far, in all its threads, in milliseconds. */
export const processorMs = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in parentheses, may have spaces in it: user and system time are the 12th and 13th after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickMs
}
