/**
 * Is loaded before the program, and lets it reach the API server over HTTP/1.1 alone, as a proxy in between does. Then no
 * watch can be proven to be current.
 */
import { syncBuiltinESMExports } from 'node:module'
import tls from 'node:tls'

const connect: unknown = tls.connect
if (typeof connect !== 'function') throw new Error('node:tls connects otherwise in this version of Node')

Object.assign(tls, {
  connect: (options: object, ...more: readonly unknown[]): unknown =>
    Reflect.apply(connect, tls, [{ ...options, ALPNProtocols: ['http/1.1'] }, ...more]),
})
syncBuiltinESMExports()
