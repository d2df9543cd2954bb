import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/commands/command.ts'
import { runProgram } from '../../cli/program.ts'
import { commands } from '../../src/registry.ts'
import { version } from '../../src/version.ts'
import { servingOptions } from '../support/serving.ts'
import { shell } from '../support/shell.ts'

const words = (line: string): string[] => line.split(' ').filter(Boolean)
const serving = (line: string, env = {}) => servingOptions(words(line), env)

const typed = async (
  line: string,
  name: 'receiver-hooks' | 'kubectl receiverhook' = 'receiver-hooks',
  columns?: number,
) => {
  const seen = shell({ program: name, ...(columns !== undefined && { columns }) })
  const code = await runProgram({ entries: commands, version, summary: 'what it is' }, words(line), seen.shell)
  return { code, out: seen.out(), err: seen.err() }
}

describe('the servers', () => {
  it('are both run by default', async () => {
    expect(await serving('serve', { HOSTNAME: 'pod-1', POD_NAMESPACE: 'hooks' })).toEqual({
      roles: ['controller', 'trigger'],
      namespace: 'hooks',
      watchNamespaces: [],
      publicURL: undefined,
      triggerAccount: undefined,
      triggerPolicy: false,
      requests: false,
      kubeconfig: undefined,
      context: undefined,
      identity: 'pod-1_abc',
      host: '::',
      triggerPort: 8080,
      operationsPort: 8081,
      shutdownDelayMs: 5000,
      logLevel: 'info',
      issuers: [],
    })
  })

  it.each([
    ['serve controller', { roles: ['controller'] }],
    ['serve trigger', { roles: ['trigger'] }],
    [
      'serve --oidc-issuer https://gitlab.com --oidc-issuer https://kubernetes.default.svc,keys=cluster',
      {
        issuers: [
          { url: 'https://gitlab.com', keys: undefined },
          { url: 'https://kubernetes.default.svc', keys: 'cluster' },
        ],
      },
    ],
    ['serve controller --trigger-account posts', { triggerAccount: 'posts' }],
    ['serve --trigger-policy', { triggerPolicy: true }],
    ['serve trigger --trigger-port 0', { roles: ['trigger'], triggerPort: 0 }],
    ['--namespace hooks serve controller', { roles: ['controller'], namespace: 'hooks' }],
    ['serve --public-url https://hooks.example.com/', { publicURL: 'https://hooks.example.com' }],
    ['serve --public-url https://example.com/hooks/', { publicURL: 'https://example.com/hooks' }],
    ['serve --shutdown-delay 0', { shutdownDelayMs: 0 }],
    ['serve --trigger-port 1 --trigger-port 2', { triggerPort: 2 }],
  ])('%s', async (line, expected) => {
    expect(await serving(line)).toMatchObject(expected)
  })

  it.each([
    ['sreve', 'unknown command'],
    ['sreve', 'did you mean serve?'],
    ['serve controller trigger', 'too many arguments'],
    ['serve both', 'serve takes controller or trigger, or no role to run both: both is not a role'],
    ['serve --prot 1', "unknown option '--prot'"],
    ['serve --trigger-prt 1', 'did you mean --trigger-port?'],
    ['serve --trigger-port http', '--trigger-port must be a port from 0 to 65535, not http'],
    ['serve --trigger-port 65536', '--trigger-port must be a port'],
    ['serve --log-level loud', '--log-level must be one of debug, info, warn, error, not loud'],
    ['serve --public-url hooks.example.com', '--public-url must be an http or https URL'],
    ['serve --public-url https://example.com?x=1', '--public-url must end with its path'],
    ['serve --public-url https://example.com?', '--public-url must end with its path'],
    ['serve --public-url https://example.com/#', '--public-url must end with its path'],
    ['serve --public-url https://example.com\n', '--public-url must end with its path'],
    [`serve --public-url https://example.com/${'x'.repeat(2048)}`, '--public-url may have at most 2048 characters'],
    ['serve --api-port 1', '--api-port does nothing for serve: it belongs to playground'],
    ['playground --public-url http://x', '--public-url does nothing for playground'],
    ['serve --shutdown-delay soon', '--shutdown-delay must be a number of seconds'],
  ])('%s is refused with what to do', async (line, message) => {
    await expect(serving(line)).rejects.toThrow(UsageError)
    await expect(serving(line)).rejects.toThrow(message)
  })
})

describe('help', () => {
  it.each(['', '--help', '-h', 'help'])('lists every command for "%s"', async line => {
    const { code, out } = await typed(line)
    expect(code).toBe(0)
    for (const { name, summary } of commands)
      expect(out).toMatch(new RegExp(`^  ${name}\\b.* ${summary.slice(0, 30)}`, 'm'))
  })

  it.each(commands.map(({ name }) => name))('of %s describes every flag that it takes', async name => {
    const { out } = await typed(`${name} --help`)
    const command = await commands.find(entry => entry.name === name)?.load()
    for (const { flag } of command?.options ?? []) expect(out).toContain(`--${flag}`)
    expect(out).toMatch(new RegExp(`^Usage: receiver-hooks ${name}`))
  })

  it.each(['', ...commands.map(({ name }) => name)])('of "%s" has no line of more than 80 columns', async name => {
    for (const program of ['receiver-hooks', 'kubectl receiverhook'] as const) {
      for (const columns of [undefined, 80, 200]) {
        const { out } = await typed(`${name} --help`, program, columns)
        expect(out.split('\n').filter(line => line.length > 80)).toEqual([])
      }
    }
  })

  it('is as narrow as the terminal', async () => {
    const { out } = await typed('url --help', 'receiver-hooks', 60)
    expect(out.split('\n').filter(line => line.length > 60)).toEqual([])
  })

  it('lists the words of an argument with their meaning, above the rest', async () => {
    const { out } = await typed('keys --help', 'receiver-hooks', 60)
    expect(out).toContain(`signed with

  list    the keys, the signing one first, and how many
          hooks have a URL signed by each
  rotate  makes a new key, publishes it, signs with it, and
          waits until every hook has a new URL. The old keys
`)
    expect(out).toContain(`
          those URLs were pasted somewhere

rotate and drop change the Secret`)
  })

  it('says how the program was started', async () => {
    expect((await typed('', 'kubectl receiverhook')).out).toMatch(/^Usage: kubectl receiverhook COMMAND/)
    expect((await typed('help serve', 'kubectl receiverhook')).out).toMatch(/^Usage: kubectl receiverhook serve/)
  })
})

it('no server is started by a line that names no command', async () => {
  expect(await serving('')).toBeUndefined()
  await expect(serving('--namespace hooks')).rejects.toThrow('name a command before --namespace')
})

it('the version is that of package.json', async () => {
  expect(readFileSync('package.json', 'utf8')).toContain(`"version": "${version}"`)
  expect((await typed('--version')).out).toBe(`${version}\n`)
})
