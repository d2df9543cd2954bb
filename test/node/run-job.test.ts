import { randomBytes } from 'node:crypto'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { stringAt } from '../../src/api/json.ts'
import { notification } from '../support/alertmanager.ts'
import { post, until } from '../support/product.ts'
import { rolledOut, serviceIP } from './installed.ts'
import { succeed } from './support.ts'

// A Job as a real kubelet runs it: what its container finds of a post.

beforeAll(async () => {
  await succeed('kubectl apply -k deploy/kustomize/base')
  await succeed('kubectl apply -f deploy/kustomize/components/run-job-everywhere/bindings.yaml')
  await rolledOut()
})

const program = `
const { RECEIVER_HOOK_LABEL_SEVERITY: label, OF_CRON_JOB: own, OF_HOOK: hook } = process.env
const body = require('node:fs').readFileSync('/var/run/receiver-hook/body', 'utf8')
console.log(JSON.stringify({ label, own, hook, severity: JSON.parse(body).commonLabels.severity }))`

const manifest = (namespace: string) => {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  const container = {
    name: 'report',
    image: 'acme:1.0.0',
    command: ['/usr/bin/node', '--eval', program],
    env: [
      { name: 'PASSWORD', value: 'secret' },
      { name: 'OF_CRON_JOB', value: '$(PASSWORD)' },
    ],
    securityContext,
  }
  const spec = {
    restartPolicy: 'Never',
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [container],
  }
  const runJob = {
    cronJob: 'report',
    env: [{ name: 'OF_HOOK', value: '$(PASSWORD)' }],
    labels: ['severity'],
    body: 'file',
  }
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'report', namespace },
      spec: {
        schedule: '@yearly',
        suspend: true,
        jobTemplate: { spec: { backoffLimit: 0, template: { spec } } },
      },
    },
    {
      apiVersion: 'receiverhooks.dev/v1alpha1',
      kind: 'ReceiverHook',
      metadata: { name: 'run-report', namespace },
      spec: { driver: 'runJob', runJob },
    },
  ]
}

it('has the texts of a post as they are, and expands only what its authors have written', async () => {
  const namespace = `job-${randomBytes(3).toString('hex')}`
  for (const object of manifest(namespace)) await succeed('kubectl apply -f -', JSON.stringify(object))
  onTestFinished(async () => {
    await succeed(`kubectl delete namespace ${namespace} --wait=false`)
  })
  await succeed(`kubectl -n ${namespace} wait --for=condition=Ready receiverhook/run-report --timeout=60s`)
  const path = `-o jsonpath='{.status.triggerURL}'`
  const url = await succeed(`kubectl -n ${namespace} get receiverhook run-report ${path}`)
  const text = '$(PASSWORD) $$(PASSWORD) `id` é'
  const ip = await serviceIP()
  const body = { ...notification('firing', 'first notification'), commonLabels: { severity: text } }
  const { body: answer, status } = await until(
    () =>
      post(`http://${ip}${new URL(url).pathname}?wait=10s`, undefined, {
        headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
        body: JSON.stringify(body),
      }),
    ({ status: now }) => now !== 202 && now !== 503,
    100_000,
  )
  expect([status, answer['state'], answer['reason']]).toEqual([200, 'complete', 'JobComplete'])
  const job = stringAt(answer, 'summary')?.replace('made Job/', '') ?? ''
  const printed: unknown = JSON.parse(await succeed(`kubectl -n ${namespace} logs job/${job}`))
  expect(printed).toEqual({ label: text, own: 'secret', hook: 'secret', severity: text })
})
