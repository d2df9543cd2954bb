/**
 * Is loaded before the program, and leads its connections to one port of a Service to a pod of this machine, as the network
 * of a cluster does. ROUTE is `PORT=PORT`: that of the Service, and that of the pod.
 */
import { Socket } from 'node:net'
import { at, isObject } from '../../src/api/json.ts'

const [service, pod] = (process.env['ROUTE'] ?? '').split('=').map(Number)
if (!service || !pod) throw new Error('ROUTE has no two ports')
const connect: unknown = Reflect.get(Socket.prototype, 'connect')
if (typeof connect !== 'function') throw new Error('sockets connect otherwise in this version of Node')

Socket.prototype.connect = function route(this: Socket, ...args: readonly unknown[]): Socket {
  // net.connect() gives the options in an array, which it has marked.
  const options: unknown = Array.isArray(args[0]) ? args[0][0] : args[0]
  if (isObject(options) && Number(at(options, 'port')) === service)
    Object.assign(options, { host: '127.0.0.1', port: pod, lookup: undefined })
  const connected: unknown = Reflect.apply(connect, this, args)
  return connected instanceof Socket ? connected : this
}
