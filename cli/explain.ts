import { ApiError } from '../src/kube/errors.ts'
import { group, hookPlural, policyNames } from '../src/api/names.ts'
import { tryParseJson } from '../src/api/json.ts'
import { redacted } from '../src/environment/redact.ts'
import { Unreachable, WatchRefused } from '../src/environment/unreachable.ts'
import { publicKeysConfigMap } from '../src/token/published.ts'
import { shellWord } from './snippets/shell-word.ts'
import { UsageError } from '../src/commands/command.ts'
import { CommandFailure } from '../src/commands/failure.ts'
import { forTerminal } from './output/terminal.ts'
import type { Shell } from '../src/commands/shell.ts'
import { pageURL } from '../src/api/site.ts'

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
    const isHere = /\/\/(127\.0\.0\.1|localhost|\[::1\])[:/ ]/.test(error.message)
    const advice = `${isHere ? 'Is the playground still running? Otherwise, look' : 'Look'} at the address with kubectl config view --minify.`
    return { message: `${error.message}\n${advice}`, exitCode: 3 }
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

const notInstalled = `this cluster has no receiverhooks: choose another context, or install Receiver Hooks first: ${pageURL('docs/how-to/install.md')}`

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
  /(?:[\w.-]+ "([^"]+)" is forbidden: )?User "([^"]*)" cannot (\w+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)"| at the cluster scope)/

/**
 * Matches the message of the admission policy for authors about a missing right: see
 * scripts/deploy/policies.ts.
 */
const refusalOfAuthors =
  /denied request: (\S+) may not (?:[^:]*? [A-Z]\w*\/([^\s:]+)|[^:]+): (?:writing this hook|setting [\w.]+) needs the right to (\w+) ([\w./-]+)(?: \(API group ([^)]+)\))? in namespace (\S+)/

/**
 * Returns the missing right and the commands that grant it. Returns undefined if the message is not
 * a refusal in a known form.
 */
const forbidden = (message: string): string | undefined => {
  const ofServer = refusal.exec(message)
  const [, first = '', second, verb, resource, apiGroup = '', namespace] =
    ofServer ?? refusalOfAuthors.exec(message) ?? []
  if (verb === undefined || resource === undefined) return undefined
  const [user, object] = ofServer ? [unescaped(second ?? ''), first] : [first, second ?? '']
  const [plain = '', subresource] = resource.split('/', 2)
  const where = namespace === undefined ? 'in every namespace' : `in the namespace ${namespace}`
  const [kind, flags] = namespace === undefined ? ['clusterrole', ''] : ['role', ` -n ${namespace}`]
  const granted = `${plain}${apiGroup === '' ? '' : `.${apiGroup}`}${subresource === undefined ? '' : `/${subresource}`}`
  // RBAC cannot distinguish objects before they are there.
  const isOfOne = object !== '' && verb !== 'create'
  // Each right has a role of its own. One of a name that is there already would not be made.
  const parts = [plain, subresource, isOfOne && objectName(object), verb].filter(Boolean)
  const name = `${parts.join('-')}${apiGroup === group ? '' : '-for-hooks'}`
  return `${user} may not ${verb} ${resource} ${where}. Someone with this right can grant it:
  kubectl${flags} create ${kind} ${name} --verb=${verb} --resource=${granted}${isOfOne ? ` --resource-name=${shellWord(object)}` : ''}
  kubectl${flags} create ${kind}binding ${name}-${objectName(user)} --${kind}=${name} ${subject(user)}
${worthOf(verb, resource, isOfOne ? object : undefined)}`
}

/** Returns what a right is good for beyond the command that needs it. */
const worthOf = (verb: string, resource: string, object: string | undefined): string => {
  if (object === publicKeysConfigMap && verb === 'patch') {
    return `It allows stopping and starting all hooks, and nothing else while the admission policy ${policyNames.keys} is in force; without that policy, it also allows running every hook.`
  }
  if (resource === hookPlural && ['get', 'list', 'watch'].includes(verb)) {
    return 'Anyone who may read a hook has its URL, and so may run it.'
  }
  if (resource === 'serviceaccounts' && verb === 'impersonate') return `It allows everything that ${object} may do.`
  return object === undefined
    ? `It covers all ${resource} there, even without a hook.`
    : `It covers only ${object}, even without a hook.`
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
