import { apiVersion, hookKind } from '../../../src/api/names.ts'
import { cronJobsPath, hooksPath } from './paths.ts'

/** The CronJobs that are run, and the hooks that run the first one until somebody edits them. */
const report = 'report'
export const namesOfCronJobs = [report, 'report-of-all']
const jobHooks = ['allow', 'forbid', 'replace'].map(concurrency => ({
  apiVersion,
  kind: hookKind,
  metadata: { name: `job-${concurrency}` },
  spec: { driver: 'runJob', runJob: { cronJob: report, concurrency } },
}))
export const namesOfJobHooks = jobHooks.map(({ metadata: { name } }) => name)

export const cronJob = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  spec: {
    schedule: '@yearly',
    jobTemplate: { spec: { template: { spec: { containers: [{ name: 'main', image: 'report' }] } } } },
  },
}

/** Makes the CronJob and its hooks, which act as an account if there is one. */
export const makeJobHooks = (made: (path: string, object: object) => void, account: string | undefined): void => {
  for (const name of namesOfCronJobs) made(cronJobsPath, { ...cronJob, metadata: { name } })
  const asAccount = account === undefined ? {} : { serviceAccountName: account }
  for (const hook of jobHooks) made(hooksPath, { ...hook, spec: { ...hook.spec, ...asAccount } })
}
