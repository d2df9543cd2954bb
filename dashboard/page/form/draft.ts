import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import { violations, type Violation } from '../../../src/api/guard.ts'
import { isObject } from '../../../src/api/json.ts'
import { apiVersion, hookKind, nameLength, objectNameRule } from '../../../src/api/names.ts'
import { declarations, hookSpecSchema } from '../../../src/drivers/schemas.ts'
import type { Seen } from '../../protocol.ts'
import { namesIn, rowSignal } from '../store.ts'
import { toYaml } from '../words/yaml.ts'
import { oppositeOf } from './clone.ts'
import { putChosen, putKeeping } from './choice.ts'
import { pathText, same, filledIn, writtenSpec, type Path, type Value } from './value.ts'
import { choiceOf, schemaAt } from './widget.ts'

/** The state of the form: the hook as the user has typed it so far, and its errors. */
export interface Draft {
  readonly name: Signal<string>
  readonly namespace: Signal<string>
  readonly spec: Signal<Value>
  /** The version of the edited hook that the user has read. Undefined for a new hook. */
  readonly seen: Seen | undefined
  /** True if the opposite hook is created too. */
  readonly opposite: Signal<boolean>
  /** The form's own error messages by path, such as `metadata.name` or `spec.scale.max`. */
  readonly wrong: ReadonlySignal<ReadonlyMap<string, string>>
  /** The API server's messages by path, about the hook as it is in the form now. */
  readonly refused: ReadonlySignal<ReadonlyMap<string, string>>
  /**
   * The paths that the user has changed. Other fields show errors only after an attempt to save.
   */
  readonly touched: Signal<ReadonlySet<string>>
  readonly dirty: ReadonlySignal<boolean>
  readonly yaml: ReadonlySignal<string>
  set(path: Path, value: unknown): void
  /**
   * Shows the API server's messages by path, as long as the manifest is `yaml`. Without messages, the
   * server has accepted the hook.
   */
  refuse(yaml: string, messages: Readonly<Record<string, string>> | undefined): void
  /** Chooses one member of the object at a path, or none. */
  choose(path: Path, member: string | undefined): void
}

export interface DraftStart {
  readonly name: string
  readonly namespace: string
  readonly spec: Value
  /** The stored spec, if `spec` differs from it from the beginning. */
  readonly base?: Value
  readonly seen?: Seen
}

/** Returns whether the edited hook was changed, or made again, since the user read it. */
export const isChangedByOthers = ({ name, namespace, seen }: Draft): boolean => {
  const row = rowSignal(`${namespace.value}/${name.value}`)?.value
  // The row may be a moment behind what the form has read.
  return seen !== undefined && row !== undefined && (row.uid !== seen.uid || row.generation > seen.generation)
}

/** Returns the spec as the page sends it and shows it in the manifest. */
export const specOf = (draft: Draft): Value => writtenSpec(hookSpecSchema, draft.spec.value)

/** Returns the opposite of a hook in the form, with a name that is not taken. Undefined if it has none. */
export const oppositeIn = (draft: Draft): ReturnType<typeof oppositeOf> =>
  oppositeOf(draft.name.value, specOf(draft), new Set([...namesIn(draft.namespace.value), draft.name.value]))

/** Returns the hooks to create: the hook, and its opposite if requested. */
export const hooksOf = (draft: Draft): readonly { readonly name: string; readonly spec: Value }[] => {
  const opposite = draft.opposite.value ? oppositeIn(draft) : undefined
  return [{ name: draft.name.value, spec: specOf(draft) }, ...(opposite === undefined ? [] : [opposite])]
}

const noMessages: ReadonlyMap<string, string> = new Map()

const manifestOf = (namespace: string, name: string, spec: Value): string =>
  toYaml({ apiVersion, kind: hookKind, metadata: { name, namespace }, spec })

export const draftOf = (start: DraftStart): Draft => {
  const name = signal(start.name)
  const namespace = signal(start.namespace)
  const spec = signal<Value>(writtenSpec(hookSpecSchema, start.spec))
  const touched = signal<ReadonlySet<string>>(new Set())
  const refusal = signal<{ readonly yaml: string; readonly messages: ReadonlyMap<string, string> } | undefined>(
    undefined,
  )
  const base = start.base === undefined ? spec.value : writtenSpec(hookSpecSchema, start.base)
  const draft: Draft = {
    name,
    namespace,
    spec,
    seen: start.seen,
    opposite: signal(false),
    touched,
    refused: computed(() => (refusal.value?.yaml === draft.yaml.value ? refusal.value.messages : noMessages)),
    wrong: computed(() => {
      const found = new Map<string, string>()
      const wrongName = start.seen === undefined ? nameFault(name.value, namespace.value) : undefined
      if (wrongName !== undefined) found.set('metadata.name', wrongName)
      if (!objectNameRule.holds(namespace.value)) found.set('metadata.namespace', 'must be the name of a namespace')
      for (const { message, path } of violations(
        hookSpecSchema,
        filledIn(hookSpecSchema, withMember(spec.value)),
        'spec',
      )) {
        if (!found.has(path)) found.set(path, message)
      }
      for (const { message, path } of wrongPairs(spec.value)) if (!found.has(path)) found.set(path, message)
      return found
    }),
    dirty: computed(() => !same(spec.value, base) || name.value !== start.name),
    yaml: computed(() =>
      hooksOf(draft)
        .map(hook => manifestOf(namespace.value, hook.name, hook.spec))
        .join('---\n'),
    ),
    set: (path, value) => {
      touched.value = new Set(touched.value).add(pathText(path))
      spec.value = putKeeping(spec.value, path, value)
    },
    refuse: (yaml, messages) => {
      refusal.value = messages && { yaml, messages: new Map(Object.entries(messages)) }
    },
    choose: (path, member) => {
      spec.value = putChosen(spec.value, path, member)
    },
  }
  return draft
}

/**
 * Adds the driver's member as an empty object if it is missing. Then errors name the missing fields
 * of that member, not the member itself.
 */
const withMember = (spec: Value): Value => {
  const driver = String(spec['driver'])
  return spec[driver] === undefined ? { ...spec, [driver]: {} } : spec
}

/** Returns which members of the driver contradict each other, also while others are still missing. */
const wrongPairs = (spec: Value): readonly Violation[] => {
  const driver = String(spec['driver'])
  const schema = schemaAt(hookSpecSchema, [driver])
  const member = schema && filledIn(schema, spec[driver])
  if (!isObject(member)) return []
  return (schema?.['x-kubernetes-validations'] ?? []).flatMap(({ fieldPath = '', holds, message, reason }) =>
    reason === undefined && member[fieldPath.slice(1)] !== undefined && holds?.(member) === false
      ? [{ path: `spec.${driver}${fieldPath}`, message }]
      : [],
  )
}

const nameFault = (name: string, namespace: string): string | undefined => {
  if (name === '') return 'must be set'
  if (name.length > nameLength) return `must be at most ${nameLength} characters long`
  if (!objectNameRule.holds(name)) return objectNameRule.message
  return namesIn(namespace).has(name) ? `is taken: there is a hook ${name} in namespace ${namespace}` : undefined
}

/** The names of the drivers. A new hook begins with the first. */
export const driverNames = declarations.map(({ name }) => name)

/**
 * Changes the driver. Common members stay, and members of other drivers are removed. If the new
 * driver's member is a choice, its first member is chosen.
 */
export const withDriver = (spec: Value, driver: string): Value => {
  const shared = Object.entries(spec).filter(([name]) => !driverNames.some(known => known === name))
  const member = spec[driver]
  const chosen: Value = { ...Object.fromEntries(shared), driver, ...(member === undefined ? {} : { [driver]: member }) }
  const schema = schemaAt(hookSpecSchema, [driver])
  const first = schema && choiceOf(schema)?.of[0]
  return first === undefined || member !== undefined ? chosen : putChosen(chosen, [driver], first)
}
