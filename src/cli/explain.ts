import { ApiError } from '../kube/errors.ts'
import { group } from '../api/names.ts'
import { tryParseJson } from '../api/json.ts'
import { redacted } from '../environment/redact.ts'
import { Unreachable, WatchRefused } from '../environment/unreachable.ts'
import { shellWord } from '../snippets/shell-word.ts'
import { UsageError } from './command.ts'
import { CommandFailure } from './failure.ts'
import { forTerminal } from './output/terminal.ts'
import type { Shell } from './shell.ts'

export interface Explained {
  readonly message: string
  readonly exitCode: number
}

/** Returns what failed, what to do about it, and the exit code. */
export const explain = (error: unknown, shell: Pick<Shell, 'program'>): Explained => {
  const { exitCode, message } = explained(error, shell)
  return { exitCode, message: forTerminal(redacted(message)) }
}

const explained = (error: unknown, { program }: Pick<Shell, 'program'>): Explained => {
  if (error instanceof UsageError) {
    const help = [program, error.command, '--help'].filter(Boolean).join(' ')
    return { message: `${error.message}\n\nTry ${help}.`, exitCode: 2 }
  }
  if (error instanceof CommandFailure) return { message: error.message, exitCode: error.exitCode }
  if (error instanceof Unreachable) {
    return { message: `${error.message}\nLook at the address with kubectl config view --minify.`, exitCode: 3 }
  }
  if (error instanceof ApiError || error instanceof WatchRefused) {
    return { message: ofTheServer(error), exitCode: error.status >= 500 ? 3 : 1 }
  }
  return { message: error instanceof Error ? error.message : String(error), exitCode: 1 }
}

const ofTheServer = (error: ApiError | WatchRefused): string => {
  if (error.status === 401) {
    return 'the API server does not know who you are: log in again, and look at kubectl config view --minify'
  }
  if (error.status === 403) return forbidden(error.message) ?? said(error)
  if (error.status === 404 && error instanceof ApiError && error.reason !== 'NotFound') return notInstalled
  return said(error)
}

const notInstalled =
  'this cluster knows no receiverhooks: install Receiver Hooks first (docs/how-to/install.md), or look at another context'

/**
 * Returns the API server's message without the request and the status that {@link ApiError} puts
 * before it. Returns the status if there is no message, as in the answer of some proxies.
 */
const said = ({ message, status }: ApiError | WatchRefused): string =>
  message.replace(/^.*?: the API server answered (\d+)(: )?/, '').trim() || `the API server answered ${status}`

/**
 * Matches the API server's message about a missing right
 * (https://kubernetes.io/docs/reference/access-authn-authz/authorization/).
 */
const refusal =
  /User "([^"]*)" cannot (\w+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)"| at the cluster scope)/

/**
 * Matches the message of the admission policy for authors about a missing right: see
 * scripts/deploy/policies.ts.
 */
const refusalOfAuthors =
  /denied request: (\S+) may not [^:]+: who writes this hook needs the right to (\w+) ([\w./-]+)(?: \(API group ([^)]+)\))? in namespace (\S+)/

/**
 * Returns the missing right and the commands that grant it. Returns undefined if the message is not
 * a refusal in a known form.
 */
const forbidden = (message: string): string | undefined => {
  const ofServer = refusal.exec(message)
  const [, named = '', verb, resource, apiGroup = '', namespace] = ofServer ?? refusalOfAuthors.exec(message) ?? []
  if (verb === undefined || resource === undefined) return undefined
  const user = ofServer ? unescaped(named) : named
  const [plain = '', subresource] = resource.split('/', 2)
  const where = namespace === undefined ? 'in every namespace' : `in the namespace ${namespace}`
  const name = `${[plain, subresource, verb].filter(Boolean).join('-')}${apiGroup === group ? '' : '-for-hooks'}`
  const [kind, flags] = namespace === undefined ? ['clusterrole', ''] : ['role', ` -n ${namespace}`]
  const granted = `${plain}${apiGroup === '' ? '' : `.${apiGroup}`}${subresource === undefined ? '' : `/${subresource}`}`
  return `${user} may not ${verb} ${resource} ${where}. Somebody who may can grant it:
  kubectl${flags} create ${kind} ${name} --verb=${verb} --resource=${granted}
  kubectl${flags} create ${kind}binding ${name}-${objectName(user)} --${kind}=${name} ${subject(user)}`
}

/** Returns a user's name that the API server has quoted as Go does, which is JSON for most characters. */
const unescaped = (quoted: string): string => {
  const text = tryParseJson(`"${quoted}"`)
  return typeof text === 'string' ? text : quoted
}

/** Returns a user's name in a form that an object's name may have. */
const objectName = (user: string): string => user.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-')

const subject = (user: string): string => {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):(.+)$/.exec(user) ?? []
  return name === undefined ? `--user=${shellWord(user)}` : `--serviceaccount=${namespace}:${name}`
}
