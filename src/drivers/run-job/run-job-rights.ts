import type { DriverRights } from '../driver-rights.ts'

/** The driver's rights. None is granted by default. */
export const runJobRights: DriverRights = {
  given: 'where bound',
  unlimited:
    'With this right, an attacker who has taken over the trigger can run any pod, as any ServiceAccount in the namespace: no policy can compare a Job with its CronJob.',
  trigger: [
    { group: 'batch', resource: 'cronjobs', verbs: ['get'], why: "to make a Job from the CronJob's template" },
    {
      group: 'batch',
      resource: 'jobs',
      verbs: ['list', 'create', 'delete'],
      why: 'to see whether an earlier Job is running and how a Job ended, to make one, and to delete the earlier one with `replace`',
    },
  ],
  author: [
    {
      group: "'batch'",
      resource: "'jobs'",
      verb: 'create',
      does: "'run a Job of CronJob/' + self.cronJob",
      right: '`create` on `jobs`',
      why: 'the hook runs Jobs',
    },
    {
      group: "'batch'",
      resource: "'cronjobs'",
      name: 'self.cronJob',
      verb: 'get',
      does: "'run a Job of CronJob/' + self.cronJob",
      right: '`get` on the CronJob',
      why: 'the hook runs its template',
    },
    {
      when: "self.concurrency == 'replace'",
      group: "'batch'",
      resource: "'jobs'",
      verb: 'delete',
      does: "'delete earlier Jobs of CronJob/' + self.cronJob",
      right: '`delete` on `jobs`, with `concurrency: replace`',
      why: 'the hook deletes the running Job',
    },
  ],
  keeps: [],
}
