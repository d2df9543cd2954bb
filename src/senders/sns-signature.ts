import { verify, X509Certificate } from 'node:crypto'
import { stringAt } from '../api/json.ts'
import { parseTime } from '../environment/time.ts'
import { Unreachable } from '../environment/unreachable.ts'
import type { VerificationMeans, Verdict } from './sender.ts'

/**
 * The signatures of Amazon SNS.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */

/** The members that are signed, in this order: each one's name and value, a line each. Absent ones are left out. */
const signed = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
} as const

const algorithms = new Map([
  ['1', 'RSA-SHA1'],
  ['2', 'RSA-SHA256'],
])

/** How long the certificate may take, in milliseconds: the step needs what is left of the answer's time. */
const fetchWithinMs = 2000

/** Amazon's certificates take 2 kB. */
const mostCertificateBytes = 16 * 1024

/** A region's own host. A wider pattern would let in a bucket of anybody's, as in `sns.s3-us-west-2.amazonaws.com`. */
const amazonHost = /^sns\.[a-z]{2}(?:-[a-z]+)+-\d+\.amazonaws\.com(?:\.cn)?$/

const certificatePath = /^\/SimpleNotificationService-[0-9a-f]+\.pem$/

/** A URL of SNS's own, over HTTPS and at its usual port, as a browser would read it; undefined for any other text. */
export const amazonURL = (text: string | undefined): URL | undefined => {
  if (text === undefined || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const isAmazon = url.protocol === 'https:' && amazonHost.test(url.host) && url.username === '' && url.password === ''
  return isAmazon ? url : undefined
}

const certificateURL = (text: string | undefined): string | undefined => {
  const url = amazonURL(text)
  return url && certificatePath.test(url.pathname) && url.search === '' && url.hash === '' ? url.href : undefined
}

/** Whether Amazon has signed an SNS message. It says nothing of whose topic it is: that is what `TopicArn` is for. */
export const verifySignature = async (json: unknown, means: VerificationMeans): Promise<Verdict> => {
  const text = signedText(json)
  const algorithm = algorithms.get(stringAt(json, 'SignatureVersion') ?? '')
  const signature = stringAt(json, 'Signature')
  const url = certificateURL(stringAt(json, 'SigningCertURL'))
  if (text === undefined) return { refused: 'the message is of a type that SNS does not sign' }
  if (algorithm === undefined) return { refused: 'SignatureVersion is neither 1 nor 2' }
  if (signature === undefined) return { refused: 'the message has no Signature' }
  if (url === undefined) {
    return { refused: 'SigningCertURL does not lead to a certificate on a host of Amazon SNS' }
  }
  const found = await certificateAt(url, means)
  if (!(found instanceof X509Certificate)) return found
  const now = means.clock.now()
  if (now < parseTime(found.validFrom) || now > parseTime(found.validTo)) {
    return { refused: 'the certificate of the signature is not valid now' }
  }
  return isSigned(text, signature, algorithm, found) ? 'genuine' : { refused: "the signature is not the message's" }
}

const signedText = (json: unknown): string | undefined => {
  const type = stringAt(json, 'Type')
  if (type === undefined || !isSignedType(type)) return undefined
  return signed[type]
    .map(name => ({ name, value: stringAt(json, name) }))
    .filter(({ value }) => value !== undefined)
    .map(({ name, value }) => `${name}\n${value}\n`)
    .join('')
}

const isSignedType = (type: string): type is keyof typeof signed => Object.hasOwn(signed, type)

const certificateAt = async (
  url: string,
  { certificates, outbound }: VerificationMeans,
): Promise<X509Certificate | { readonly unavailable: string }> => {
  const unavailable = (why: string) => ({ unavailable: `the certificate of the signature: ${why}` })
  const known = certificates.get(url)
  if (known !== undefined) return known
  try {
    const { body, status } = await outbound({
      method: 'GET',
      url,
      timeoutMs: fetchWithinMs,
      mostBytes: mostCertificateBytes,
    })
    if (status !== 200) return unavailable(`its host answered ${status}`)
    const certificate = certificateIn(body)
    if (certificate === undefined) return unavailable('its host answered with something else')
    certificates.set(url, certificate)
    return certificate
  } catch (error) {
    if (error instanceof Unreachable) return unavailable('its host cannot be reached')
    throw error
  }
}

const certificateIn = (pem: string): X509Certificate | undefined => {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

const isSigned = (text: string, signature: string, algorithm: string, { publicKey }: X509Certificate): boolean => {
  try {
    return (
      publicKey.asymmetricKeyType === 'rsa' &&
      verify(algorithm, Buffer.from(text), publicKey, Buffer.from(signature, 'base64'))
    )
  } catch {
    return false
  }
}
