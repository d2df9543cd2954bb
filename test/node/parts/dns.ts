import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { stringAt } from '../../../src/api/json.ts'
import type { ApiConnection } from '../../../src/environment/environment.ts'
import { read } from '../../../src/kube/requests.ts'
import { clusterDomain, nodeAddress } from './address.ts'

const services = { group: '', version: 'v1', resource: 'services', kind: 'Service' }

const typeA = 1
const noSuchName = 3

/** Resolves the names of Services for pods, from the API server (RFC 1035; UDP alone). Nothing else is known here. */
export const serveNames = async (api: ApiConnection): Promise<Socket> => {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    void answer(api, query)
      .then(message => socket.send(message, from.port, from.address))
      .catch((error: unknown) => console.error('a name was not resolved:', error))
  })
  socket.bind(53, nodeAddress)
  await once(socket, 'listening')
  return socket
}

const answer = async (api: ApiConnection, query: Buffer): Promise<Buffer> => {
  const labels: string[] = []
  let at = 12
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('ascii', at + 1, at + 1 + length))
    at += length + 1
  }
  const question = query.subarray(12, at + 5)
  const address = await addressOf(api, labels)
  const isAsked = address !== undefined && query.readUInt16BE(at + 1) === typeA
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  // An authoritative response, with recursion available.
  header.writeUInt16BE(0x84_80 | (address === undefined ? noSuchName : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(isAsked ? 1 : 0, 6)
  return Buffer.concat([header, question, ...(isAsked ? [record(address)] : [])])
}

/** Returns an address for the name of the question, for five seconds. */
const record = (address: string): Buffer => {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16BE(0xc0_0c, 0)
  bytes.writeUInt16BE(typeA, 2)
  bytes.writeUInt16BE(1, 4)
  bytes.writeUInt32BE(5, 6)
  bytes.writeUInt16BE(4, 10)
  for (const [index, part] of address.split('.').entries()) bytes.writeUInt8(Number(part), 12 + index)
  return bytes
}

const addressOf = async (api: ApiConnection, labels: readonly string[]): Promise<string | undefined> => {
  const [name = '', namespace = '', ...rest] = labels
  if (rest.join('.') !== `svc.${clusterDomain}`) return undefined
  return stringAt(await read(api, services, namespace, name), 'spec', 'clusterIP')
}
