import { fork } from 'node:child_process'
import { join } from 'node:path'
import { isAnswered, type Job, type Reached, type Report } from './load/job.ts'

/** A process that makes load, so that what makes it and what bears it do not share an event loop. */
export interface Load {
  /** Rejects with what went wrong in there. */
  readonly run: (job: Job) => Promise<Report>
  readonly end: () => void
}

export const startLoad = (api: Reached): Load => {
  const child = fork(join(import.meta.dirname, 'load/process.ts'), { execArgv: [] })
  const waiting = new Map<number, { readonly done: (report: Report) => void; readonly fail: (error: Error) => void }>()
  let ids = 0
  child.on('message', message => {
    if (!isAnswered(message)) return
    const job = waiting.get(message.id)
    waiting.delete(message.id)
    if ('report' in message) job?.done(message.report)
    else job?.fail(new Error(message.error))
  })
  child.once('exit', () => {
    for (const { fail } of waiting.values()) fail(new Error('the load process has ended'))
  })
  return {
    run: job =>
      new Promise((done, fail) => {
        const id = ids++
        waiting.set(id, { done, fail })
        child.send({ id, api, job })
      }),
    end: () => {
      if (child.connected) child.disconnect()
    },
  }
}
