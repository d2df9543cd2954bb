import { senderMembers } from './by.ts'
import { crdSchema } from './crd.ts'
import { has } from './guard.ts'
import { at } from './json.ts'
import { apiVersionName, group, nameLength, objectNameRule, requestKind, requestPlural } from './names.ts'
import type { StoredObject } from './object.ts'
import { deliveryOutcomes } from './record.ts'
import type { Obj, Properties, Stored } from './schema.ts'
import { settlementStates } from './settlement.ts'
import { pageURL } from './site.ts'

/** The longest body of a request, in characters. */
export const maxRequestBody = 16_384
/** How many headers of a post are kept with a request, and the longest, in characters. */
export const maxKeptHeaders = 64
export const maxKeptHeader = 4096
/** How many changes of a request are shown at most. */
export const maxShownChanges = 64
/** The suffix of the names of requests for posts. Only the trigger may make such a name. */
export const postSuffix = '.post'
/** The longest text in an answer, in characters. */
export const maxAnswerText = 2048
/** The longest text that says why somebody runs a hook, in characters. */
export const maxWhy = 200

/** What is said where nobody runs requests. */
export const noRequests = `this installation runs no requests: an administrator can switch them on with requests.enabled=true (${pageURL('docs/how-to/run-from-the-cluster.md')})`

const text = (maxLength: number, description: string) => ({ type: 'string', maxLength, description }) as const

/** The length of the digest of an effect: 128 bits in base64url. */
const digestLength = 22

const decisionSchema = {
  type: 'object',
  description:
    'The decision about a request to a hook with `approval`. The admission policy compares it with the user who writes it.',
  required: ['is', 'by', 'effect'],
  properties: {
    is: { type: 'string', enum: ['Approved', 'Denied'], description: 'Whether the request may run.' },
    by: { ...text(160, 'The name of the user who decides.'), minLength: 1 },
    effect: text(digestLength, 'The effect that was decided on, as in `status.effect.digest`.'),
    why: text(maxWhy, 'Why, for people.'),
  },
} as const satisfies Obj

const postSchema = {
  type: 'object',
  description: 'The post to the URL of the hook that waits for approval. Only triggers write it.',
  required: ['headers', 'body'],
  properties: {
    headers: {
      type: 'object',
      description: 'Its headers, without secrets. The names are in lower case.',
      maxProperties: maxKeptHeaders,
      additionalProperties: { type: 'string', maxLength: maxKeptHeader },
    },
    query: text(maxKeptHeader, 'Its query.'),
    body: text(Math.ceil(maxRequestBody / 3) * 4, 'Its body in base64.'),
    id: text(maxKeptHeader, 'The idempotency key that its signature covers.'),
    signed: {
      type: 'object',
      description: 'The signed part that counts only once, and for how many milliseconds.',
      required: ['body', 'withinMs'],
      properties: { body: text(64, 'Its hash.'), withinMs: { type: 'integer', format: 'int64' } },
    },
  },
} as const satisfies Obj

const askedFor = {
  hook: {
    ...text(nameLength, "The hook to run, in the request's namespace."),
    'x-kubernetes-validations': [objectNameRule],
  },
  by: {
    type: 'object',
    description:
      'Who makes the request: `user`, which the admission policy compares with the user who writes it. Of a post: who sent it, as far as `auth` proves that.',
    properties: senderMembers,
  },
  key: text(128, 'The idempotency key. Requests to one hook with the same key run it once. Default: the uid.'),
  dryRun: { type: 'boolean', default: false, description: 'Compute what would happen, and change nothing.' },
  body: text(maxRequestBody, 'The body, as a sender would post it.'),
  post: postSchema,
  why: text(maxWhy, 'Why, for people.'),
} as const satisfies Properties

const isKept = (name: string): string =>
  `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || self.${name} == oldSelf.${name})`

const specSchema = {
  type: 'object',
  description: 'What to run, and the decision about it. Only the decision can be changed.',
  required: ['hook', 'by'],
  'x-kubernetes-validations': [
    {
      rule: Object.keys(askedFor).map(isKept).join(' && '),
      message: 'a request cannot be changed: make a new one',
    },
    {
      rule: 'has(self.decision) || !has(oldSelf.decision)',
      message: "a decision can't be taken back",
    },
  ],
  properties: { ...askedFor, decision: decisionSchema },
} as const satisfies Obj

const answerSchema = {
  type: 'object',
  description: 'The answer that a post would get.',
  required: ['status', 'message', 'reason'],
  properties: {
    status: { type: 'integer', format: 'int32', description: 'The HTTP status that a sender would get.' },
    message: text(maxAnswerText, 'What happened, in words.'),
    outcome: { type: 'string', enum: [...deliveryOutcomes, 'awaiting', 'unavailable'], description: 'The outcome.' },
    reason: text(64, 'Why.'),
    from: { type: 'integer', format: 'int64', description: 'The count before.' },
    to: { type: 'integer', format: 'int64', description: 'The count after.' },
    summary: text(maxAnswerText, 'What the hook did, if it did not change a count.'),
    until: { type: 'string', format: 'date-time', description: 'When the step ends by itself.' },
    state: {
      type: 'string',
      enum: settlementStates,
      description: "How far the work is, or how it ended. Absent while that isn't known.",
    },
    stateMessage: text(maxAnswerText, 'The same in words, such as how many pods are available.'),
  },
} as const satisfies Obj

const effectSchema = {
  type: 'object',
  description: 'What the request would do. A decision is about exactly this.',
  required: ['text', 'digest', 'asked'],
  properties: {
    text: text(maxAnswerText, 'The effect in words.'),
    digest: text(digestLength, 'A short digest of it for the decision.'),
    changes: {
      type: 'array',
      description: 'What the request would change, if it does not change a count.',
      maxItems: maxShownChanges,
      items: {
        type: 'object',
        required: ['object', 'to'],
        properties: {
          object: text(320, 'Kind and name, such as `Deployment/web`.'),
          part: text(64, 'The container.'),
          from: text(maxAnswerText, 'What it runs.'),
          to: text(maxAnswerText, 'What it would run.'),
        },
      },
    },
    asked: { type: 'integer', format: 'int32', description: 'How many different effects have been shown so far.' },
  },
} as const satisfies Obj

const statusSchema = {
  type: 'object',
  description: 'The answer to the request. Only triggers write it.',
  properties: {
    state: {
      type: 'string',
      enum: ['Queued', 'Awaiting', 'Done'],
      description:
        "Awaiting: the request waits for a decision about its effect. Queued: an earlier request to its hook isn't done yet. Done: it has its answer. Absent at first.",
    },
    until: { type: 'string', format: 'date-time', description: 'When the request is closed if nobody decides.' },
    effect: effectSchema,
    time: { type: 'string', format: 'date-time', description: 'When it was answered.' },
    answer: answerSchema,
  },
} as const satisfies Obj

export type RequestSpec = Stored<typeof specSchema>
/** A post that waits for approval. */
export type KeptPost = Stored<typeof postSchema>
export type RequestStatus = Stored<typeof statusSchema>
export type RequestAnswer = Stored<typeof answerSchema>

/** Returns what a request asks for. The API server stores none that does not fit the schema. */
export const requestSpecOf = (request: StoredObject): RequestSpec => {
  const { spec } = request
  if (!has(specSchema, spec)) throw new Error(`ReceiverHookRequest/${request.metadata.name} does not match its schema`)
  return spec
}

/** Returns the status of a request. Undefined if no trigger has looked at the request yet. */
export const requestStatusOf = ({ status }: StoredObject): RequestStatus | undefined =>
  has(statusSchema, status) && status.state !== undefined ? status : undefined

export const isDone = (request: StoredObject): boolean => at(request, 'status', 'state') === 'Done'

/** The CustomResourceDefinition of ReceiverHookRequest: a post that the API server delivers. */
export const requestCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${requestPlural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: {
      kind: requestKind,
      listKind: `${requestKind}List`,
      plural: requestPlural,
      singular: 'receiverhookrequest',
      shortNames: ['rhreq'],
    },
    versions: [
      {
        name: apiVersionName,
        served: true,
        storage: true,
        subresources: { status: {} },
        selectableFields: [{ jsonPath: '.status.state' }, { jsonPath: '.spec.hook' }],
        additionalPrinterColumns: [
          { name: 'Hook', type: 'string', jsonPath: '.spec.hook' },
          { name: 'User', type: 'string', jsonPath: '.spec.by.user' },
          { name: 'State', type: 'string', jsonPath: '.status.state' },
          { name: 'Effect', type: 'string', jsonPath: '.status.effect.text' },
          { name: 'Decided By', type: 'string', jsonPath: '.spec.decision.by', priority: 1 },
          { name: 'Outcome', type: 'string', jsonPath: '.status.answer.outcome' },
          { name: 'Reason', type: 'string', jsonPath: '.status.answer.reason' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          { name: 'Answer', type: 'string', jsonPath: '.status.answer.message', priority: 1 },
          { name: 'Why', type: 'string', jsonPath: '.spec.why', priority: 1 },
        ],
        schema: {
          openAPIV3Schema: crdSchema({
            type: 'object',
            description:
              'A post to a ReceiverHook that the API server delivers: no URL, no Secret, and a record of who asked for it.',
            required: ['spec'],
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object', properties: {} },
              spec: specSchema,
              status: statusSchema,
            },
          }),
        },
      },
    ],
  },
}
