import type { StoredObject } from '../../src/api/object.ts'
import type { LogFields } from '../../src/environment/environment.ts'
import type { TriggerAnswer } from '../../src/trigger/answer.ts'
import type { Followed } from './messages.ts'

/** One post, as it reaches a trigger. */
export interface Post {
  readonly id: number
  readonly process: string
  readonly hook: string
  /** What its token says. */
  readonly uid: string
  readonly rotation: number
  /** The key that it is signed with; empty where it is forged. */
  readonly kid: string
  readonly kind: 'plain' | 'firing' | 'resolved'
  /** What its sender calls the delivery: equal for all copies of one. */
  readonly delivery: string
  /** What it reports: equal for all posts of which one is to be executed, but for repeats. */
  readonly event: string
  /** The alert that it reports, if any; and since when that fires: it rises. */
  readonly alert?: string
  readonly since?: number
  /** What its sender shows in addition to the token. */
  readonly proof: Proof | undefined
  /** Whether it is marked as a drill, which some hooks do not run for. */
  readonly drill: boolean
  /** What identifies copies for the product, as its record has it; undefined where every copy counts. */
  readonly key: string | undefined
  /** Whether the same again is one delivery only within the hook's window, and meant to count after it. */
  readonly repeats: boolean
  /** Where its hook counts a signed body once: that body, by its hash, and whether nothing else names the post. */
  readonly signed?: { readonly body: string; readonly isName: boolean }
  /** How long it waits for the outcome, in milliseconds; undefined where it does not. */
  readonly waitMs?: number
  /** Posted after all faults have ended. */
  readonly healed: boolean
}

/** What a sender shows that it has, in the form in which it shows it. */
export type Proof = WordProof | IdTokenProof

export interface WordProof {
  readonly form: 'bearer' | 'basic' | 'hmac'
  readonly word: string
  /** Where the signature stands, in lower case. */
  readonly header?: string
  /** How what is sent differs from what the word makes right, if it does. */
  readonly spoiled?: 'begins alike' | 'as long' | 'longer'
}

/** An ID token. Times are in seconds since the epoch. */
export interface IdTokenProof {
  readonly form: 'id token'
  /** The key that it names, and whether that has signed it. */
  readonly kid: string
  readonly isSigned: boolean
  readonly issuer: string
  readonly audience: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly claims: Readonly<Record<string, string>>
}

/** What can happen in a history. The order of a list of these is the order in which it happened. */
export type Happened = { readonly at: number } & (
  | { readonly what: 'start' | 'crash' | 'end'; readonly process: string }
  /** A process asked the API server; `became` says what the network and the server made of it. */
  | { readonly what: 'request'; readonly process: string; readonly asked: string; readonly became: string }
  /** A process has folded a marked write of a count: it, or the claim of it, leaves at this moment. */
  | {
      readonly what: 'folded'
      readonly process: string
      readonly target: string
      readonly mark: string
      readonly version: string
      readonly to: number
    }
  /** The API server did, or would not do, what a process asked. `changed`: it has a newer version since. */
  | {
      readonly what: 'written'
      readonly process: string
      readonly asked: string
      /** When the process sent it: it can have been on its way for long. */
      readonly sentAt: number
      readonly status: number
      readonly changed: boolean
      /** Whom the process has impersonated. */
      readonly as?: string
    }
  /** A process begins a request as somebody else. */
  | {
      readonly what: 'acted'
      readonly process: string
      readonly as: string
      /** The mark of the count that it writes, if it writes one. */
      readonly mark?: string
    }
  /** A process begins a request that rolls something out, or makes a Job for the hook with this uid. */
  | {
      readonly what: 'act sent'
      readonly process: string
      readonly act: 'push' | 'restart' | 'job'
      readonly uid?: string
    }
  /** Whom processes impersonate has got its rights, or lost them. */
  | { readonly what: 'rights'; readonly user: string; readonly may: boolean }
  /** The API server has stored a version of a hook, a target or an object of the product's own. */
  | { readonly what: 'stored'; readonly resource: string; readonly object: StoredObject; readonly deleted: boolean }
  /**
   * A write has let go of a deleted record, which is gone since. `object` is what the write says: nobody ever sees that version, but
   * what it notes was done.
   */
  | { readonly what: 'let go'; readonly object: StoredObject }
  /** A process received all changes of hooks, or of the keys, up to a version. */
  | { readonly what: 'heard'; readonly of: Followed; readonly process: string; readonly version: number }
  | { readonly what: 'post'; readonly post: Post; readonly wall: number }
  | { readonly what: 'answer'; readonly post: number; readonly answer: TriggerAnswer; readonly wall: number }
  | { readonly what: 'world'; readonly did: string }
  /** The storage was set back to a version that was the newest at `snapshotAt`. */
  | { readonly what: 'set back'; readonly snapshotAt: number; readonly by: string }
  | {
      readonly what: 'log'
      readonly process: string
      readonly level: 'warn' | 'error'
      readonly message: string
      readonly fields: LogFields
    }
  /** A process sends a post on to a Service, or, with a status, the Service has taken it. */
  | {
      readonly what: 'passed on'
      readonly process: string
      readonly host: string
      readonly headers: Readonly<Record<string, string>>
      readonly status: number | undefined
    }
  /**
   * A process asks the issuer of ID tokens, or, with `got`, has its answer: the ids of keys, where they are, or nothing that
   * can be used.
   */
  | {
      readonly what: 'issuer asked'
      readonly process: string
      readonly path: string
      readonly got: readonly string[] | 'description' | 'nothing' | undefined
    }
  /** Something that must never happen was seen at once, not by a check afterwards. */
  | { readonly what: 'broken'; readonly why: string }
)

/** A promise that a history does not keep. */
export interface Violation {
  /** The number of the promise, or `liveness`. */
  readonly promise: string
  readonly why: string
}

/** One line of a trace. */
export const described = (happened: Happened): string => `${happened.at.toFixed(0).padStart(7)} ${textOf(happened)}`

const textOf = (happened: Happened): string => {
  switch (happened.what) {
    case 'start':
    case 'crash':
    case 'end':
      return `${happened.process} ${happened.what.toUpperCase()}`
    case 'request':
      return `${happened.process} ${happened.asked}: ${happened.became}`
    case 'folded':
      return `${happened.process} folds ${happened.mark}: ${happened.target} to ${happened.to} after ${happened.version}`
    case 'written':
      return `  server ${happened.asked}: ${happened.status}${happened.changed ? '' : ', nothing changed'}${happened.as === undefined ? '' : ` as ${happened.as}`}`
    case 'act sent':
      return `${happened.process} sends a ${happened.act}${happened.uid === undefined ? '' : ` of ${happened.uid}`}`
    case 'acted':
      return `${happened.process} acts as ${happened.as}`
    case 'rights':
      return `${happened.user} may ${happened.may ? 'do all' : 'do nothing'}`
    case 'stored': {
      const { metadata, spec, status } = happened.object
      const marks = (metadata.managedFields ?? []).map(entry => JSON.stringify(entry).slice(12, 60))
      return `  stored ${happened.resource}/${metadata.name} ${metadata.resourceVersion}${happened.deleted ? ' DELETED' : ''} ${JSON.stringify({ uid: metadata.uid.slice(0, 6), generation: metadata.generation, spec: happened.resource === 'deployments' ? { replicas: replicasOf(spec) } : spec, status, content: happened.object['content'], marks })}`
    }
    case 'let go':
      return `  let go of receiverhookrecords/${happened.object.metadata.name} ${JSON.stringify(happened.object['content'])}`
    case 'heard':
      return `${happened.process} knows ${happened.of} up to ${happened.version}`
    case 'post':
      return `post ${JSON.stringify(happened.post)}`
    case 'answer':
      return `post ${happened.post} answered ${JSON.stringify(happened.answer === 'no answer' ? happened.answer : { status: happened.answer.status, ...happened.answer.body })}`
    case 'world':
      return `WORLD ${happened.did}`
    case 'set back':
      return `SET BACK to the state of ${happened.snapshotAt}: ${happened.by}`
    case 'log':
      return `${happened.process} ${happened.level}: ${happened.message} ${JSON.stringify(happened.fields, errorsAsText)}`
    case 'passed on':
      return `${happened.process} passes a post on to ${happened.host} as ${happened.headers['idempotency-key']}${happened.status === undefined ? '' : `: ${happened.status}`}`
    case 'issuer asked':
      return `${happened.process} asks the issuer for ${happened.path}${happened.got === undefined ? '' : `: ${String(happened.got)}`}`
    case 'broken':
      return `BROKEN ${happened.why}`
  }
}

const replicasOf = (spec: unknown): unknown =>
  typeof spec === 'object' && spec !== null && 'replicas' in spec ? spec.replicas : undefined

const errorsAsText = (_: string, value: unknown): unknown =>
  value instanceof Error ? `${value.name}: ${value.message}` : value
