/** The load process: does the jobs that come over its channel and reports what they took. Ends with the channel. */
import { isAsked, type Asked, type Job, type Report, type Answered } from './job.ts'
import { apiOf, type Api } from './api.ts'
import { create } from './create.ts'
import { deleteAll } from './delete.ts'
import { edit } from './edit.ts'
import { flood } from './flood.ts'
import { list } from './list.ts'
import { patch } from './patch.ts'
import { post } from './post.ts'
import { ready } from './ready.ts'
import { status } from './status.ts'
import { stream } from './stream.ts'
import { swap } from './swap.ts'
import { write } from './write.ts'

const run = (api: Api, job: Job): Promise<Report> => {
  switch (job.job) {
    case 'post':
      return post(job)
    case 'write':
      return write(api, job)
    case 'swap':
      return swap(api, job)
    case 'create':
      return create(api, job)
    case 'delete':
      return deleteAll(api, job)
    case 'status':
      return status(api, job)
    case 'list':
      return list(api, job)
    case 'ready':
      return ready(api, job)
    case 'edit':
      return edit(api, job)
    case 'flood':
      return flood(job)
    case 'patch':
      return patch(api, job)
    case 'stream':
      return stream(job)
  }
}

const apis = new Map<string, Api>()

const apiFor = ({ api }: Asked): Api => {
  const known = apis.get(api.server) ?? apiOf(api)
  apis.set(api.server, known)
  return known
}

const answer = (answered: Answered): void => void process.send?.(answered)

process.on('message', message => {
  if (!isAsked(message)) return
  const { id, job } = message
  run(apiFor(message), job).then(
    report => answer({ id, report }),
    (error: unknown) => answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
