/**
 * The messages between the page and its server. This is the only file of this folder that both
 * import. No member ever holds a token or a URL of a hook.
 */

import type { CountAutoscaler } from '../cli/why/autoscalers.ts'

export type { Finding } from '../cli/doctor/finding.ts'

/** A delivery from a hook's status. */
export interface RowDelivery {
  /** The time of the delivery, in RFC 3339. */
  readonly time: string
  readonly sender: string
  readonly outcome: string
  readonly reason: string
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** What the delivery did, if that was not a change of a count. */
  readonly summary?: string | undefined
}

/** A hook in the list. */
export interface ListedHook {
  /** The key of the hook: `namespace/name`. */
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** Rises with each change of the spec. */
  readonly generation: number
  readonly driver: string
  /** What the hook does, such as `scale up by 1`. */
  readonly does: string
  /** The kind and the name of the target, such as `Deployment/web`. Absent if it is unknown. */
  readonly target?: string | undefined
  readonly min?: number | undefined
  readonly max?: number | undefined
  readonly suspended: boolean
  readonly ready: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly last?: RowDelivery | undefined
  /** The newest deliveries, newest first. */
  readonly recent: readonly RowDelivery[]
  /** The number of deliveries by outcome. */
  readonly counts: Readonly<Record<string, number>>
  /**
   * Where the URL is published. `secret`: the spec names a Secret that has it, or a part of it.
   * `named`: it is in the status, and is no secret. `none`: it is not in the status yet.
   */
  readonly url: 'status' | 'secret' | 'named' | 'none'
  /** What the hook has changed for a limited time. Absent if nothing ends by itself. */
  readonly leases?: LeasesInAll | undefined
}

/** The leases of a hook in all. */
export interface LeasesInAll {
  readonly open: number
  /** By how much they change the count of the present target. */
  readonly sum: number
  /** When the next one ends, in RFC 3339. */
  readonly next?: string | undefined
}

/** What a hook has changed in a count for a time. */
export interface RowLease {
  /** The object, such as `Deployment/web`. */
  readonly object: string
  readonly by: number
  /** When it began and when it ends, in RFC 3339. */
  readonly since: string
  readonly until: string
  /** Who asked for it, such as `alertmanager: WebBusy`. Absent if that is unknown. */
  readonly of?: string | undefined
  /** Why it has not ended in time: bounds keep its end back, or its end was not possible yet. */
  readonly state?: 'held' | 'overdue' | 'overruled' | undefined
}

/** How many replicas a target should have, and how many are ready. */
export interface TargetCount {
  /** The key of the target: `namespace/Kind/name`. */
  readonly key: string
  readonly replicas: number
  readonly ready: number
}

/** Why a stream ended. */
export type EndedWhy = 'expired' | 'forbidden' | 'signed out'

/** One event of the stream. */
export type StreamEvent =
  /** The first event of each stream: the server's version. */
  | { readonly type: 'hello'; readonly version: string }
  /** A list begins. After `synced`, objects that the list did not contain no longer exist. */
  | { readonly type: 'begin' }
  | { readonly type: 'rows'; readonly rows: readonly ListedHook[] }
  | { readonly type: 'gone'; readonly keys: readonly string[] }
  | { readonly type: 'synced' }
  | { readonly type: 'counts'; readonly counts: readonly TargetCount[] }
  /** These targets have no count any more. */
  | { readonly type: 'countless'; readonly keys: readonly string[] }
  /** A list of the targets of this kind begins. Their counts from before are over. */
  | { readonly type: 'recount'; readonly kind: string }
  /** The counts of this kind cannot be read. */
  | { readonly type: 'uncounted'; readonly kind: string; readonly why: string }
  /** The server lost its own watch, so the page may show old content. `live` ends this state. */
  | { readonly type: 'stale'; readonly why: string }
  | { readonly type: 'live' }
  | { readonly type: 'ended'; readonly why: EndedWhy; readonly message: string }

/** Why a request was refused. `fields` has messages by path, such as `spec.scale.max`. */
export interface ServerRefusal {
  readonly reason: string
  readonly message: string
  readonly fields?: Readonly<Record<string, string>> | undefined
}

/** The body of a successful answer, or why there is none. */
export type ServerAnswer<T> =
  | { readonly ok: true; readonly body: T }
  | { readonly ok: false; readonly status: number; readonly refusal: ServerRefusal }

/**
 * How people sign in: with the command's one-time key, with a pasted token, or by a proxy's header.
 */
export type SignIn = 'key' | 'token' | 'header'

/** The length of the key in the printed link, in characters. */
export const keyCharacters = 24

export interface Me {
  readonly user: string
  readonly groups: readonly string[]
  readonly signIn: SignIn
  /** The address of the API server. */
  readonly cluster: string
  /** The namespace to show first. Absent: all. */
  readonly namespace?: string | undefined
  /** When the session ends, in milliseconds since the epoch. */
  readonly endsAt: number
  /** True if the session ends because its token expires. The user must then paste a new token. */
  readonly tokenEnds: boolean
  readonly version: string
}

/** Whether all hooks of the installation are stopped, as far as the user may see that. */
export interface StopState {
  /** The namespace of the installation. */
  readonly namespace: string
  readonly stop?:
    | {
        readonly reason: string
        /** False if alerts that end still take back what their firings changed. */
        readonly all: boolean
        /** When hooks were stopped, in RFC 3339. Undefined if that is unknown. */
        readonly at: string | undefined
      }
    | undefined
}

/**
 * All namespaces, if the user may list them. Otherwise `complete` is false, and there is only the
 * namespace that the dashboard shows first, or none.
 */
export interface Namespaces {
  readonly names: readonly string[]
  readonly complete: boolean
}

/** A right that a button needs, and whether the user has it. */
export interface May {
  readonly verb: string
  /** The resource of the right, such as `receiverhooks.receiverhooks.dev`. */
  readonly resource: string
  readonly allowed: boolean
  /** Why the user does not have the right. Absent if the API server gives no reason. */
  readonly why?: string | undefined
}

/** The user's rights, by the action of the page that needs them. */
export type Rights = Readonly<Partial<Record<RightName, May>>>
export type RightName = 'create' | 'update' | 'patch' | 'delete' | 'events' | 'secrets' | 'run'

/** A kind that a driver can change. */
export interface TargetType {
  readonly apiVersion: string
  readonly kind: string
}

/** An object that a driver can change. */
export interface OfferedTarget extends TargetType {
  readonly name: string
  /** Further members of a reference, such as the pool in a cluster. */
  readonly more?: Readonly<Record<string, string>> | undefined
  readonly replicas?: number | undefined
  /**
   * The object that already sets the count, such as an autoscaler. A hook cannot change the count
   * then.
   */
  readonly owner?: string | undefined
}

export interface Targets {
  /** All kinds that the driver can change, even without an object. */
  readonly types: readonly TargetType[]
  readonly targets: readonly OfferedTarget[]
  /** Kinds that the user may not list, with the reason. */
  readonly missing: readonly { readonly kind: string; readonly why: string }[]
}

export interface HookCondition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  /** When `status` last changed, in RFC 3339. */
  readonly since: string
}

/** One hook, without token and URL. */
export interface HookDetail extends Pick<ListedHook, 'namespace' | 'name' | 'uid' | 'generation'> {
  readonly created?: string | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly spec: Readonly<Record<string, unknown>>
  /** What a holder of its URL can do at worst, in sentences. */
  readonly worst: readonly string[]
  /** Its limits in words, each with how much of it is used. */
  readonly limits: readonly string[]
  /** Its leases, at most 20. The next to end comes first. */
  readonly leases: readonly RowLease[]
  /**
   * When posts count, in words, and that they do not count now, with the time at which they count
   * again. Absent: posts always count.
   */
  readonly opening?: { readonly when: string; readonly closed?: string } | undefined
  readonly conditions: readonly HookCondition[]
  /** The newest deliveries with their answers, newest first. */
  readonly recent: readonly PastDelivery[]
  /** Until when the previous URL is accepted, in RFC 3339. */
  readonly previousUntil?: string | undefined
  readonly expiresAt?: string | undefined
  /** The GitOps tool that writes this hook, such as `Flux (Kustomization apps/shop)`. */
  readonly managedBy?: string | undefined
}

/**
 * The version of a hook that the user has read. A change is refused if the hook was changed or
 * replaced since then.
 */
export type Seen = Pick<ListedHook, 'uid' | 'generation'>

/** The answer to a form. */
export interface DraftTaken {
  /** What a holder of the hook's URL could do at worst, in sentences. Empty unless it was a dry run. */
  readonly worst: readonly string[]
}

/** A request that runs a hook. It has no answer until a trigger has run it. */
export interface RequestSeen {
  /** What it would do, while it waits until somebody approves it. */
  readonly waits?: string
  readonly answer?: {
    readonly outcome: string
    readonly reason: string
    readonly message: string
    /** How far what it began is, such as `progressing`, and the same in words. */
    readonly state: string | undefined
    readonly stateMessage: string
  }
}

/** A request that changes nothing before it is approved. */
export interface WaitingRequest {
  readonly name: string
  readonly uid: string
  /** Who asked, when, in RFC 3339, and why. */
  readonly by: string
  readonly at: string
  readonly why?: string | undefined
  /** What it would do now, in words, and what stands for that in a decision. Absent while an earlier request waits. */
  readonly effect?: string | undefined
  readonly digest?: string | undefined
  /** When it is closed if nobody has decided, in RFC 3339. */
  readonly until?: string | undefined
}

export interface WaitingRequests {
  /** The oldest first. */
  readonly requests: readonly WaitingRequest[]
  readonly mayDecide: boolean
}

export interface HookEvent {
  readonly time: string
  readonly type: string
  readonly reason: string
  readonly note: string
  readonly count: number
}

/** A change of a count by a hook, until it ends. */
export interface CountPart extends Omit<RowLease, 'object' | 'until'> {
  readonly hook: string
  /** Absent if only the end of its alerts takes it back. */
  readonly until?: string | undefined
}

/** Why a count is what it is: `count` is `base`, `lasting` and the sum of `open`. */
export interface TargetCountDetail {
  /** The object, with what names the count if it has several. */
  readonly shownAs: string
  readonly count: number
  readonly base: number
  /** Who set the base, and when, in RFC 3339 if it is known. */
  readonly baseBy: string
  readonly baseAt?: string | undefined
  /** What hooks have changed for good since then, and these hooks. */
  readonly lasting: { readonly by: number; readonly hooks: readonly string[] }
  readonly open: readonly CountPart[]
  /** Parts that a later write of somebody else has ended. */
  readonly ended: readonly CountPart[]
  /** What a person should know besides, as sentences. */
  readonly notes: readonly string[]
}

export interface TargetDetail {
  readonly counts: readonly TargetCountDetail[]
  readonly autoscalers: readonly CountAutoscaler[]
  /** Why there is no count, as for a CronJob. */
  readonly note?: string | undefined
}

/** A delivery that the record of a hook remembers. */
export interface PastDelivery extends Omit<RowDelivery, 'sender'> {
  /** Absent for a delivery of which the record keeps only the decision. */
  readonly sender?: string | undefined
  /** Who sent it, in words, as far as that is proved. */
  readonly by?: string | undefined
  /** The message of the answer. */
  readonly message?: string | undefined
  /** How the change has settled, such as `complete`, and why it has stalled. */
  readonly state?: string | undefined
  readonly stateMessage?: string | undefined
  /** The beginning of the hash of its idempotency key. */
  readonly key?: string | undefined
}

export interface HookHistory {
  /** Newest first. */
  readonly deliveries: readonly PastDelivery[]
  /** Why there are only the deliveries of the hook's status. */
  readonly why?: string | undefined
}
