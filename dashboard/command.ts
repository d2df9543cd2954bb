import { UsageError, type Command, type ParsedLine, type Option } from '../src/commands/command.ts'
import { beginning, choice, namespaceName, port, seconds, text, textOr } from '../src/commands/options.ts'
import { systemNamespaceOption } from '../cli/cluster/system.ts'
import type { Shell } from '../src/commands/shell.ts'
import { openInBrowser } from '../dashboard/open.ts'
import { serveDashboard, type ConnectAs, type ServedDashboard } from '../dashboard/serve.ts'
import { serverInPod, type ServerAccess } from '../src/environment/access.ts'
import { logLevels, pinoLog } from '../src/environment/log.ts'
import { LargeAnswers } from '../src/environment/large-answers.ts'
import { connect, nodeClock, nodeRandom } from '../src/environment/node.ts'
import { version } from '../src/version.ts'

const ways = ['key', 'token', 'header'] as const

const flags = {
  port: port({ flag: 'port', means: 'where to listen (default: 8082)' }, 8082),
  host: textOr({ flag: 'host', value: 'ADDRESS', means: 'where to listen (default: 127.0.0.1)' }, '127.0.0.1'),
  open: {
    flag: 'open',
    means: 'open the page in a browser, through a file that only you can read',
    read: given => given.length > 0,
  } satisfies Option<boolean>,
  kubeconfig: text({
    flag: 'kubeconfig',
    value: 'FILE',
    means: 'how to reach the API server, and as whom (default: KUBECONFIG, ~/.kube/config)',
    completes: 'files',
  }),
  context: text({ flag: 'context', value: 'NAME', means: 'a context in the kubeconfig', completes: 'contexts' }),
  namespace: namespaceName({
    flag: 'namespace',
    short: 'n',
    means: "the namespace to show first (default: the context's)",
    completes: 'namespaces',
  }),
  systemNamespace: systemNamespaceOption,
  signIn: choice(
    {
      flag: 'sign-in',
      value: 'WAY',
      means:
        "key: everyone with the printed link acts as the kubeconfig's user; token: people paste their own token; header: a proxy sends each user's token (default: key)",
    },
    ways,
    'key',
  ),
  url: beginning({
    flag: 'dashboard-url',
    means: 'the address that people open, with --sign-in token or header: its own host, without a path',
  }),
  apiServer: beginning({
    flag: 'api-server',
    means: "the API server, with --sign-in token or header (default: the pod's)",
  }),
  caFile: text({
    flag: 'ca-file',
    value: 'FILE',
    means: "the API server's CA certificates, with --sign-in token or header",
    completes: 'files',
  }),
  session: seconds(
    { flag: 'session', means: 'how long a session lasts, unless its token ends sooner (default: 43200, 12 hours)' },
    12 * 3600,
  ),
  logLevel: choice(
    { flag: 'log-level', value: 'LEVEL', means: 'debug, info, warn or error (default: warn)' },
    logLevels,
    'warn',
  ),
}

/** Serves the dashboard until a signal. */
export const dashboard: Command = {
  details:
    'People act with their own rights: the dashboard has none. On this machine you open it with the link that it prints. The link works once and expires after five minutes; Enter prints another.',
  options: Object.values<Option<unknown>>(flags),
  examples: [
    { line: 'dashboard --open', means: "with your kubeconfig's user" },
    {
      line: 'dashboard --sign-in token --host :: --dashboard-url https://hooks.example.com --ca-file ca.crt',
      means: 'in a pod: people paste a token',
    },
  ],
  run: async (given, shell) => {
    const way = given.get(flags.signIn)
    const reached = way === 'key' ? await asKubeconfig(given, shell) : await asSignedInUser(given, shell)
    const served = await serve(given, reached)
    const cancel = way === 'key' ? printLinks(served, given, shell) : printAddress(served, given, shell)
    return async () => {
      cancel()
      served.close()
    }
  },
}

interface Reached {
  readonly connectAs: ConnectAs
  readonly cluster: string
  readonly namespace?: string
}

/**
 * Connects each session as the kubeconfig's user, whose credentials may come from a plugin. Used
 * for a page on this machine.
 */
const asKubeconfig = async (given: ParsedLine, { env }: Shell): Promise<Reached> => {
  for (const flag of [flags.url, flags.apiServer, flags.caFile]) {
    if (given.get(flag) !== undefined) throw new UsageError(`--${flag.flag} needs --sign-in token or --sign-in header`)
  }
  const { loadAccess } = await import('../src/kube/access.ts')
  const kubeconfig = given.get(flags.kubeconfig)
  const context = given.get(flags.context)
  const large = new LargeAnswers()
  const access = await loadAccess({
    env,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  })
  return {
    connectAs: () => connect(access, large),
    cluster: access.server,
    ...(access.namespace === undefined ? {} : { namespace: access.namespace }),
  }
}

/**
 * Connects each session with the token of the signed-in user, and with no other rights. Used for a
 * page in the cluster.
 */
const asSignedInUser = async (given: ParsedLine, { env }: Shell): Promise<Reached> => {
  for (const flag of [flags.kubeconfig, flags.context]) {
    if (given.get(flag) === undefined) continue
    throw new UsageError(`--${flag.flag} belongs to --sign-in key: here everyone brings their own token`)
  }
  const url = given.get(flags.url)
  if (url === undefined) throw new UsageError('--dashboard-url must say which address people open')
  if (new URL(url).pathname !== '/')
    throw new UsageError(`--dashboard-url must have no path, because the page needs its own host: not ${url}`)
  const server = given.get(flags.apiServer) ?? serverInPod(env)
  if (server === undefined) throw new UsageError('--api-server must say where the API server is')
  const caFile = given.get(flags.caFile)
  const { caFrom } = await import('../src/kube/ca-file.ts')
  const access: ServerAccess = { server, ...(caFile === undefined ? {} : await caFrom(caFile, nodeClock)) }
  const large = new LargeAnswers()
  return {
    connectAs: token =>
      connect({ ...access, authorization: async () => (token === undefined ? undefined : `Bearer ${token}`) }, large),
    cluster: server,
  }
}

const serve = async (given: ParsedLine, { cluster, connectAs, namespace }: Reached): Promise<ServedDashboard> => {
  const { standardOutput } = await import('../src/environment/standard-output.ts')
  const first = given.get(flags.namespace) ?? namespace
  const url = given.get(flags.url)
  return await serveDashboard(
    {
      clock: nodeClock,
      random: nodeRandom,
      log: pinoLog({ level: given.get(flags.logLevel), clock: nodeClock, write: standardOutput(() => undefined) }),
    },
    {
      address: { host: given.get(flags.host), port: given.get(flags.port), flag: '--port' },
      signIn: given.get(flags.signIn),
      connectAs,
      cluster,
      version,
      systemNamespace: given.get(flags.systemNamespace),
      sessionMs: given.get(flags.session),
      ...(first === undefined ? {} : { namespace: first }),
      ...(url === undefined ? {} : { url: new URL('/', url) }),
    },
  )
}

/** Prints a link, and a new one each time Enter is pressed. */
const printLinks = (served: ServedDashboard, given: ParsedLine, { err, input, out }: Shell): (() => void) => {
  const print = (): void => {
    const link = served.link()
    out.write(`${link}\n`)
    if (given.get(flags.open)) openInBrowser(link, problem => err.write(`${problem}\n`))
  }
  print()
  err.write('Open this link: it works once, for five minutes. Press Enter for another, Ctrl-C to end.\n')
  return input.onLine(print)
}

const printAddress = (served: ServedDashboard, given: ParsedLine, { err, out }: Shell): (() => void) => {
  out.write(`${served.link()}\n`)
  const how = given.get(flags.signIn) === 'token' ? 'People paste a token there.' : 'A proxy signs people in.'
  err.write(`Listening on port ${served.port}. ${how}\n`)
  return () => undefined
}
