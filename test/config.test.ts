import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseCommand, usage, UsageError } from '../src/config.ts'
import { version } from '../src/version.ts'

const parse = (line: string, env = {}) => parseCommand(line.split(' ').filter(Boolean), env, 'abc')

describe('the command line', () => {
  it('runs both roles by default', () => {
    expect(parse('', { HOSTNAME: 'pod-1', POD_NAMESPACE: 'hooks' })).toEqual({
      command: 'run',
      roles: ['controller', 'trigger'],
      namespace: 'hooks',
      watchNamespace: undefined,
      publicURL: undefined,
      kubeconfig: undefined,
      context: undefined,
      identity: 'pod-1_abc',
      host: '0.0.0.0',
      triggerPort: 8080,
      operationsPort: 8081,
      shutdownDelayMs: 5000,
      logLevel: 'info',
    })
  })

  it.each([
    ['controller', { roles: ['controller'] }],
    ['trigger --trigger-port 0', { roles: ['trigger'], triggerPort: 0 }],
    ['--public-url https://hooks.example.com/', { publicURL: 'https://hooks.example.com' }],
    ['--public-url https://example.com/hooks/', { publicURL: 'https://example.com/hooks' }],
    ['--shutdown-delay 0', { shutdownDelayMs: 0 }],
    ['playground --api-port 0 --kubeconfig k', { command: 'playground', apiPort: 0, kubeconfig: 'k' }],
    ['--help', { command: 'help' }],
    ['--version', { command: 'version' }],
  ])('%s', (line, expected) => {
    expect(parse(line)).toMatchObject(expected)
  })

  it.each([
    ['serve', 'unknown command serve'],
    ['controller trigger', 'unexpected argument: trigger'],
    ['--port 1', "Unknown option '--port'"],
    ['--trigger-port http', '--trigger-port must be a port from 0 to 65535, and is http'],
    ['--trigger-port 65536', '--trigger-port must be a port'],
    ['--log-level loud', '--log-level must be one of debug, info, warn, error, and is loud'],
    ['--public-url hooks.example.com', '--public-url must be an http or https URL'],
    ['--public-url https://example.com?x=1', '--public-url must end with its path'],
    ['--public-url https://example.com?', '--public-url must end with its path'],
    ['--public-url https://example.com/#', '--public-url must end with its path'],
    ['--public-url https://example.com\n', '--public-url must end with its path'],
    ['--api-port 1', '--api-port belongs to the playground'],
    ['playground --public-url http://x', '--public-url means nothing to the playground'],
    ['--shutdown-delay soon', '--shutdown-delay must be a number of seconds'],
  ])('%s is refused with what to do', (line, message) => {
    expect(() => parse(line)).toThrow(UsageError)
    expect(() => parse(line)).toThrow(message)
  })

  it('describes every flag that it takes', () => {
    const taken = readFileSync('src/config.ts', 'utf8').matchAll(/^ {8}'?([a-z-]+)'?: \{ type:/gm)
    const flags = [...taken].map(([, flag]) => flag)
    expect(flags.length).toBeGreaterThan(10)
    for (const flag of flags) expect(usage).toContain(`--${flag}`)
  })
})

it('the version is that of package.json', () => {
  expect(readFileSync('package.json', 'utf8')).toContain(`"version": "${version}"`)
})
