/** An issuer of ID tokens (OpenID Connect) that hooks of this installation may name. */
export interface Issuer {
  /** The text of the claim `iss`, and the beginning of the URL at which the issuer describes itself. */
  readonly url: string
  /**
   * Where its keys are: at a URL, or at the API server of this cluster. Undefined: at the URL that
   * the issuer gives, which must have the issuer's host.
   */
  readonly keys: string | undefined
}

/** The keys of an issuer come from the API server of this cluster. */
export const ofCluster = 'cluster'

/** How many issuers an installation may have. Their keys are kept in memory. */
export const maxIssuers = 16

/** The issuers whose keys are known to be at another host. */
const elsewhere = new Map([['https://accounts.google.com', 'https://www.googleapis.com/oauth2/v3/certs']])

/** The hosts of this machine, which need no https. */
const loopback = /^(127\.0\.0\.1|\[::1\]|localhost)$/

/** Returns whether a text is an https URL without query, or an http URL of this machine. */
const isUsable = (text: string): boolean => {
  if (/[?#\s,]/.test(text) || !URL.canParse(text)) return false
  const { hostname, password, protocol, username } = new URL(text)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && loopback.test(hostname))
}

/** Parses `URL` or `URL,keys=WHERE`, as the flag has it. Returns why it is wrong if it is. */
export const issuerIn = (text: string): Issuer | string => {
  const [url = '', ...settings] = text.split(',')
  if (!isUsable(url)) return `the issuer must be an https URL without a query, not ${url}`
  if (url.length > 256) return "an issuer's URL must have at most 256 characters"
  const [setting] = settings
  if (setting === undefined) return { url, keys: elsewhere.get(url) }
  const keys = /^keys=(.*)$/.exec(setting)?.[1]
  if (keys === undefined || settings.length > 1)
    return `after the URL there may be only ",keys=URL" or ",keys=${ofCluster}"`
  return keys === ofCluster || isUsable(keys) ? { url, keys } : `keys must be an https URL or ${ofCluster}, not ${keys}`
}
