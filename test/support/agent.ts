import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { onTestFinished } from 'vitest'
import { isObject } from '../../src/api/json.ts'
import { compileCache } from './compile-cache.ts'

/** `legacy`: a client of 2025, which begins with `initialize`. `auto`: one of 2026. */
export type Era = 'legacy' | 'auto'

export interface Answer {
  readonly isError: boolean
  readonly content: Readonly<Record<string, unknown>>
}

/** An agent that has `kubectl receiverhook mcp`, in a process of its own, behind the real client of the protocol. */
export interface Agent {
  readonly tools: () => ReturnType<Client['listTools']>
  readonly call: (tool: string, given?: Record<string, unknown>) => Promise<Answer>
  /** Everything that the agent got so far, as one text. */
  readonly got: () => string
  readonly end: () => Promise<void>
}

export const agent = (kubeconfig: string, args: readonly string[], mode: Era = 'auto'): Promise<Agent> => {
  const env = { ...compileCache, KUBECONFIG: kubeconfig }
  return agentWith({ command: process.execPath, args: ['src/plugin.ts', 'mcp', ...args], env }, mode)
}

/** Starts a server as the configuration of a client says. */
export const agentWith = async (
  server: {
    readonly command: string
    readonly args: string[]
    readonly cwd?: string
    readonly env: Record<string, string>
  },
  mode: Era = 'auto',
): Promise<Agent> => {
  const transport = new StdioClientTransport({ ...server, stderr: 'ignore' })
  const client = new Client({ name: 'agent', version: '1' }, { versionNegotiation: { mode } })
  await client.connect(transport)
  onTestFinished(() => client.close())
  const got: unknown[] = []
  const noted = <T>(answer: T): T => {
    got.push(answer)
    return answer
  }
  return {
    tools: async () => noted(await client.listTools()),
    call: async (name, given = {}) => {
      const { isError = false, structuredContent } = noted(await client.callTool({ name, arguments: given }))
      return { isError, content: isObject(structuredContent) ? structuredContent : {} }
    },
    got: () => JSON.stringify(got),
    end: () => client.close(),
  }
}
