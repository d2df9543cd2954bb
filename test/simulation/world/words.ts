import { parseJson } from '../../../src/api/json.ts'
import type { SimulatedServer } from '../server.ts'
import type { Actor } from './actor.ts'
import { countIn, isFleet, refTo, targetsPath } from './targets.ts'

const applyPatch = { contentType: 'application/apply-patch+yaml' } as const
const jsonPatch = { contentType: 'application/json-patch+json' } as const

/** A request of somebody else, and what its sender would call it. */
interface Said {
  readonly what: string
  readonly under?: string
  readonly body: unknown
  readonly query: Readonly<Record<string, string>>
  readonly contentType?: string
}

/** The ways in which people and programs write an object with a count: some of them say what the count is. */
const waysOf = (name: string, now: number, count: number): readonly Said[] => {
  const field = isFleet(name) ? 'size' : 'replicas'
  const by = (fieldManager: string) => ({ fieldManager })
  const applied = (to: number) => ({ ...refTo(name), metadata: { name }, spec: { [field]: to } })
  const patchOf = (path: string, value: unknown): readonly unknown[] => [{ op: 'add', path, value }]
  const aside = isFleet(name) ? '/spec/colour' : '/spec/template/spec/containers/0/image'
  return [
    { what: `scales it to ${count}`, under: '/scale', body: { spec: { replicas: count } }, query: by('kubectl') },
    {
      what: `scales it to ${now}, which it is`,
      under: '/scale',
      body: { spec: { replicas: now } },
      query: by('kubectl'),
    },
    { what: `edits it to ${count}`, body: { spec: { [field]: count } }, query: by('kubectl-edit') },
    {
      what: `patches it to ${count}`,
      body: patchOf(`/spec/${field}`, count),
      query: by('kubectl-patch'),
      ...jsonPatch,
    },
    { what: `applies ${count}`, body: applied(count), query: by('gitops'), ...applyPatch },
    {
      what: `applies ${count} by force`,
      body: applied(count),
      query: { ...by('gitops'), force: 'true' },
      ...applyPatch,
    },
    { what: `applies ${now}, which it is`, body: applied(now), query: by('argocd'), ...applyPatch },
    { what: 'sets an image', body: patchOf(aside, `v${count}`), query: by('kubectl-set'), ...jsonPatch },
    { what: 'annotates it', body: { metadata: { annotations: { note: `${count}` } } }, query: by('kubectl-annotate') },
    { what: 'reports', under: '/status', body: { status: { observedGeneration: count } }, query: by('controller') },
  ]
}

/** Somebody else writes a target, in any of these ways. */
export const writeOutside =
  (server: SimulatedServer, targets: readonly string[]) =>
  ({ did, rng }: Actor): void => {
    const name = rng.pick(targets)
    const path = `${targetsPath(name)}/${name}`
    const now = countIn(name, parseJson(server.send('GET', path).body))
    const { body, under = '', what, ...extra } = rng.pick(waysOf(name, now, rng.int(0, 12)))
    const { status } = server.send('PATCH', `${path}${under}`, body, extra)
    did(`somebody else looks at ${name}, and ${what}: ${status}`)
  }
