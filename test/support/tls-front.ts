import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { listen } from '../../src/environment/listen.ts'

/** A certificate authority of a test, and a certificate by it for 127.0.0.1, in PEM form. */
export interface Authority {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Makes a certificate authority, and a server's certificate by it. */
export const makeAuthority = (): Authority => {
  const folder = mkdtempSync(join(tmpdir(), 'authority-'))
  try {
    const make = (name: string, subject: string, ...more: readonly string[]): void => {
      const keys = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`]
      const wanted = ['req', '-x509', ...keys, '-out', `${name}.crt`, '-subj', subject, '-days', '1', ...more]
      execFileSync('openssl', wanted, { cwd: folder, stdio: 'pipe' })
    }
    make('ca', '/CN=cluster')
    make('server', '/CN=server', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'subjectAltName=IP:127.0.0.1')
    const text = (name: string): string => readFileSync(join(folder, name), 'utf8')
    return { ca: text('ca.crt'), cert: text('server.crt'), key: text('server.key') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A server with TLS in front of one without, whose certificate can change. */
export interface TlsFront {
  readonly port: number
  /** Whether each connection, in their order, has resumed the session of an earlier one. */
  readonly resumed: readonly boolean[]
  /** Shows a certificate of another authority from now on, and ends all connections, as a server that starts again. */
  use(authority: Authority): void
}

/** Serves with TLS what an HTTP server at `port` of this machine answers. */
export const tlsFront = async (port: number, authority: Authority): Promise<TlsFront> => {
  const server = createServer(authority, (asked, answer) => {
    const { method, url: path } = asked
    const headers = { ...asked.headers, host: `127.0.0.1:${port}` }
    const passed = request({ host: '127.0.0.1', port, method, path, headers }, response => {
      answer.writeHead(response.statusCode ?? 502, response.headers).flushHeaders()
      response.on('error', () => answer.destroy()).pipe(answer)
    })
    passed.on('error', () => answer.destroy())
    answer.on('close', () => passed.destroy())
    asked.pipe(passed)
  })
  const resumed: boolean[] = []
  server.on('secureConnection', socket => resumed.push(socket.isSessionReused()))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    port: await listen(server, { host: '127.0.0.1', port: 0 }),
    resumed,
    use: next => {
      server.setSecureContext(next)
      server.closeAllConnections()
    },
  }
}
