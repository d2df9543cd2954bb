import { declarations } from '../../src/drivers/schemas.ts'
import { clusterOptions, openCluster } from '../cluster/cluster.ts'
import type { Command } from '../../src/commands/command.ts'
import { choice } from '../../src/commands/options.ts'
import { outputOption } from '../output/format.ts'
import { specOfFlags, specOptions, withoutNulls } from '../spec/flags.ts'
import { checkHook, createHook, dryRunOption } from '../spec/manifest.ts'

const drivers: readonly string[] = declarations.map(({ name }) => name)
const driverOption = choice(
  { flag: 'driver', value: 'DRIVER', means: `what a post does: ${drivers.join(', ')} (default: scale)` },
  drivers,
  'scale',
)

/** Creates a hook. The command has a flag for each field of a hook's spec. */
export const createCommand: Command = {
  details:
    "A target is NAME, KIND/NAME as in hpa/api, or APIVERSION/KIND/NAME for a custom resource. The flags are the resource's fields: kubectl explain receiverhook.spec says more about each.",
  arguments: [{ name: 'NAME', means: 'the new hook' }],
  options: [driverOption, ...specOptions, dryRunOption, outputOption, ...clusterOptions],
  examples: [
    { line: 'create web-up --target web --action up --max 10', means: 'one more replica for each post, up to 10' },
    {
      line: 'create web-push --driver redeploy --target web --image ghcr.io/acme/web',
      means: 'rolls out pushed images',
    },
    {
      line: 'create restart-web --driver restart --target web --cooldown 15m',
      means: 'restarts the pods, at most every 15 minutes',
    },
    {
      line: 'create run-report --driver runJob --cron-job report --concurrency forbid',
      means: 'runs one Job of a CronJob at a time',
    },
    {
      line: 'create to-jenkins --driver forward --service-name jenkins --service-port http --path /github-webhook/',
      means: 'passes each post on to a Service',
    },
    {
      line: 'create web-up --target web --action up --max 10 --dry-run client -o yaml > web-up.yaml',
      means: 'a manifest for Git',
    },
  ],
  showsSecrets: given => given.get(outputOption).as !== 'table',
  run: async (given, shell) => {
    const driver = given.get(driverOption)
    const [name = ''] = given.arguments
    const spec = withoutNulls({ driver, [driver]: {}, ...specOfFlags(given, driver) })
    checkHook(name, spec)
    await createHook(await openCluster(given, shell), given, shell, name, spec)
    return 0
  },
}
