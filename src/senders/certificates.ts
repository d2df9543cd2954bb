import { X509Certificate } from 'node:crypto'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { Environment } from '../environment/environment.ts'
import { rateLimiter, type Rate } from '../environment/rate.ts'
import { singleFlight } from '../environment/single-flight.ts'
import { Unreachable } from '../environment/unreachable.ts'

/** A certificate, or why it is not available now. */
type Found = X509Certificate | { readonly unavailable: string }

/**
 * Resolves with the certificate at a URL of a sender, or why it is not available. Simultaneous
 * calls for one URL share one request.
 */
export type Certificates = (url: string) => Promise<Found>

/**
 * How long fetching a certificate may take, in milliseconds. The rest of the time for the answer is
 * for the step.
 */
const fetchWithinMs = 2000

/** The longest certificate that is read, in bytes. Amazon's have 2 kB. */
const maxCertificateBytes = 16 * 1024

/**
 * How many certificates and how many failures are remembered. Each sender uses one certificate at a
 * time.
 */
const maxRemembered = 32

/**
 * How long a failure is remembered, in milliseconds. Senders wait about as long before they try
 * again.
 */
const failureKeptMs = 10_000

/**
 * The highest rate at which certificates are fetched, for all senders together. It is bounded
 * because posts can name any number of URLs.
 */
const fetchRate: Rate = { perSecond: 1, burst: 8 }

/** Fetches certificates when they are first needed. Remembers both certificates and failures. */
export const fetchedCertificates = ({ clock, outbound }: Pick<Environment, 'clock' | 'outbound'>): Certificates => {
  const known = new BoundedMap<string, X509Certificate>(maxRemembered)
  const failed = new BoundedMap<string, { readonly found: Found; readonly at: number }>(maxRemembered)
  const shared = singleFlight<Found>()
  const limiter = rateLimiter(clock, 1)

  const fetched = async (url: string): Promise<Found> => {
    if (!limiter.take('', fetchRate)) return unavailable('too many are asked for')
    const found = await fetchOne(outbound, url)
    if (found instanceof X509Certificate) known.set(url, found)
    else failed.set(url, { found, at: clock.monotonic() })
    return found
  }

  return async url => {
    const certificate = known.get(url)
    if (certificate) return certificate
    const failure = failed.get(url)
    if (failure && clock.monotonic() - failure.at < failureKeptMs) return failure.found
    return await shared(url, () => fetched(url))
  }
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
    if (error instanceof Unreachable) return unavailable('its host cannot be reached')
    throw error
  }
}

const unavailable = (why: string) => ({ unavailable: `the certificate of the signature: ${why}` })

const certificateIn = (pem: string): X509Certificate | undefined => {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}
