import type { Extra } from '../../src/drivers/driver-rights.ts'

/** A JSON schema, as far as values need one. */
type Schema = Readonly<Record<string, unknown>>

/** One value of the chart. */
export interface Value {
  readonly kind: 'value'
  readonly means: string
  readonly otherwise: unknown
  readonly schema: Schema
}

/** Values that belong together. */
export interface Group {
  readonly kind: 'group'
  readonly means: string
  readonly members: Readonly<Record<string, Value | Group>>
  /** Other charts share these values: members that are not known here are let pass. */
  readonly isOpen?: boolean
}

const value =
  (schema: Schema) =>
  (means: string, otherwise: unknown): Value => ({ kind: 'value', means, otherwise, schema })
const group = (means: string, members: Group['members']): Group => ({ kind: 'group', means, members })

const text = value({ type: 'string' })
const flag = value({ type: 'boolean' })
const object = value({ type: 'object' })
const texts = value({ type: 'array', items: { type: 'string' } })
/** Each has an object of its own, so none may be named twice. */
const namespaces = value({ type: 'array', items: { type: 'string' }, uniqueItems: true })
const objects = value({ type: 'array', items: { type: 'object' } })
const labels = value({ type: 'object', additionalProperties: { type: 'string' } })
const oneOf = (options: readonly string[]) => value({ type: 'string', enum: options })
const enabled = (means: string, otherwise: boolean): Group => group(means, { enabled: flag('', otherwise) })

/** Where the pods of a Deployment run, and what else is said of them and of their account. */
const placement = {
  nodeSelector: labels('', {}),
  tolerations: objects('', []),
  affinity: object('', {}),
  priorityClassName: text('', ''),
  podAnnotations: labels('', {}),
  podLabels: labels('', {}),
  serviceAccountAnnotations: labels('', {}),
}

/**
 * The root is read-only, so only logs would be measured. The kubelet bounds these itself: by 50 MiB a pod, by 250 MiB on
 * OpenShift. It evicts a pod beyond its limit with a second of grace, and asks no PodDisruptionBudget.
 */
const noStorageLimit =
  'Ephemeral storage has no limit, because the kubelet counts container logs against it and would evict the pod.'

const role = (name: string, means: string): Group =>
  group(means, {
    replicas: value({ type: ['integer', 'null'], minimum: 0 })(
      'How many pods. null leaves the count to your own autoscaler.',
      2,
    ),
    resources: object(
      `Requests and limits of a pod. There is no CPU limit, because a throttled trigger loses alerts. ${noStorageLimit}`,
      {
        requests: { cpu: '50m', memory: '160Mi', 'ephemeral-storage': '10Mi' },
        limits: { memory: '320Mi' },
      },
    ),
    ...placement,
    topologySpreadConstraints: objects('Replaces the default, a soft spread over hosts and zones.', []),
    hostUsers: value({ type: ['boolean', 'null'] })('false gives pods a user namespace of their own.', null),
    extraArgs: texts(`More flags of \`receiver-hooks serve ${name}\`.`, []),
    extraEnv: objects('More variables, such as NODE_OPTIONS or NODE_EXTRA_CA_CERTS.', []),
    terminationGracePeriodSeconds: value({ type: 'integer', minimum: 10 })(
      'How long a pod may take to end: --shutdown-delay (5 seconds), 4 seconds for the last posts, and some slack.',
      30,
    ),
    podDisruptionBudget: group('', {
      enabled: flag('', true),
      maxUnavailable: value({ type: ['integer', 'string'] })('How many pods a drain may evict at a time.', 1),
    }),
  })

/** Returns what binds rights that nobody has by default. */
const ofRights = ({ hooks, unlimited }: Extra): Group =>
  group('', {
    everywhere: flag(
      `Lets hooks ${hooks} run in every namespace.${unlimited === undefined ? '' : ` ${unlimited}`}`,
      false,
    ),
    namespaces: namespaces('The namespaces in which these hooks may run.', []),
  })

/**
 * Returns every value of the chart: values.yaml, values.schema.json and the table in its README are made from this. `optional` are
 * the rights that nobody has by default.
 */
export const chartValues = (optional: readonly Extra[]): Group =>
  group('', {
    global: {
      ...group('Settings shared with parent charts.', {
        imageRegistry: text('Replaces image.registry.', ''),
        imagePullSecrets: objects('', []),
      }),
      isOpen: true,
    },
    image: group('', {
      registry: text('The registry with the image. Use docker.io/library if you loaded the image onto the nodes.', ''),
      repository: text('', 'receiver-hooks'),
      tag: text("Defaults to the chart's appVersion.", ''),
      digest: value({ type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' })(
        'sha256:…; if set, it takes precedence over the tag.',
        '',
      ),
      pullPolicy: oneOf(['IfNotPresent', 'Always', 'Never'])('', 'IfNotPresent'),
    }),
    imagePullSecrets: objects('', []),
    publicURL: value({ type: 'string', pattern: '^(https?://[^?#\\s]+)?$' })(
      'What trigger URLs begin with. By default they lead to the Service, which only pods in the cluster can reach.',
      '',
    ),
    watchNamespaces: value({ type: 'array', items: { type: 'string' }, uniqueItems: true, maxItems: 32 })(
      "Serves only hooks in these namespaces, with Roles there instead of ClusterRoles. They must exist. Each needs its own watches: for more than 32, serve all. If you list the release's own namespace, set admissionPolicy.enabled to false.",
      [],
    ),
    logLevel: oneOf(['debug', 'info', 'warn', 'error'])('', 'info'),
    single: flag(
      'Runs the controller and the trigger in one pod: good to start with. The pod uses the values of trigger and ignores those of controller.',
      false,
    ),
    crds: group('The CRDs, and the ClusterRoles to bind by hand or with values.', {
      enabled: flag(
        'Set this to false if an administrator has applied deploy/kustomize/cluster. Set admissionPolicy.enabled and flowControl.enabled to false too, because that folder contains their objects.',
        true,
      ),
      keep: flag(
        'Keeps the CRDs, and with them every hook, when you uninstall. Before you set it to false, delete every hook while triggers run.',
        true,
      ),
    }),
    clusterRoles: group('Without these values, the chart creates only the ClusterRoles that it binds.', {
      all: flag(
        "Creates every ClusterRole of the product, so that you can bind them yourself, for example with the command in a hook's message.",
        false,
      ),
      aggregate: flag(
        'Lets everyone with the ClusterRole edit or admin in a namespace write hooks there. Anyone who can read a hook can run it. If this is false, bind the ClusterRole receiver-hooks-edit yourself.',
        false,
      ),
    }),
    admissionPolicy: enabled('Lets people write a hook only if they may do what the hook does.', true),
    requests: enabled(
      'Lets people and programs run hooks through a ReceiverHookRequest, without a URL and on record: docs/how-to/run-from-the-cluster.md.',
      false,
    ),
    tracing: group('Traces of deliveries.', {
      endpoint: value({ type: 'string', pattern: '^(https?://[^?#\\s]+)?$' })(
        'A collector that takes OTLP over HTTP, such as http://otel-collector.monitoring.svc:4318.',
        '',
      ),
    }),
    oidc: group('ID tokens that senders prove themselves with (auth.oidc).', {
      issuers: value({
        type: 'array',
        maxItems: 16,
        items: { type: 'string', pattern: '^https://[^?#\\s,]+(,keys=(cluster|https://[^?#\\s,]+))?$' },
      })('The issuers that hooks may name, such as https://token.actions.githubusercontent.com.', []),
    }),
    flowControl: enabled(
      'Reserves a share of the API server for the requests of both roles. Not with watchNamespaces.',
      false,
    ),
    controller: role('controller', 'Gives hooks their URLs. One pod leads; the others stand by.'),
    trigger: role('trigger', 'Receives the posts.'),
    dashboard: group(
      'The web page. It has no rights of its own, and only one pod: sessions are in its memory. It runs hooks by requests, with requests.enabled.',
      {
        enabled: flag('', false),
        url: value({ type: 'string', pattern: '^(https?://[^/?#\\s]+/?)?$' })(
          'The address that people open, without a path: the page needs its own host.',
          '',
        ),
        signIn: oneOf(['token', 'header'])('token: people paste a token. header: a proxy in front sends one.', 'token'),
        resources: object(noStorageLimit, {
          requests: { cpu: '10m', memory: '96Mi', 'ephemeral-storage': '10Mi' },
          limits: { memory: '256Mi' },
        }),
        ...placement,
      },
    ),
    service: group("The trigger's Service.", {
      type: oneOf(['ClusterIP', 'LoadBalancer', 'NodePort'])('', 'ClusterIP'),
      port: value({ type: 'integer', minimum: 1, maximum: 65_535 })('Without publicURL, URLs have this port.', 80),
      annotations: labels('', {}),
      trafficDistribution: text("Prefers the sender's own zone.", 'PreferSameZone'),
    }),
    ingress: group('Lets posts in from outside, only at /v1/trigger and /v1/hooks/.', {
      enabled: flag('', false),
      className: text('', ''),
      host: text('', ''),
      annotations: labels('', {}),
      tlsSecretName: text('', ''),
    }),
    httpRoute: group('The same with the Gateway API, only for POST.', {
      enabled: flag('', false),
      parentRefs: objects('Your Gateways.', []),
      hostnames: texts('', []),
      annotations: labels('', {}),
    }),
    networkPolicy: group('Limits who may reach the pods, and what the pods may reach.', {
      enabled: flag('', true),
      postsFrom: objects('Peers that may post, in addition to the pod of `helm test`. Without any, everyone may.', []),
      monitoringNamespace: text('The namespace of your metrics scraper.', 'monitoring'),
      apiServerPorts: value({ type: 'array', minItems: 1, items: { type: 'integer', minimum: 1, maximum: 65_535 } })(
        "The ports that the pods may reach at any address: the API server's, and 443 for certificates and keys of senders. minikube has 8443, MicroK8s 16443.",
        [443, 6443, 8443, 16_443],
      ),
      extraIngress: objects(
        "More rules for what may reach the pods, such as a mesh's port: 15008 for Istio in ambient mode, 4143 for Linkerd.",
        [],
      ),
      extraEgress: objects(
        "More rules for what the pods may reach, in addition to those ports and port 53 for DNS. OpenShift's DNS has port 5353.",
        [],
      ),
    }),
    secrets: group('Rights for hooks with token.secretName: the controller can then read every Secret there.', {
      everywhere: flag('', false),
      namespaces: namespaces('', []),
    }),
    auth: group('Rights for hooks with auth: both roles can then read every Secret there whose name they know.', {
      namespaces: namespaces('', []),
    }),
    accounts: group('Service accounts that hooks may act as (serviceAccountName).', {
      namespaces: value({
        type: 'object',
        additionalProperties: { type: 'array', minItems: 1, items: { type: 'string' } },
      })('The names of the accounts, by namespace: `shop: [hooks]`. The trigger may act as these and no others.', {}),
    }),
    drivers: group(
      'What hooks may do, and where. Without these values the trigger may change only what `accounts` allows, except in watchNamespaces: there it may scale workloads.',
      {
        scale: group('', {
          everywhere: flag(
            "Lets hooks scale workloads in every namespace but kube-system and the release's own.",
            false,
          ),
          namespaces: namespaces('The namespaces in which hooks may scale workloads.', []),
        }),
        ...Object.fromEntries(optional.map(rights => [rights.name, ofRights(rights)])),
      },
    ),
    monitoring: group('', {
      podMonitor: group('For the Prometheus operator.', {
        enabled: flag('', false),
        interval: text('', ''),
        labels: labels('', {}),
      }),
      prometheusRule: group('Alerts, for the Prometheus operator.', {
        enabled: flag('', false),
        labels: labels('', {}),
      }),
      dashboard: group("A ConfigMap that Grafana's sidecar finds.", {
        enabled: flag('', false),
        labels: labels('', { grafana_dashboard: '1' }),
      }),
    }),
    commonLabels: labels('On every object and pod, except extraObjects.', {}),
    commonAnnotations: labels('On every object, except extraObjects. Pods have podAnnotations.', {}),
    extraObjects: value({ type: 'array', items: { type: ['object', 'string'] } })('More objects, as templates.', []),
  })
