import { parseImage } from '../../src/api/image.ts'
import { at, stringAt, type JsonObject } from '../../src/api/json.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { jobEnd, jobType } from '../../src/drivers/run-job/jobs.ts'
import type { Environment } from '../../src/environment/environment.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import { wait } from '../../src/environment/wait.ts'
import { watchedCache } from '../../src/kube/cache.ts'
import { isStatus } from '../../src/kube/errors.ts'
import { patchStatus } from './pods.ts'

/** How long a Job takes, in milliseconds: long enough to see that it runs. */
const takesMs = 3_000

/** A Job whose image has this tag fails. So people can see a Job that fails. */
const failingTag = 'failing'

/** A Job as the playground runs it. */
interface SimulatedJob {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** True while it may run: it has not ended, and is not suspended. */
  readonly isRunning: boolean
  readonly fails: boolean
}

/**
 * Simulates the controller of Jobs. Nothing runs in a Job, and it is complete after some seconds. An
 * image with the tag `failing` makes it fail.
 */
export const runJobs = async (environment: Environment, stop: AbortSignal): Promise<void> => {
  const { clock, log } = environment
  const jobs = watchedCache<SimulatedJob>(environment, { type: jobType, keep: simulatedJob })
  const begun = new Set<string>()
  jobs.subscribe(({ before, now }) => {
    if (!now && before) begun.delete(before.uid)
    if (!now?.isRunning || begun.has(now.uid)) return
    begun.add(now.uid)
    const startTime = rfc3339(clock.now())
    run(environment, now, startTime, stop).catch((error: unknown) => {
      // The Job may be deleted meanwhile.
      if (!isStatus(error, 404)) log.warn({ job: now.name, error }, "can't show the end of a Job")
    })
  })
  await jobs.run(stop)
}

const run = async (
  environment: Environment,
  { fails, name, namespace }: SimulatedJob,
  startTime: string,
  stop: AbortSignal,
): Promise<void> => {
  await patchStatus(environment, jobType, namespace, name, { active: 1, ready: 1, startTime })
  await wait(environment.clock, takesMs, stop)
  if (stop.aborted) return
  const now = rfc3339(environment.clock.now())
  const reason = fails ? 'BackoffLimitExceeded' : 'CompletionsReached'
  const conditions = (fails ? ['FailureTarget', 'Failed'] : ['SuccessCriteriaMet', 'Complete']).map(type => ({
    ...{ type, status: 'True', reason, message: '', lastProbeTime: now, lastTransitionTime: now },
  }))
  const result = fails ? { failed: 1 } : { succeeded: 1, completionTime: now }
  await patchStatus(environment, jobType, namespace, name, { active: 0, ready: 0, conditions, ...result })
}

const simulatedJob = (object: KubeObject & JsonObject): SimulatedJob => {
  const { name, namespace = '', uid = '' } = object.metadata
  const containers = at(object, 'spec', 'template', 'spec', 'containers')
  const images = (Array.isArray(containers) ? containers : []).map(each => stringAt(each, 'image') ?? '')
  return {
    namespace,
    name,
    uid,
    isRunning: !jobEnd(object) && at(object, 'spec', 'suspend') !== true,
    fails: images.some(image => parseImage(image)?.tag === failingTag),
  }
}
