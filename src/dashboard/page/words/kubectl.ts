/** The kubectl lines that do what the page does. */

const resource = 'receiverhook'

/** A word as a POSIX shell takes it. */
export const shellWord = (text: string): string =>
  /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

const mergePatch = (namespace: string, name: string, patch: unknown): string =>
  `kubectl -n ${shellWord(namespace)} patch ${resource} ${shellWord(name)} --type merge -p ${shellWord(JSON.stringify(patch))}`

export const kubectlSuspend = (namespace: string, name: string, suspend: boolean): string =>
  mergePatch(namespace, name, { spec: { suspend } })

export const kubectlRotate = (namespace: string, name: string, rotation: number, overlap: string): string =>
  mergePatch(namespace, name, { spec: { token: { rotation, overlap } } })

export const kubectlDelete = (namespace: string, name: string): string =>
  `kubectl -n ${shellWord(namespace)} delete ${resource} ${shellWord(name)}`

export const kubectlApply = (yaml: string): string => `kubectl apply -f - <<'EOF'\n${yaml}EOF\n`

/** Asks for a token to paste. */
export const kubectlToken = (account: string, namespace: string): string =>
  `kubectl create token ${shellWord(account)} --namespace ${shellWord(namespace)} --duration 8h`

/** What an administrator runs so that a user may look at, or change, the hooks of a namespace. */
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
