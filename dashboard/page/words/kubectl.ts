/** This file makes the commands that do the same as actions of the page. */

import { shellWord } from '../../../cli/snippets/shell-word.ts'

const resource = 'receiverhook'

const mergePatch = (namespace: string, name: string, patch: unknown): string =>
  `kubectl -n ${shellWord(namespace)} patch ${resource} ${shellWord(name)} --type merge -p ${shellWord(JSON.stringify(patch))}`

export const kubectlSuspend = (namespace: string, name: string, suspend: boolean): string =>
  mergePatch(namespace, name, { spec: { suspend } })

export const kubectlRotate = (namespace: string, name: string, rotation: number, overlap: string | undefined): string =>
  mergePatch(namespace, name, { spec: { token: { rotation, overlap } } })

/** Returns the commands that change or run hooks, one for each namespace. */
export const kubectlMany = (
  command: string,
  hooks: readonly { readonly name: string; readonly namespace: string }[],
  flags = '',
): string =>
  [...Map.groupBy(hooks, ({ namespace }) => namespace)]
    .map(
      ([namespace, its]) =>
        `kubectl receiverhook ${command} ${its.map(({ name }) => shellWord(name)).join(' ')} -n ${shellWord(namespace)}${flags}`,
    )
    .join('\n')

/** Returns the command that stops all hooks of the installation in a namespace. */
export const kubectlStop = (namespace: string, reason: string, all: boolean): string =>
  `kubectl receiverhook stop${systemFlag(namespace)}${all ? ' --all' : ''} --reason ${shellWord(reason.trim() || 'WHY')}`

export const kubectlStart = (namespace: string): string => `kubectl receiverhook start${systemFlag(namespace)}`

const systemFlag = (namespace: string): string =>
  namespace === 'receiver-hooks' ? '' : ` --system-namespace ${shellWord(namespace)}`

export const kubectlApply = (yaml: string): string => `kubectl apply -f - <<'EOF'\n${yaml}EOF\n`

/** Returns the command that creates a token to paste into the sign-in form. */
export const kubectlToken = (account: string, namespace: string): string =>
  `kubectl create token ${shellWord(account)} --namespace ${shellWord(namespace)} --duration 8h`

/**
 * Returns the commands with which an administrator gives a user the rights `verbs` in a namespace.
 * `named` is the resource.
 */
export const kubectlGrant = (user: string, namespace: string, verbs: readonly string[], named: string): string => {
  const at = `-n ${shellWord(namespace)}`
  const role = `receiver-hooks-${verbs[0] ?? 'look'}`
  return [
    `kubectl ${at} create role ${role} --verb=${verbs.join(',')} --resource=${shellWord(named)}`,
    `kubectl ${at} create rolebinding ${role} --role=${role} ${subjectOf(user)}`,
  ].join('\n')
}

const accountPrefix = 'system:serviceaccount:'

const subjectOf = (user: string): string =>
  user.startsWith(accountPrefix)
    ? `--serviceaccount=${shellWord(user.slice(accountPrefix.length))}`
    : `--user=${shellWord(user)}`
