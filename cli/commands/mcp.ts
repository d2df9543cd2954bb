import { group } from '../../src/api/names.ts'
import { UsageError, type Command } from '../../src/commands/command.ts'
import { flag, textOr } from '../../src/commands/options.ts'
import { accessOptions, allNamespaces, namespaceOption, openCluster } from '../cluster/cluster.ts'

const allowRun = flag({
  flag: 'allow-run',
  means: 'let the agent run hooks, instead of only asking what they would do',
})
const ofAgents = `${group}/agents=true`
const selector = textOr(
  { flag: 'selector', short: 'l', value: 'LABELS', means: `the hooks with these labels (default: ${ofAgents})` },
  ofAgents,
)

/** Serves hooks as tools to an agent. */
export const mcp: Command = {
  details:
    'It speaks the Model Context Protocol on its input and output: the client of the agent starts it. Each hook with the labels is a tool, 64 at most. A tool says what a run would do, through a ReceiverHookRequest; with --allow-run a second call runs exactly that. It has the rights of the kubeconfig, and gives the agent no URL, no Secret and no text that others wrote.',
  options: [allowRun, selector, namespaceOption, allNamespaces, ...accessOptions],
  examples: [
    { line: 'mcp -n shop', means: 'let an agent ask what hooks would do' },
    { line: 'mcp -n shop --allow-run --kubeconfig agent.kubeconfig', means: 'let it run them, as another user' },
  ],
  run: async (given, shell) => {
    const labelSelector = given.get(selector)
    if (labelSelector.trim() === '') throw new UsageError('-l names no labels, so every hook would be a tool')
    const { api, ...cluster } = await openCluster(given, shell)
    const namespace = given.get(allNamespaces) ? undefined : cluster.namespace
    // No other command needs the library of the protocol.
    const { serveMcp } = await import('../mcp/serve.ts')
    return serveMcp({ api, namespace, labelSelector, allowRun: given.get(allowRun) }, shell)
  },
}
