/** How to reach an API server, and as whom. */
export interface Access {
  /** `https://host:port`, with a path where the API server stands behind one. */
  readonly server: string
  readonly tls?: Tls
  /** The value of the Authorization header, asked for at every request so that it is never stale. Keep it quick. */
  authorization?(): Promise<string | undefined>
}

/** Certificates and keys are PEM. */
export interface Tls {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  /** The name that the server's certificate must have, where it is not the host's. */
  readonly servername?: string
  /** Accept any certificate. For trials alone. */
  readonly insecure?: boolean
}
