import { anyProof } from './proof.ts'
import { shellWord } from './shell-word.ts'
import { postLines, readingLines } from './script.ts'
import type { Snippet } from './snippet.ts'

/** A script that posts an alert to the hook as Prometheus does to Alertmanager. */
export const prometheus: Snippet = {
  name: 'prometheus',
  title: 'Prometheus alert API',
  group: 'alerts',
  proves: anyProof,
  pushes: false,
  texts: hook => {
    const labels = JSON.stringify({ alertname: 'WebBusy', namespace: hook.namespace })
    const now = '"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'
    const body = `${shellWord(`[{"labels": ${labels}, "startsAt": "`)}${now}${shellWord('"}]')}`
    return [
      {
        where:
          'In a script. Prometheus itself posts to `/api/v2/alerts` under its target, so an Alertmanager belongs between it and a hook.',
        language: 'sh',
        text: `${[...readingLines(hook), ...postLines({ auth: hook.auth, url: shellWord(hook.url), body })].join(
          '\n',
        )}\n`,
      },
    ]
  },
}
