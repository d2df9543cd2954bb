import { generateKeyPairSync, sign } from 'node:crypto'

/** Signs as Amazon does, in these tests. */
export const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })

export const certificateURL = 'https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5ca.pem'
export const topic = 'arn:aws:sns:eu-central-1:123456789012:web-load'

export type Fields = Readonly<Record<string, string>>

export const notification: Fields = {
  Type: 'Notification',
  MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
  TopicArn: topic,
  Subject: 'My First Message',
  Message: 'Hello world!\nHow are you?',
  Timestamp: '2026-01-01T00:00:00.000Z',
}

export const subscription: Fields = {
  Type: 'SubscriptionConfirmation',
  MessageId: '165545c9-2a5c-472c-8df2-7ff2be2b3b1b',
  TopicArn: topic,
  Token: '2336412f37',
  Message: 'You have chosen to subscribe to the topic.',
  SubscribeURL: `https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${topic}&Token=2336412f37`,
  Timestamp: '2026-01-01T00:00:00.000Z',
}

/** Returns a message as Amazon signs it: the names in the order of its documentation. */
export const signed = (fields: Fields, version: '1' | '2', key = keys.privateKey): Fields => {
  const names =
    fields['Type'] === 'Notification'
      ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
      : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
  const text = names.map(name => (fields[name] === undefined ? '' : `${name}\n${fields[name]}\n`)).join('')
  const signature = sign(version === '1' ? 'sha1' : 'sha256', Buffer.from(text), key).toString('base64')
  return { ...fields, SignatureVersion: version, Signature: signature, SigningCertURL: certificateURL }
}
