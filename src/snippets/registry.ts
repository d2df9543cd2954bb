import { alertmanager } from './alertmanager.ts'
import { argoCd } from './argo-cd.ts'
import { cronJob } from './cron-job.ts'
import { curl } from './curl.ts'
import { dockerHub } from './docker-hub.ts'
import { flux } from './flux.ts'
import { githubActions } from './github-actions.ts'
import { gitlabCi } from './gitlab-ci.ts'
import { grafana } from './grafana.ts'
import type { Snippet } from './snippet.ts'

/** Every configuration that is written for a hook, the most used first. Adding one is a file and a line here. */
export const snippets: readonly Snippet[] = [
  alertmanager,
  curl,
  grafana,
  githubActions,
  dockerHub,
  argoCd,
  flux,
  gitlabCi,
  cronJob,
]
