import type { ApiConnection } from '../../src/environment/environment.ts'
import type { ParsedLine, Option } from '../../src/commands/command.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { duration, flag, namespaceName, text, texts } from '../../src/commands/options.ts'
import type { Shell } from '../../src/commands/shell.ts'
import { locate } from './access.ts'
import { cliConnection } from './connection.ts'

/** The API server and the namespace of a command. */
export interface Cluster {
  readonly api: ApiConnection
  readonly namespace: string
  readonly context: string | undefined
  readonly server: string
}

const kubeconfig = text({
  flag: 'kubeconfig',
  value: 'FILE',
  means: 'the kubeconfig (default: KUBECONFIG, else ~/.kube/config)',
  completes: 'files',
})
const context = text({ flag: 'context', value: 'NAME', means: 'a context in the kubeconfig', completes: 'contexts' })
const clusterName = text({ flag: 'cluster', value: 'NAME', means: 'a cluster in the kubeconfig' })
const user = text({ flag: 'user', value: 'NAME', means: 'a user in the kubeconfig' })
const server = text({ flag: 'server', short: 's', value: 'URL', means: 'the address of the API server' })
const as = text({ flag: 'as', value: 'USER', means: 'act as this user' })
const asGroup = texts({ flag: 'as-group', value: 'GROUP', means: 'act as a member of this group; may be repeated' })
const requestTimeout = duration(
  { flag: 'request-timeout', means: 'how long to wait for the API server to answer (default: 10s)' },
  '10s',
)

/** The heading of the flags that kubectl has too. */
export const accessGroup = "kubectl's own"

/** The flags of all commands that use an API server, with kubectl's names. */
export const accessOptions: readonly Option<unknown>[] = [
  kubeconfig,
  context,
  clusterName,
  user,
  server,
  as,
  asGroup,
  requestTimeout,
].map(option => ({ ...option, group: accessGroup }))

export const namespaceOption = namespaceName({
  flag: 'namespace',
  short: 'n',
  means: "the namespace (default: the context's, else default)",
  completes: 'namespaces',
})

export const allNamespaces = flag({ flag: 'all-namespaces', short: 'A', means: 'look in every namespace' })

/** The flags of commands about one namespace. */
export const clusterOptions: readonly Option<unknown>[] = [namespaceOption, ...accessOptions]

/** Opens the connection for the flags of {@link clusterOptions}. It sends nothing yet. */
export const openCluster = async (given: ParsedLine, { env }: Pick<Shell, 'env'>): Promise<Cluster> => {
  const located = await locate(
    {
      kubeconfig: given.get(kubeconfig),
      context: given.get(context),
      cluster: given.get(clusterName),
      user: given.get(user),
      server: given.get(server),
      as: given.get(as),
      asGroups: given.get(asGroup),
    },
    env,
  )
  const { server: address } = located.route
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) {
    const message = `the address of the API server must be an http or https URL such as https://127.0.0.1:6443, not ${address || 'empty'}`
    throw new CommandFailure(message, 1)
  }
  return {
    api: cliConnection({ ...located.route, timeoutMs: given.get(requestTimeout) }, env),
    namespace: given.get(namespaceOption) ?? located.namespace ?? 'default',
    context: located.context,
    server: address,
  }
}
