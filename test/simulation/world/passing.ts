import { apiVersion, hookKind } from '../../../src/api/names.ts'
import type { SimulatedServer } from '../server.ts'
import type { Actor } from './actor.ts'
import { hooksPath, servicesPath } from './paths.ts'

/** The Service that posts are passed on to, and the hook that does so. */
const tool = 'tool'
export const passOn = 'pass-on'

const hook = {
  apiVersion,
  kind: hookKind,
  metadata: { name: passOn },
  spec: { driver: 'forward', forward: { service: { name: tool, port: 80 }, path: '/build', timeout: '1s' } },
}

/** Returns a Service with the address 10.96.0.`last`. */
const serviceAt = (last: number, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: tool },
  spec: { selector: { app: tool }, ports: [{ port: 80 }], clusterIP: `10.96.0.${last}`, ...spec },
})

export const makePassing = (made: (path: string, object: object) => void): void => {
  made(servicesPath, serviceAt(1))
  made(hooksPath, hook)
}

const putService = (server: SimulatedServer, service: object | undefined): void => {
  server.send('DELETE', `${servicesPath}/${tool}`)
  if (service) server.send('POST', servicesPath, service)
}

/** Each address is used once. */
const otherAddress = (rng: Actor['rng']): number => rng.int(2, 250)

/** People move the Service to another address, for a while to one that no post may go to, or away. */
export const moveService =
  (server: SimulatedServer) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const [what, service] = rng.pick([
      ['takes the Service away', undefined],
      ['makes the Service headless', serviceAt(0, { clusterIP: 'None' })],
      [
        'leads the Service elsewhere',
        serviceAt(0, { type: 'ExternalName', externalName: 'metadata.internal', clusterIP: '' }),
      ],
      ['takes the selector of the Service', serviceAt(otherAddress(rng), { selector: {} })],
    ] as const)
    if (rng.chance(0.5)) {
      did(what)
      putService(server, service)
      await sleep(rng.int(10, 2000))
    }
    did('moves the Service')
    putService(server, serviceAt(otherAddress(rng)))
  }

/** Makes a Service to which posts may go, after the time of faults. */
export const bringServiceBack = (server: SimulatedServer): void => putService(server, serviceAt(251))
