import { UsageError, type Command, type ParsedLine } from '../../../../src/commands/command.ts'
import { port, textOr } from '../../../../src/commands/options.ts'
import type { Shell } from '../../../../src/commands/shell.ts'
import { promMetrics } from '../../../../src/environment/metrics.ts'
import { nodeOutbound } from '../../../../src/environment/outbound.ts'
import { visit } from './customers.ts'
import { openShop } from './shop.ts'

const parts = ['shop', 'customers'] as const

const shopPort = port({ flag: 'shop-port', means: 'where the shop listens (default: 8080)' }, 8080)
const url = textOr({ flag: 'url', value: 'URL', means: 'where the customers go (default: http://web)' }, 'http://web')
const perSecond = {
  ...textOr(
    { flag: 'per-second', value: 'N', means: 'how many visits a second the customers make (default: 10)' },
    '10',
  ),
  read: (given: readonly string[]): number => {
    const word = given.at(-1) ?? '10'
    if (/^[0-9]+$/.test(word) && Number(word) > 0 && Number(word) <= 1000) return Number(word)
    throw new UsageError(`--per-second must be a number from 1 to 1000, and is ${word}`)
  },
}

/**
 * The example workload of the tutorial: a shop that exports its visits as a metric, and customers
 * that visit it.
 */
export const sample: Command = {
  details: 'The tutorial runs both in a cluster, as a load that makes hooks scale.',
  arguments: [{ name: 'PART', means: 'shop: serve a page and count visits. customers: visit it', choices: parts }],
  options: [shopPort, url, perSecond],
  examples: [
    { line: 'sample shop --shop-port 8080', means: 'a page at /, and its visits at /metrics' },
    { line: 'sample customers --url http://127.0.0.1:8080 --per-second 20', means: 'twenty visits a second' },
  ],
  run: async (given, shell) => {
    switch (given.arguments[0] ?? '') {
      case 'shop':
        return await serve(given, shell)
      case 'customers':
        return go(given, shell)
      default:
        throw new UsageError(`sample runs ${parts.join(' or ')}`)
    }
  },
}

const serve = async (given: ParsedLine, { env, err }: Shell): Promise<() => Promise<void>> => {
  const name = env['HOSTNAME'] ?? 'the shop'
  const shop = await openShop(promMetrics(), name, { host: '::', port: given.get(shopPort), flag: '--shop-port' })
  err.write(`the shop is open on port ${shop.port}\n`)
  return () => {
    shop.close()
    return Promise.resolve()
  }
}

const go = (given: ParsedLine, { clock, err, stop }: Shell): (() => Promise<void>) => {
  const customers = { url: given.get(url), perSecond: given.get(perSecond) }
  if (!URL.canParse(customers.url))
    throw new UsageError(`--url must be a URL such as http://web, and is ${customers.url}`)
  err.write(`${customers.perSecond} visits a second to ${customers.url}\n`)
  const visiting = visit(customers, { clock, outbound: nodeOutbound, print: line => err.write(`${line}\n`) }, stop)
  return () => visiting
}
