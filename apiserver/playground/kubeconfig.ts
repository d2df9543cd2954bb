import { parse, stringify } from 'yaml'
import { at, isObject, stringAt } from '../../src/api/json.ts'
import { sampleNamespace } from './samples.ts'

/** The name of the cluster, of the user and of the context in a playground's kubeconfig. */
const entryName = 'playground'

/** The beginning of every playground's URL, without its port. */
const serverStart = 'http://127.0.0.1:'

/** Returns a kubeconfig for the in-memory server, which has no authentication. */
export const kubeconfigFor = (server: string): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    // Node's client library speaks plain HTTP only to a cluster with this setting.
    clusters: [{ name: entryName, cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: entryName, user: {} }],
    contexts: [{ name: entryName, context: { cluster: entryName, user: entryName, namespace: sampleNamespace } }],
    'current-context': entryName,
  })

/**
 * Returns whether a playground may replace a file with this text. The text is empty, or a kubeconfig
 * of an earlier playground to which nobody has added anything.
 */
export const isReplaceable = (text: string): boolean => text.trim() === '' || isOfPlayground(parsed(text))

/** Returns what a text means as YAML, or undefined if it is no YAML. */
const parsed = (text: string): unknown => {
  try {
    return parse(text, { logLevel: 'silent' })
  } catch {
    return undefined
  }
}

const isOfPlayground = (config: unknown): boolean => {
  const user = at(onlyEntry(config, 'users'), 'user')
  return (
    onlyEntry(config, 'contexts') !== undefined &&
    isObject(user) &&
    Object.keys(user).length === 0 &&
    stringAt(onlyEntry(config, 'clusters'), 'cluster', 'server')?.startsWith(serverStart) === true
  )
}

/** Returns the entry of a list in a kubeconfig, if it is the only one and has the playground's name. */
const onlyEntry = (config: unknown, list: string): unknown => {
  const entries = at(config, list)
  if (!Array.isArray(entries) || entries.length !== 1) return undefined
  const entry: unknown = entries[0]
  return at(entry, 'name') === entryName ? entry : undefined
}
