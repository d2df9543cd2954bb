/** The full name of a repository: `nginx` is `library/nginx` on `docker.io`. */
export interface Repository {
  /** In lower case, with its port if it has one. */
  readonly host: string
  readonly path: string
}

/** An image, as a container's `image` writes it. */
export interface Image extends Repository {
  /** The repository as it was written: `nginx`. */
  readonly name: string
  readonly tag?: string
  /** With its algorithm: `sha256:…`. */
  readonly digest?: string
}

// The grammar of https://github.com/distribution/reference/blob/main/reference.go. A text is first
// split at the separators. So no expression backtracks, and the time is linear.
const component = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/
const hostLabel = /^(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])$/
const ipv6 = /^\[[0-9A-Fa-f:]+\]$/
const port = /^[0-9]+$/
const tagText = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const digestText = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/
const hexadecimal = /^[0-9a-f]{64}$/

/**
 * The longest path that registries accept, and the longest text that is parsed as an image. Both
 * are in characters.
 */
const maxPath = 255
const maxImage = 1024

/** Returns whether a registry would accept the text as a tag. A digest is no tag. */
export const isTag = (text: string): boolean => tagText.test(text)

export const isDigest = (text: string): boolean => digestText.test(text)

/** Parses a container's `image`. Returns undefined for a text that no registry accepts. */
export const parseImage = (text: string): Image | undefined => {
  if (text.length > maxImage) return undefined
  const [named = '', digest, ...more] = text.split('@')
  if (more.length > 0 || (digest !== undefined && !isDigest(digest))) return undefined
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1)
  const name = colon < 0 ? named : named.slice(0, colon)
  const tag = colon < 0 ? undefined : named.slice(colon + 1)
  if (tag !== undefined && !isTag(tag)) return undefined
  const repository = parseRepository(name)
  return (
    repository && { name, ...repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) }
  )
}

/**
 * Parses the name of a repository, without tag and digest. Returns undefined for a text that no
 * registry accepts.
 */
export const parseRepository = (name: string): Repository | undefined => {
  if (name.length > maxImage || hexadecimal.test(name)) return undefined
  const [first = '', ...rest] = name.split('/')
  const isHost = rest.length > 0 && (/[.:[A-Z]/.test(first) || first === 'localhost')
  const host = isHost ? hostOf(first) : dockerHub
  const path = isHost ? rest.join('/') : name
  if (host === undefined || !isPath(path)) return undefined
  return { host, path: host === dockerHub && !path.includes('/') ? `library/${path}` : path }
}

/** Returns whether the text is the path of a repository, without a host. */
export const isPath = (text: string): boolean =>
  text.length <= maxPath && text.split('/').every(part => component.test(part))

const dockerHub = 'docker.io'

const hostOf = (text: string): string | undefined => {
  const end = text.lastIndexOf(':')
  const hasPort = end > text.lastIndexOf(']')
  const name = hasPort ? text.slice(0, end) : text
  if (hasPort && !port.test(text.slice(end + 1))) return undefined
  if (!ipv6.test(name) && !name.split('.').every(label => hostLabel.test(label))) return undefined
  const host = text.toLowerCase()
  return host === 'index.docker.io' ? dockerHub : host
}
