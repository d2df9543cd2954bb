import { acr } from './acr.ts'
import { alertmanager } from './alertmanager.ts'
import { alibaba } from './alibaba.ts'
import { argoCd } from './argo-cd.ts'
import { artifactRegistry } from './artifact-registry.ts'
import { azureMonitor } from './azure-monitor.ts'
import { cloudevents } from './cloudevents.ts'
import { cronJob } from './cron-job.ts'
import { curl } from './curl.ts'
import { datadog } from './datadog.ts'
import { distribution } from './distribution.ts'
import { dockerHub } from './docker-hub.ts'
import { ecr } from './ecr.ts'
import { flux } from './flux.ts'
import { gitea } from './gitea.ts'
import { githubActions } from './github-actions.ts'
import { github } from './github.ts'
import { gitlabCi } from './gitlab-ci.ts'
import { gitlab } from './gitlab.ts'
import { grafana } from './grafana.ts'
import { harbor } from './harbor.ts'
import { image } from './image.ts'
import { jfrog } from './jfrog.ts'
import { newRelic } from './new-relic.ts'
import { nexus } from './nexus.ts'
import { pagerduty } from './pagerduty.ts'
import { prometheus } from './prometheus.ts'
import { quay } from './quay.ts'
import type { Snippet } from './snippet.ts'
import { sns } from './sns.ts'
import { uptimeKuma } from './uptime-kuma.ts'
import { zabbix } from './zabbix.ts'

/**
 * All configurations that can be written for a hook, the most used first in each group. To add one,
 * add a file and a line here.
 */
export const snippets: readonly Snippet[] = [
  alertmanager,
  grafana,
  azureMonitor,
  cloudevents,
  datadog,
  newRelic,
  pagerduty,
  prometheus,
  sns,
  uptimeKuma,
  zabbix,
  dockerHub,
  github,
  distribution,
  harbor,
  acr,
  alibaba,
  artifactRegistry,
  ecr,
  gitea,
  image,
  jfrog,
  nexus,
  quay,
  githubActions,
  gitlabCi,
  argoCd,
  flux,
  gitlab,
  curl,
  cronJob,
]
