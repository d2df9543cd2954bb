import { isReceiverHook } from '../../src/api/hook.ts'
import { hooks } from '../../src/kube/resources.ts'
import { clusterOptions, openCluster } from '../cluster/cluster.ts'
import { listObjects } from '../cluster/hooks.ts'
import type { Command } from '../../src/commands/command.ts'
import { colourOption, paintFor } from '../output/colour.ts'
import { explained } from '../why/explained.ts'
import { explanation } from '../why/explanation.ts'
import { fieldExplanation } from '../why/field-explanation.ts'

/** Says why a count is what it is, and who holds a field. */
export const why: Command = {
  details: [
    'The base is the count last set by anything other than a hook. Hooks add changes that stay for good, and changes that last for a set time or until an alert ends. If an autoscaler sets the count, its minimum is explained too, because hooks change that. For a field that hooks hold, it says who holds it, until when, and what it goes back to. Below that it says who last ran the hooks, as far as that is certain.',
    "It reads the hooks' records. If you may not read receiverhookrecords, you see what the hooks' statuses say, which is a little older.",
  ].join('\n'),
  arguments: [{ name: 'KIND/NAME', means: 'the object, such as deployment/web or hpa/web', completes: 'targets' }],
  options: [colourOption, ...clusterOptions],
  examples: [
    { line: 'why deployment/web', means: 'which hooks want how many of its replicas, and until when' },
    { line: 'why cronjob/report', means: 'who keeps it suspended, until when, and why' },
    { line: 'why hpa/web', means: 'the same for an autoscaler: its minimum, and its maximum if hooks change it' },
  ],
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const [word = ''] = given.arguments
    const page = { paint: paintFor(given, shell), width: shell.out.columns(), now: shell.clock.now() }
    const found = (await listObjects(cluster, hooks, cluster.namespace)).filter(isReceiverHook)
    const texts: string[] = []
    const words = [word]
    // Each autoscaler of an object is explained after it.
    for (const [index, each] of words.entries()) {
      const { autoscalers, counts, fields } = await explained(each, found, cluster, shell.clock)
      if (index === 0 && autoscalers !== 'unknown') words.push(...autoscalers.map(({ shownAs }) => shownAs))
      texts.push(
        ...counts.map(count => explanation(count, page)),
        ...fields.map(field => fieldExplanation(field, page)),
      )
    }
    shell.out.write(texts.join('\n'))
    return 0
  },
}
