/** The address of an API server, and the credentials for it. */
export interface ServerAccess {
  /** `https://host:port`, followed by a path if a proxy serves the API under one. */
  readonly server: string
  readonly tls?: Tls
  /**
   * Returns the value of the header Authorization. It is called for each request, so it must be
   * fast and the value must never be stale. Undefined: the request has no such header.
   */
  authorization?(): Promise<string | undefined>
}

/** The certificates and keys for TLS, in PEM form. */
export interface Tls {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  /** The name in the server's certificate, if it differs from the host. */
  readonly servername?: string
  /** True if any certificate is accepted. Only for experiments. */
  readonly insecure?: boolean
}
