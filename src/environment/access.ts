/** The address of an API server, and the credentials for it. */
export interface ServerAccess {
  /** `https://host:port`, followed by a path if a proxy serves the API under one. */
  readonly server: string
  readonly tls?: Tls
  /**
   * Returns the CA certificates to trust now, in place of `tls.ca`. It is called before each new
   * socket. Absent: they never change.
   */
  ca?(): Promise<string | Buffer>
  /**
   * Returns the value of the header Authorization. It is called for each request, so it must be
   * fast and the value must never be stale. Undefined: the request has no such header.
   */
  authorization?(): Promise<string | undefined>
}

/** Returns the URL of the API server from the variables that every pod has, or undefined outside of a pod. */
export const serverInPod = (env: Readonly<Record<string, string | undefined>>): string | undefined => {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? ''
  if (host === '') return undefined
  return `https://${host.includes(':') ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`
}

/** The certificates and keys for TLS, in PEM form. */
export interface Tls {
  readonly ca?: string | Buffer | undefined
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  /** The name in the server's certificate, if it differs from the host. */
  readonly servername?: string
  /** True if any certificate is accepted. Only for experiments. */
  readonly insecure?: boolean
}
