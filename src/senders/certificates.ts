import { X509Certificate } from 'node:crypto'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { Environment } from '../environment/environment.ts'
import { rateLimiter, type Rate } from '../environment/rate.ts'
import { singleFlight } from '../environment/single-flight.ts'
import { Unreachable } from '../environment/unreachable.ts'

/** A certificate, or why it is not available now. */
type Found = X509Certificate | { readonly unavailable: string }

/** The certificates that the posts to one namespace name. */
export interface Certificates {
  /**
   * Resolves with the certificate at a URL of a sender, or why it is not available. Simultaneous
   * calls for one URL share one request.
   */
  find(url: string): Promise<Found>
  /** Keeps the certificate at a URL, because it has verified a message. */
  proved(url: string): void
}

/**
 * How long fetching a certificate may take, in milliseconds. The rest of the time for the answer is
 * for the step.
 */
const fetchWithinMs = 2000

/** The longest certificate that is read, in bytes. Amazon's have 2 kB. */
const maxCertificateBytes = 16 * 1024

/** How many certificates and how many failures are remembered. Each sender uses one certificate at a time. */
const maxRemembered = 32

/**
 * How many certificates are remembered that have verified a message. Amazon has one for each region,
 * and some forty regions.
 */
const maxProved = 64

/** How long a failure is remembered, in milliseconds. Senders wait about as long before they try again. */
const failureKeptMs = 10_000

/**
 * The highest rates at which certificates are fetched: for the posts to one namespace, and for all.
 * They are bounded because posts can name any number of URLs. Each namespace has its own rate, so that
 * forged posts to one do not keep the messages to others from being verified.
 */
const fetchRate: Rate = { perSecond: 1, burst: 8 }
const fetchRateOfAll: Rate = { perSecond: 16, burst: 64 }

/**
 * How many namespaces have a rate of their own at the same time. The one that was used longest ago is
 * forgotten.
 */
const maxNamespaces = 10_000

/**
 * Fetches certificates when they are first needed. Remembers both certificates and failures. Returns
 * the certificates for the posts to a namespace.
 */
export const fetchedCertificates = ({
  clock,
  outbound,
}: Pick<Environment, 'clock' | 'outbound'>): ((namespace: string) => Certificates) => {
  const proved = new BoundedMap<string, X509Certificate>(maxProved)
  const known = new BoundedMap<string, X509Certificate>(maxRemembered)
  const failed = new BoundedMap<string, { readonly found: Found; readonly at: number }>(maxRemembered)
  const shared = singleFlight<Found>()
  const rates = rateLimiter(clock, maxNamespaces)
  const rateOfAll = rateLimiter(clock, 1)

  const find = async (url: string, namespace: string): Promise<Found> => {
    const certificate = proved.get(url) ?? known.get(url)
    if (certificate) return certificate
    const failure = failed.get(url)
    if (failure && clock.monotonic() - failure.at < failureKeptMs) return failure.found
    return await shared(url, async depart => {
      // A namespace pays only for what is fetched, and for nothing while others have used up the rate of all.
      if (rates.waitMs(namespace, fetchRate) > 0 || rateOfAll.waitMs('', fetchRateOfAll) > 0) {
        depart()
        return tooMany
      }
      rates.take(namespace, fetchRate)
      rateOfAll.take('', fetchRateOfAll)
      const found = await fetchOne(outbound, url)
      if (found instanceof X509Certificate) known.set(url, found)
      else failed.set(url, { found, at: clock.monotonic() })
      return found
    })
  }

  return namespace => ({
    find: url => find(url, namespace),
    proved: url => {
      const certificate = proved.get(url) ?? known.get(url)
      if (certificate) proved.set(url, certificate)
    },
  })
}

const fetchOne = async (outbound: Environment['outbound'], url: string): Promise<Found> => {
  try {
    const { body, status } = await outbound({
      method: 'GET',
      url,
      timeoutMs: fetchWithinMs,
      maxBytes: maxCertificateBytes,
    })
    if (status !== 200) return unavailable(`its host answered ${status}`)
    return certificateIn(body) ?? unavailable('its host answered with something else')
  } catch (error) {
    if (error instanceof Unreachable) return unavailable("can't reach its host")
    throw error
  }
}

const unavailable = (why: string) => ({ unavailable: `the signature's certificate: ${why}` })

const tooMany = unavailable('too many were requested')

const certificateIn = (pem: string): X509Certificate | undefined => {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}
