import { parseArgs } from 'node:util'

export interface BenchOptions {
  /** The names of the rows to run; all when empty. */
  readonly only: readonly string[]
  /** How often each side of each row is run. */
  readonly rounds: number
  /** Small sizes: whether the bench runs at all, not what it says. */
  readonly quick: boolean
  /** The in-memory API server, even where there is a real one. */
  readonly inMemory: boolean
  /** Write the table and the plots into contributing/performance.md, and the figures next to this file. */
  readonly page: boolean
  /** Where to write the figures, as JSON. */
  readonly output: string | undefined
  /** Figures of another run, to be compared with these. */
  readonly against: string | undefined
  readonly list: boolean
  readonly help: boolean
}

export const usage = `node bench/run.ts: what the program costs, beside the API server's own limit

  --only NAME    run this row alone; may be repeated (default: all; --list names them)
  --rounds N     how often each side of each row is run (default: 5; with --quick 1)
  --quick        small sizes: says whether the bench runs, not what the program costs
  --in-memory    the in-memory API server, even where there is a real one
  --page         write the table and the plots into contributing/performance.md, and bench/results/page.json
  --output FILE  where to write the figures (default: bench/results/latest.json)
  --against FILE say where these figures and those of another run agree within their spreads
  --list         name the rows
  --help
`

/** Reads the command line. Throws an Error that says how to mend it. */
export const parseOptions = (args: readonly string[], rowNames: readonly string[]): BenchOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'in-memory': { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
      output: { type: 'string' },
      against: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const unknown = values.only.find(name => !rowNames.includes(name))
  if (unknown !== undefined) throw new Error(`--only ${unknown}: no such row; there are ${rowNames.join(', ')}`)
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a number of 1 or more')
  return {
    only: values.only,
    rounds,
    quick: values.quick,
    inMemory: values['in-memory'],
    page: values.page,
    output: values.output,
    against: values.against,
    list: values.list,
    help: values.help,
  }
}
