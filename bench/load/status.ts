import { randomBytes } from 'node:crypto'
import { jsonOf, type Api } from './api.ts'
import type { Report, StatusJob } from './job.ts'
import { measured } from './pace.ts'

export const status = async (api: Api, { concurrency, hooks, targets = [] }: StatusJob): Promise<Report> => {
  const paced = await measured({ concurrency, count: hooks.length }, async index => {
    const target = targets[index]
    if (target !== undefined) jsonOf(await api.send('GET', `${target}?resourceVersion=0`, { metadataOnly: true }))
    const body = JSON.stringify({ status: published() })
    await api.send('PATCH', `${hooks[index] ?? ''}/status`, { body, contentType: 'application/merge-patch+json' })
  })
  return { ...paced, notes: {} }
}

/** Makes a status of the size and shape that the controller writes. */
const published = () => {
  const token = randomBytes(260).toString('base64url')
  return {
    observedGeneration: 1,
    target: 'Deployment/web',
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Valid',
        message: 'the hook is in order and its URL is published',
        observedGeneration: 1,
        lastTransitionTime: new Date().toISOString().replace(/[.]\d+/, ''),
      },
    ],
    token,
    triggerURL: `http://receiver-hooks-trigger.receiver-hooks.svc/v1/trigger/${token}`,
    minted: { id: token.slice(-8), rotation: 0 },
  }
}
