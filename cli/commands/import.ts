import { tryParseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { UsageError, type Command } from '../../src/commands/command.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { namespaceName, text, texts } from '../../src/commands/options.ts'
import { yamlOf } from '../output/format.ts'
import { printable } from '../output/table.ts'
import { receiversIn } from '../rancher/receivers.ts'
import { untakenName, translated } from '../rancher/translate.ts'
import { fileText } from '../run-flags.ts'

const service = texts({
  flag: 'service',
  value: 'ID=TARGET',
  means: 'the workload that replaces a Rancher service: 1s5=Deployment/web; may be repeated',
})
const pool = text({
  flag: 'pool',
  value: 'KIND/NAME',
  means: 'the node pool that replaces the hosts; in a Rancher Cluster: Cluster/NAME/POOL',
})
const namespace = namespaceName({
  flag: 'namespace',
  short: 'n',
  means: 'write this namespace into the manifests',
  completes: 'namespaces',
})

/** Makes manifests from the receivers of Rancher 1.x. */
export const importCommand: Command = {
  details:
    "FILE is what Rancher's API answers: curl -u KEY:SECRET https://RANCHER/v1-webhooks/receivers?projectId=PROJECT\nIt writes manifests to the output, and reports on standard error what it couldn't carry over. It creates nothing. Exit code 1 means that there are receivers that it couldn't carry over at all.",
  arguments: [
    { name: 'FROM', means: 'rancher', choices: ['rancher'] },
    { name: 'FILE', means: 'the list of receivers as JSON; - reads standard input', completes: 'files' },
  ],
  options: [service, pool, namespace],
  examples: [
    {
      line: 'import rancher receivers.json --service 1s5=web -n shop | kubectl apply -f -',
      means: 'receivers as hooks',
    },
  ],
  run: async (given, shell) => {
    const [from = '', file = ''] = given.arguments
    if (from !== 'rancher') throw new UsageError(`import knows only rancher, not ${from}`)
    const list = tryParseJson(file === '-' ? await shell.input.text() : fileText(file))
    const receivers = receiversIn(list)
    if (receivers === undefined) {
      const is = list === undefined ? 'is not JSON' : 'lists no receivers'
      throw new CommandFailure(`${file} ${is}: expected Rancher's answer to /v1-webhooks/receivers`, 1)
    }
    const names = { services: new Map(given.get(service).map(pair)), pool: given.get(pool) }
    // Of two manifests of one name, kubectl apply would keep only the second, and say nothing.
    const taken = new Set<string>()
    let refused = 0
    const place = given.get(namespace)
    for (const receiver of receivers) {
      const made = translated(receiver, names)
      if ('refused' in made) {
        refused++
        shell.err.write(`${printable(receiver.name)}: NOT carried over: ${printable(made.refused)}\n`)
        continue
      }
      const name = untakenName(made.name, taken)
      taken.add(name)
      const renamed = name === made.name ? [] : [`its name would be ${made.name}, which another receiver has`]
      for (const note of [...renamed, ...made.notes]) shell.err.write(`${name}: ${printable(note)}\n`)
      const metadata = { name, ...(place === undefined ? {} : { namespace: place }) }
      shell.out.write(`---\n${await yamlOf({ apiVersion, kind: hookKind, metadata, spec: made.spec })}`)
    }
    return refused === 0 ? 0 : 1
  },
}

const pair = (word: string): [string, string] => {
  const at = word.indexOf('=')
  if (at < 1) throw new UsageError(`--service must be ID=TARGET, as in 1s5=Deployment/web, not ${word}`)
  return [word.slice(0, at), word.slice(at + 1)]
}
