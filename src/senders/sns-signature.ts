import { verify, X509Certificate } from 'node:crypto'
import { stringAt } from '../api/json.ts'
import { parseTime } from '../environment/time.ts'
import { parsedURL } from './confirmation.ts'
import type { Proof, VerificationMeans, ProofVerdict } from './sender.ts'

/**
 * The signatures of Amazon SNS.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */

/**
 * The members that SNS signs in each type of message, in this order. Each becomes two lines of the
 * signed text: name and value. Absent members are left out.
 */
const signed = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
} as const

const allSigned: ReadonlySet<string> = new Set(Object.values(signed).flat())

const algorithms = new Map([
  ['1', 'RSA-SHA1'],
  ['2', 'RSA-SHA256'],
])

/**
 * The host of SNS in a region. A wider pattern would accept a bucket of a stranger, such as
 * `sns.s3-us-west-2.amazonaws.com`. The European Sovereign Cloud has a domain of its own.
 */
const amazonHost = /^sns\.(?:[a-z]{2}(?:-[a-z]+)+-\d+\.amazonaws\.com(?:\.cn)?|eusc(?:-[a-z]+)+-\d+\.amazonaws\.eu)$/

const certificatePath = /^\/SimpleNotificationService-[0-9a-f]+\.pem$/

/**
 * Parses an HTTPS URL of SNS on its default port, as a browser does. Returns undefined for any
 * other text.
 */
export const amazonURL = (text: string | undefined): URL | undefined => {
  const url = parsedURL(text)
  const isAmazon = url?.protocol === 'https:' && amazonHost.test(url.host) && url.username === '' && url.password === ''
  return isAmazon ? url : undefined
}

const certificateURL = (text: string | undefined): string | undefined => {
  const url = amazonURL(text)
  return url && certificatePath.test(url.pathname) && url.search === '' && url.hash === '' ? url.href : undefined
}

/** Returns the signed members of an SNS message, and its signature. */
export const proofIn = (json: unknown): Proof =>
  Object.fromEntries(
    [...allSigned, 'SignatureVersion', 'Signature', 'SigningCertURL'].flatMap(name => {
      const value = stringAt(json, name)
      return value === undefined ? [] : [[name, value]]
    }),
  )

/**
 * Verifies that Amazon has signed an SNS message. The signature does not say whose topic it is.
 * Only the member `TopicArn` does.
 */
export const verifySignature = async (proof: Proof, means: VerificationMeans): Promise<ProofVerdict> => {
  const text = signedText(proof)
  const algorithm = algorithms.get(proof['SignatureVersion'] ?? '')
  const signature = proof['Signature']
  const url = certificateURL(proof['SigningCertURL'])
  if (text === undefined) return { refused: 'SNS does not sign messages of this type' }
  // A line break in one value could make the signed text equal to that of another message. Only
  // `Message` may have one.
  if (Object.entries(proof).some(([name, value]) => name !== 'Message' && value.includes('\n'))) {
    return { refused: 'a member other than Message has a line break' }
  }
  if (algorithm === undefined) return { refused: 'SignatureVersion is neither 1 nor 2' }
  if (signature === undefined) return { refused: 'the message has no Signature' }
  if (url === undefined) {
    return { refused: 'SigningCertURL does not lead to a certificate on a host of Amazon SNS' }
  }
  const found = await means.certificates.find(url)
  if (!(found instanceof X509Certificate)) return found
  const now = means.clock.now()
  if (now < parseTime(found.validFrom) || now > parseTime(found.validTo)) {
    return { refused: "the signature's certificate is not valid now" }
  }
  if (!isSigned(text, signature, algorithm, found)) return { refused: 'the signature does not match the message' }
  means.certificates.proved(url)
  return 'genuine'
}

/** Returns the text that SNS signs, or undefined for a type that SNS does not sign. */
export const signedText = (proof: Proof): string | undefined => {
  const type = proof['Type']
  if (type === undefined || !isSignedType(type)) return undefined
  return signed[type]
    .map(name => ({ name, value: proof[name] }))
    .filter(({ value }) => value !== undefined)
    .map(({ name, value }) => `${name}\n${value}\n`)
    .join('')
}

const isSignedType = (type: string): type is keyof typeof signed => Object.hasOwn(signed, type)

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
