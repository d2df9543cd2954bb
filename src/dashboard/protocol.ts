/** What travels between the page and its server: the one file that both share. No member ever holds a token or a URL of a hook. */

/** A delivery as a hook's status tells of it. */
export interface RowDelivery {
  /** RFC 3339. */
  readonly time: string
  readonly sender: string
  readonly outcome: string
  readonly reason: string
  readonly from?: number
  readonly to?: number
  /** What was done, where that is no count. */
  readonly summary?: string
}

/** What a list shows of a hook. */
export interface Row {
  /** `namespace/name`. */
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** Rises with each change of what the hook does. */
  readonly generation: number
  readonly driver: string
  /** What the hook does, as a sentence: `scale up by 1`. */
  readonly does: string
  /** As in `Deployment/web`. */
  readonly target?: string
  readonly min?: number
  readonly max?: number
  readonly suspended: boolean
  readonly ready: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly last?: RowDelivery
  /** The newest deliveries, newest first. */
  readonly recent: readonly RowDelivery[]
  /** How many deliveries had which outcome. */
  readonly counts: Readonly<Record<string, number>>
  /** Where its URL is to be had. */
  readonly url: 'status' | 'secret' | 'none'
}

/** How many replicas a target has. */
export interface TargetCount {
  /** `namespace/Kind/name`. */
  readonly key: string
  readonly replicas: number
  readonly ready: number
}

/** Why a stream ended for good. */
export type EndedWhy = 'expired' | 'forbidden' | 'signed out'

/** One event of the stream. */
export type StreamEvent =
  /** First of each answer: the version of the server. */
  | { readonly type: 'hello'; readonly version: string }
  /** A list begins; what is not in it when it is synced is gone. */
  | { readonly type: 'begin' }
  | { readonly type: 'rows'; readonly rows: readonly Row[] }
  | { readonly type: 'gone'; readonly keys: readonly string[] }
  | { readonly type: 'synced' }
  | { readonly type: 'counts'; readonly counts: readonly TargetCount[] }
  /** The counts of this kind cannot be told. */
  | { readonly type: 'uncounted'; readonly kind: string; readonly why: string }
  /** The server has lost its own watch, so that what is shown may be old; or has it again. */
  | { readonly type: 'stale'; readonly why: string }
  | { readonly type: 'live' }
  | { readonly type: 'ended'; readonly why: EndedWhy; readonly message: string }

/** Why something was refused. `fields` has messages by the path of a field, as in `spec.scale.max`. */
export interface Refusal {
  readonly reason: string
  readonly message: string
  readonly fields?: Readonly<Record<string, string>>
}

/** How people sign in: with the one-time key of the command, with a token that they paste, or by a proxy's header. */
export type SignIn = 'key' | 'token' | 'header'

/** How long the key in the printed link is. */
export const keyCharacters = 24

/** The answer that opens a session. */
export interface Opened {
  readonly pageKey: string
}

export interface Me {
  readonly user: string
  readonly groups: readonly string[]
  readonly signIn: SignIn
  /** The API server. */
  readonly cluster: string
  /** The namespace to look at first; absent: all. */
  readonly namespace?: string
  /** When the session ends, in milliseconds since the epoch. */
  readonly endsAt: number
  /** Whether its end is the token's, so that a new token has to be pasted. */
  readonly tokenEnds: boolean
  readonly version: string
}

/** The namespaces that may be listed; or, where they may not, those that are known anyway. */
export interface Namespaces {
  readonly names: readonly string[]
  readonly complete: boolean
}

/** What a button needs: a right, and whether the user has it. */
export interface May {
  readonly verb: string
  /** As in `receiverhooks.receiverhooks.dev`. */
  readonly resource: string
  readonly allowed: boolean
  /** Why not. */
  readonly why?: string
}

/** Rights by what they are for. */
export type Rights = Readonly<Record<RightName, May>>
export type RightName = 'list' | 'create' | 'update' | 'patch' | 'delete' | 'events' | 'secrets'

/** A kind of object that a driver can act on. */
export interface TargetType {
  readonly apiVersion: string
  readonly kind: string
}

/** Something that a driver can act on. */
export interface Target extends TargetType {
  readonly name: string
  /** What else a reference to it says, such as the pool in a cluster. */
  readonly more?: Readonly<Record<string, string>>
  readonly replicas?: number
  /** Who sets its count already: a hook cannot. */
  readonly owner?: string
}

export interface Targets {
  /** Every kind that the driver can act on, whether there is one or not. */
  readonly types: readonly TargetType[]
  readonly targets: readonly Target[]
  /** Kinds that the user may not list, with the reason. */
  readonly missing: readonly { readonly kind: string; readonly why: string }[]
}

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  /** RFC 3339. */
  readonly since: string
}

/** One hook, without its token and URL. */
export interface HookDetail {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  readonly created?: string
  readonly labels: Readonly<Record<string, string>>
  readonly spec: Readonly<Record<string, unknown>>
  /** What a holder of its URL can do at worst, in sentences. */
  readonly worst: readonly string[]
  readonly conditions: readonly Condition[]
  /** Until when the URL before the last rotation is accepted, RFC 3339. */
  readonly previousUntil?: string
  readonly expiresAt?: string
  /** Who else writes this hook, as in `Flux (Kustomization apps/shop)`. */
  readonly managedBy?: string
  /** Where `try` would post to: an origin. */
  readonly tryAt?: string
  /** The Secret with what a post has to prove besides having the URL. */
  readonly authSecret?: string
}

/** The hook that its author has seen: a change is refused where it has been changed since, or is another. */
export interface Seen {
  readonly uid: string
  readonly generation: number
}

/** What the form sends. */
export interface HookDraft {
  readonly namespace: string
  readonly name: string
  readonly spec: Readonly<Record<string, unknown>>
}

export interface Stored {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
}

/** What the trigger answered. */
export interface Tried {
  readonly status: number
  readonly outcome: string
  readonly reason: string
  readonly message: string
  readonly dryRun: boolean
}

export interface HookEvent {
  readonly time: string
  readonly type: string
  readonly reason: string
  readonly note: string
  readonly count: number
}
