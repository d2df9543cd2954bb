/**
 * Writes apiserver/protobuf/messages.ts from the Go types of k8s.io/api, whose tags name each field's number and
 * its name in JSON. Run it when the version of Kubernetes in scripts/cluster/modules changes; the result is checked in,
 * since reading it takes the Go modules.
 */
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const moduleFolder = 'scripts/cluster/modules/kubernetes-1.37'

const folderOf = (module: string): string =>
  execFileSync('go', ['list', '-m', '-f', '{{.Dir}}', module], { cwd: moduleFolder, encoding: 'utf8' }).trim()

/** The packages that are read, by the name under which the types speak of them. */
const packages: Readonly<Record<string, string>> = {
  core: join(folderOf('k8s.io/api'), 'core/v1'),
  apps: join(folderOf('k8s.io/api'), 'apps/v1'),
  batch: join(folderOf('k8s.io/api'), 'batch/v1'),
  autoscaling: join(folderOf('k8s.io/api'), 'autoscaling/v2'),
  schedulingv1alpha3: join(folderOf('k8s.io/api'), 'scheduling/v1alpha3'),
  autoscalingv1: join(folderOf('k8s.io/api'), 'autoscaling/v1'),
  authentication: join(folderOf('k8s.io/api'), 'authentication/v1'),
  authorization: join(folderOf('k8s.io/api'), 'authorization/v1'),
  meta: join(folderOf('k8s.io/apimachinery'), 'pkg/apis/meta/v1'),
  types: join(folderOf('k8s.io/apimachinery'), 'pkg/types'),
}

/** What kubectl creates by itself, what its command `auth` asks, and what client-go sends to scale and to delete. */
const kinds = [
  'meta.DeleteOptions',
  'autoscalingv1.Scale',
  'core.ResourceQuota',
  'core.Namespace',
  'core.ConfigMap',
  'core.Secret',
  'core.ServiceAccount',
  'core.Service',
  'core.Pod',
  'core.ReplicationController',
  'apps.Deployment',
  'apps.StatefulSet',
  'apps.DaemonSet',
  'batch.Job',
  'batch.CronJob',
  'autoscaling.HorizontalPodAutoscaler',
  'authentication.SelfSubjectReview',
  'authorization.SelfSubjectAccessReview',
  'authorization.SelfSubjectRulesReview',
]

const goImports: Readonly<Record<string, string>> = { v1: 'core', corev1: 'core', metav1: 'meta' }

/** Types that are written in JSON in a way of their own; the decoder knows them by these names. */
const special: Readonly<Record<string, string>> = {
  'intstr.IntOrString': 'IntOrString',
  'resource.Quantity': 'Quantity',
  'runtime.RawExtension': 'RawExtension',
  'meta.Time': 'Time',
  'meta.MicroTime': 'Time',
  'meta.FieldsV1': 'FieldsV1',
  'meta.Duration': 'Duration',
}

const scalars: Readonly<Record<string, string>> = {
  string: 'string',
  int32: 'integer',
  int64: 'integer',
  bool: 'boolean',
  '[]byte': 'bytes',
}

interface Field {
  readonly number: number
  /** Undefined where the members of the message stand in those of its parent. Ends with `?` where JSON omits a zero. */
  readonly name: string | undefined
  readonly type: string
}

const structs = new Map<string, readonly Field[]>()
const named = new Map<string, string>()

const qualified = (type: string, of: string): string => {
  const [first = '', second] = type.split('.')
  if (second !== undefined) {
    const known = special[type] ?? special[`${goImports[first] ?? first}.${second}`]
    if (known !== undefined) return known
    return `${goImports[first] ?? first}.${second}`
  }
  return special[`${of}.${type}`] ?? `${of}.${type}`
}

/** Returns a Go type in the table's words: `string`, `core.Container`, `[]X` for lists, `{}X` for maps from strings. */
const typeOf = (go: string, of: string): string => {
  const type = go.replace(/^\*/, '')
  const scalar = scalars[type]
  if (scalar !== undefined) return scalar
  if (type.startsWith('[]')) return `[]${typeOf(type.slice(2), of)}`
  const map = /^map\[[^\]]+\](.+)$/.exec(type)
  if (map?.[1] !== undefined) return `{}${typeOf(map[1], of)}`
  return qualified(type, of)
}

const read = (room: string, folder: string): void => {
  for (const file of globSync('*.go', { cwd: folder }).filter(name => !/_test\.go$|generated/.test(name))) {
    const text = readFileSync(join(folder, file), 'utf8')
    for (const [, name = '', type = ''] of text.matchAll(/^type (\w+) ((?:\[\]|map\[)?[\w.\]]+)$/gm)) {
      named.set(`${room}.${name}`, typeOf(type, room))
    }
    for (const [, name = '', body = ''] of text.matchAll(/^type (\w+) struct \{\n([^]*?)^\}/gm)) {
      const fields = [
        ...body.matchAll(/^\t(?:\w+ )?([\w.*[\]]+)\s+`json:"([^"]*)"[^`]*? protobuf:"\w+,(\d+),[^"]*"`/gm),
      ].flatMap(([, go = '', json = '', number = '']): readonly Field[] => {
        const [key = '', ...options] = json.split(',')
        if (key === '-') return []
        const omitsZero = options.includes('omitempty') && !go.startsWith('*')
        const name = key === '' ? undefined : `${key}${omitsZero ? '?' : ''}`
        return [{ number: Number(number), name, type: typeOf(go, room) }]
      })
      structs.set(`${room}.${name}`, fields)
    }
  }
}

for (const [room, folder] of Object.entries(packages)) read(room, folder)

/** Returns a type with what it was named after: `core.ResourceName` is a string. */
const resolved = (type: string): string => {
  const prefix = /^(?:\[\]|\{\})/.exec(type)?.[0] ?? ''
  const inner = type.slice(prefix.length)
  const target = named.get(inner)
  return target === undefined ? type : resolved(`${prefix}${target}`)
}

const messages = new Map<string, string>()
const known = new Set([...Object.values(special), ...Object.values(scalars)])
const collect = (message: string): void => {
  if (messages.has(message) || known.has(message)) return
  const fields = structs.get(message)
  if (fields === undefined) throw new Error(`no such type: ${message}`)
  messages.set(message, '')
  const lines = fields.map(({ number, name, type }) => {
    const of = resolved(type)
    collect(of.replace(/^(?:\[\]|\{\})+/, ''))
    return `${number} ${name ?? '-'} ${of}`
  })
  messages.set(message, lines.join(', '))
}
kinds.forEach(collect)

const entries = [...messages].sort(([a], [b]) => (a < b ? -1 : 1))
writeFileSync(
  'apiserver/protobuf/messages.ts',
  `// Generated by "npm run generate:protobuf" from the Go types of k8s.io/api.

/** The messages that kubectl's own \`create\` sends, as \`NUMBER NAME TYPE\` of each field; see decode.ts for the types. */
export const messages: Readonly<Record<string, string>> = {
${entries.map(([name, fields]) => `  '${name}': '${fields}',`).join('\n')}
}
`,
)
console.log(`wrote ${entries.length} messages`)
