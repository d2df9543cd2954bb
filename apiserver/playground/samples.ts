import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { crds } from '../../src/drivers/registry.ts'

/** The namespace of the playground's sample objects. */
export const sampleNamespace = 'shop'

/** The namespace of the playground's installation. */
export const systemNamespace = 'receiver-hooks'

const hook = (name: string, action: 'up' | 'down'): KubeObject => ({
  apiVersion,
  kind: hookKind,
  metadata: { name, namespace: sampleNamespace },
  spec: { driver: 'scale', scale: { target: { name: 'web' }, action, min: 1, max: 10 } },
})

const pushHook: KubeObject = {
  apiVersion,
  kind: hookKind,
  metadata: { name: 'web-push', namespace: sampleNamespace },
  spec: { driver: 'redeploy', redeploy: { target: { name: 'web' }, image: 'nginx', tags: { glob: '*' } } },
}

const web: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: sampleNamespace, labels: { app: 'web' } },
  spec: {
    replicas: 2,
    // A rollout that never completes stalls soon, so that people can see it.
    progressDeadlineSeconds: 20,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'nginx:1.29' }] },
    },
  },
}

/** What hooks with the driver runJob can run. Its schedule never comes. */
const report: KubeObject = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'report', namespace: sampleNamespace },
  spec: {
    schedule: '@yearly',
    suspend: true,
    jobTemplate: {
      spec: {
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'report', image: 'busybox:1.37' }] } },
      },
    },
  },
}

/** The cluster IP of {@link echo}. */
export const echoAddress = '10.96.0.80'

/** The Service to which hooks with the driver forward can pass a post. The playground answers for it. */
const echo: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'echo', namespace: sampleNamespace },
  spec: { selector: { app: 'echo' }, clusterIP: echoAddress, ports: [{ name: 'http', port: 80 }] },
}

/**
 * Makes an object as `kubectl apply` does, with its annotation. Then a later apply can remove
 * fields and prints no warning.
 */
const applied = (object: KubeObject): KubeObject => {
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': `${JSON.stringify(object)}\n` }
  return { ...object, metadata: { ...object.metadata, annotations } }
}

/** The objects to create in this order, each with the path of its collection. */
export const samples: readonly (readonly [path: string, object: unknown])[] = [
  ...crds.map((crd): [string, object] => ['/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd]),
  ['/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: systemNamespace } }],
  ['/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: sampleNamespace } }],
  [`/apis/apps/v1/namespaces/${sampleNamespace}/deployments`, applied(web)],
  [`/api/v1/namespaces/${sampleNamespace}/services`, applied(echo)],
  [`/apis/batch/v1/namespaces/${sampleNamespace}/cronjobs`, applied(report)],
  [`/apis/${apiVersion}/namespaces/${sampleNamespace}/receiverhooks`, applied(hook('web-up', 'up'))],
  [`/apis/${apiVersion}/namespaces/${sampleNamespace}/receiverhooks`, applied(hook('web-down', 'down'))],
  [`/apis/${apiVersion}/namespaces/${sampleNamespace}/receiverhooks`, applied(pushHook)],
]

/** The hooks in {@link samples}. */
export const sampleHooks = ['web-up', 'web-down', 'web-push'] as const
