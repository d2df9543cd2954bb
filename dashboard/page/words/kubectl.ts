/** This file makes the commands that do the same as actions of the page. */

const resource = 'receiverhook'

/** Returns a text as one word of a POSIX shell, in quotes if necessary. */
export const commandWord = (text: string): string =>
  /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

const mergePatch = (namespace: string, name: string, patch: unknown): string =>
  `kubectl -n ${commandWord(namespace)} patch ${resource} ${commandWord(name)} --type merge -p ${commandWord(JSON.stringify(patch))}`

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
        `kubectl receiverhook ${command} ${its.map(({ name }) => commandWord(name)).join(' ')} -n ${commandWord(namespace)}${flags}`,
    )
    .join('\n')

/** Returns the command that stops all hooks of the installation in a namespace. */
export const kubectlStop = (namespace: string, reason: string, all: boolean): string =>
  `kubectl receiverhook stop${systemFlag(namespace)}${all ? ' --all' : ''} --reason ${commandWord(reason.trim() || 'WHY')}`

export const kubectlStart = (namespace: string): string => `kubectl receiverhook start${systemFlag(namespace)}`

const systemFlag = (namespace: string): string =>
  namespace === 'receiver-hooks' ? '' : ` --system-namespace ${commandWord(namespace)}`

export const kubectlApply = (yaml: string): string => `kubectl apply -f - <<'EOF'\n${yaml}EOF\n`

/** Returns the command that creates a token to paste into the sign-in form. */
export const kubectlToken = (account: string, namespace: string): string =>
  `kubectl create token ${commandWord(account)} --namespace ${commandWord(namespace)} --duration 8h`

/**
 * Returns the commands with which an administrator gives a user the rights `verbs` in a namespace.
 * `named` is the resource.
 */
export const kubectlGrant = (user: string, namespace: string, verbs: readonly string[], named: string): string => {
  const at = `-n ${commandWord(namespace)}`
  const role = `receiver-hooks-${verbs[0] ?? 'look'}`
  return [
    `kubectl ${at} create role ${role} --verb=${verbs.join(',')} --resource=${commandWord(named)}`,
    `kubectl ${at} create rolebinding ${role} --role=${role} ${subjectOf(user)}`,
  ].join('\n')
}

const accountPrefix = 'system:serviceaccount:'

const subjectOf = (user: string): string =>
  user.startsWith(accountPrefix)
    ? `--serviceaccount=${commandWord(user.slice(accountPrefix.length))}`
    : `--user=${commandWord(user)}`
