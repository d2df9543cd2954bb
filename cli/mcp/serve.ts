import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { CommandFailure } from '../../src/commands/failure.ts'
import type { Shell } from '../../src/commands/shell.ts'
import { version } from '../../src/version.ts'
import { explain } from '../explain.ts'
import { callTool, refused } from './call.ts'
import { problemIn, runnable, toolsOf, type ToolChoice } from './tools.ts'

/** Speaks the Model Context Protocol on the input and output of the process. Returns the function that ends it. */
export const serveMcp = (choice: ToolChoice, shell: Shell): (() => Promise<void>) => {
  const { allowRun, api } = choice
  /** Says to people what has failed, and returns what the agent may know of it: the text may be that of others. */
  const failure = (error: unknown): string => {
    shell.err.write(`${explain(error, shell).message}\n`)
    return error instanceof CommandFailure ? error.message : "The API server refused. This server's log says why."
  }
  const listed = async () => {
    const all = await toolsOf(choice)
    const tools = allowRun ? await runnable(api, all) : all
    return tools.map(({ arguments: properties, description, name }) => ({
      ...{ name, description, annotations: { readOnlyHint: !allowRun } },
      inputSchema: { type: 'object' as const, properties, additionalProperties: false },
    }))
  }
  const answerTo = async (name: string, given: Readonly<Record<string, unknown>>) => {
    const tool = (await toolsOf(choice)).find(known => known.name === name)
    if (!tool) return refused('This tool no longer exists: list the tools again.')
    const problem = problemIn(tool.arguments, given)
    return problem === undefined ? await callTool(tool, given, api, shell) : refused(`Nothing was done: ${problem}.`)
  }
  const serving = serveStdio(
    () => {
      const mcp = new McpServer({ name: 'receiver-hooks', version }, { capabilities: { tools: {} } })
      mcp.server.setRequestHandler('tools/list', async () => {
        const tools = await listed().catch((error: unknown) => failure(error))
        if (typeof tools === 'string') throw new Error(tools)
        return { tools }
      })
      mcp.server.setRequestHandler('tools/call', async ({ params }) => {
        const asked = answerTo(params.name, params.arguments ?? {})
        const { content, isError } = await asked.catch((error: unknown) => refused(failure(error)))
        return { isError, structuredContent: content, content: [{ type: 'text', text: JSON.stringify(content) }] }
      })
      return mcp
    },
    { onerror: failure },
  )
  return () => serving.close()
}
