import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Below the range from which the kernel takes ports for outgoing connections, so that none of those gets in between. */
const range = { from: 20_000, to: 26_000 }

/** So far above a port is its guard, a port where the process that was given it listens until it ends. */
const guardAbove = 6000

/**
 * Returns a port of loopback for a program that needs its port as a flag. Nobody listens on it.
 * While this process lives, no other process that asks here gets it: a server that is down for a
 * while keeps its port.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(range.from, range.to)
    const guard = await listener(port + guardAbove)
    if (!guard) continue
    const tried = await listener(port)
    if (!tried) {
      guard.close()
      continue
    }
    guard.unref()
    await new Promise(closed => tried.close(closed))
    return port
  }
}

const listener = async (port: number): Promise<Server | undefined> => {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return server
  } catch {
    return undefined
  }
}
