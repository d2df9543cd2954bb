/**
 * The tools of an agent: each is a hook. Their texts are made of what the schema of hooks bounds: names, numbers, times and
 * the product's own words. No annotation, expression or other free text of anybody is in them.
 */
import { milliseconds } from '../../src/api/duration.ts'
import { keyOf } from '../../src/api/hash.ts'
import { isReceiverHook, type ReceiverHook } from '../../src/api/hook.ts'
import { stringAt } from '../../src/api/json.ts'
import { limitInWords } from '../../src/api/limits-schema.ts'
import { subdomainPattern } from '../../src/api/names.ts'
import { maxRequestBody, maxWhy } from '../../src/api/run-request.ts'
import { driverOf, isViolation } from '../../src/drivers/registry.ts'
import { review } from '../../src/kube/reviews.ts'
import { hooks } from '../../src/kube/resources.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { listObjects } from '../cluster/hooks.ts'

/** How many hooks are tools at most. A model chooses badly among more, and each takes room in its context. */
const maxTools = 64
/** The longest name of a tool, in characters. Some clients allow 60, and put the name of the server before it. */
const maxToolName = 40
/** The longest part of a description, in characters: a selector may name many labels. */
const maxPart = 300

const imagePattern = '^[A-Za-z0-9][A-Za-z0-9._:/@-]*$'

/** Which hooks are tools: those of a namespace, or of all, that have the labels. */
export interface ToolChoice {
  readonly api: Cluster['api']
  readonly namespace: string | undefined
  readonly labelSelector: string
  readonly allowRun: boolean
}

/** Arguments of a tool, as JSON Schema has them. */
type Arguments = Record<string, { type: 'string'; maxLength: number; description: string; pattern: string }>

export interface HookTool {
  readonly hook: ReceiverHook
  readonly target: string
  readonly name: string
  readonly description: string
  readonly arguments: Arguments
}

/** Reads the hooks that are tools. */
export const toolsOf = async (choice: ToolChoice): Promise<readonly HookTool[]> => {
  const { allowRun, labelSelector, namespace } = choice
  const found = (await listObjects(choice, hooks, namespace, { labelSelector })).filter(isReceiverHook)
  return found.flatMap(hook => toolOf(hook, allowRun)).slice(0, maxTools)
}

/** Returns those of the tools that the user may run. The API server decides about each run once more. */
export const runnable = async (api: Cluster['api'], tools: readonly HookTool[]): Promise<readonly HookTool[]> => {
  const reviews = tools.map(({ hook: { metadata } }) =>
    review(api, metadata.namespace, { type: hooks, verb: 'run', name: metadata.name }, undefined),
  )
  const results = await Promise.all(reviews)
  return tools.filter((_, index) => results[index] === 'allowed')
}

/** Returns the tool that a hook is. It is none if nobody can be shown what a run would do, as of what it forwards. */
const toolOf = (hook: ReceiverHook, allowRun: boolean): readonly HookTool[] => {
  const { metadata, spec } = hook
  const bound = driverOf(spec)
  if (isViolation(bound) || spec.driver === 'forward') return []
  const parts = [
    `${metadata.namespace}/${metadata.name}: ${bound.description}`,
    `Target: ${bound.target}`,
    `At worst it can ${bound.worst}`,
    spec.for !== undefined && `It undoes its change after ${spec.for}`,
    milliseconds(spec.cooldown) !== 0 && `It runs at most once in ${spec.cooldown}`,
    spec.limits && `It takes at most ${spec.limits.map(limitInWords).join(', and ')}`,
    spec.windows && 'It runs only at certain times',
    allowRun && spec.approval && `A run waits for ${spec.approval.within} at most until another person approves it`,
    'Without confirm it says what a run would do now, and changes nothing',
    allowRun && 'That answer contains confirm: call again with it to run exactly that',
  ].filter(part => typeof part === 'string')
  const description = parts.map(part => `${part.slice(0, maxPart)}.`).join(' ')
  return [{ hook, target: bound.target, name: toolName(metadata), description, arguments: argumentsOf(spec, allowRun) }]
}

/**
 * Returns the name of the tool for a hook, such as `shop_web-up`. No other hook has it: names of Kubernetes have no `_`, and
 * never two dots in a row. Some clients refuse dots.
 */
export const toolName = ({ name, namespace }: { readonly name: string; readonly namespace: string }): string => {
  const whole = `${namespace}_${name.replaceAll('.', '_')}`
  const hash = keyOf(`${namespace}/${name}`).slice(0, 8)
  return whole.length <= maxToolName ? whole : `${whole.slice(0, maxToolName - hash.length - 2)}__${hash}`
}

const argumentsOf = (spec: ReceiverHook['spec'], allowRun: boolean): Arguments => {
  const text = (maxLength: number, description: string, pattern = '') =>
    ({ type: 'string', maxLength, description, pattern }) as const
  const takesBody = (stringAt(spec, 'runJob', 'body') ?? 'none') !== 'none'
  return {
    ...(spec.driver === 'redeploy' && { image: text(512, 'What was pushed: ghcr.io/acme/web:1.4.2.', imagePattern) }),
    ...(takesBody && { body: text(maxRequestBody, 'The body that the Job gets, as JSON.') }),
    why: text(maxWhy, 'Why, for people who look at the request later.'),
    // With `-run` it must be an idempotency key.
    ...(allowRun && { confirm: text(120, 'The confirm of an earlier answer. It runs once.', `^${subdomainPattern}$`) }),
  }
}

/** Returns what is wrong with the arguments of a call, or undefined. The library of the protocol checks nothing. */
export const problemIn = (known: Arguments, given: Readonly<Record<string, unknown>>): string | undefined => {
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(known, name) ? known[name] : undefined
    if (!rule) return `the arguments are ${Object.keys(known).join(', ')}`
    const { maxLength, pattern } = rule
    const fits = typeof value === 'string' && value.length <= maxLength && new RegExp(pattern).test(value)
    if (!fits) return `${name} must be a text of at most ${maxLength} characters that matches /${pattern}/`
  }
  return undefined
}
