/** A post after a sender module has read it. It has the same form for every sender. */
export interface Delivery {
  /** The sender module that recognised the post. */
  readonly sender: string
  /**
   * What the post reports:
   * - firing: something began or continues.
   * - resolved: everything that had begun is over.
   * - partly resolved: some of it is over, and nothing new began.
   * - the fourth value: the post asks for no step, as a ping, a handshake or an acknowledgement
   *   does.
   * - none: neither a beginning nor an end, as with a push or a script. Every such delivery counts.
   */
  readonly phase: 'firing' | 'resolved' | 'partly resolved' | 'no news' | 'none'
  /**
   * What identifies this delivery. Absent if the post has no idempotency key: then every such post
   * counts, even if it repeats an earlier one.
   */
  readonly identity?: Identity | undefined
  /** The alerts in the post. Absent if the post names no alert. */
  readonly group?: AlertGroup | undefined
  /** The labels that all alerts in the post have. Absent if it has no alerts with labels. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** The pushed images, in the order of the body. Absent if the post reports no push. */
  readonly pushes?: readonly Push[] | undefined
  /**
   * Why a registry's body has no readable push, as the message of the answer. If it is set,
   * `pushes` is absent.
   */
  readonly unreadable?: string | undefined
}

/** A push to a registry: its tag is new or names a new image. */
export interface Push {
  /** The registry's host in lower case, with its port. Absent if the post does not say it. */
  readonly host?: string | undefined
  /** The repository on that host, such as `library/nginx`. */
  readonly path: string
  readonly tag: string
  /** The digest of the pushed image, with its algorithm. Absent if the post does not say it. */
  readonly digest?: string | undefined
  /** When it was pushed according to the registry, in milliseconds since the epoch. */
  readonly at?: number | undefined
}

/** What identifies a delivery. Two posts to one hook with the same identity are copies. */
export interface Identity {
  /**
   * Equal for two posts about the same event, and only for those. It may have any length, because
   * it is hashed before it is stored.
   */
  readonly key: string
  /**
   * When the event occurred, in milliseconds since the epoch. A post with the same key and no later
   * time is a copy, however late it arrives, unless it `repeats`.
   * Absent if the sender does not say it. Then a post with the same key counts again after the hook's
   * `dedupeWindow`.
   */
  readonly newsAt?: number | undefined
  /**
   * True if the sender repeats, on purpose, what it has posted about the same event, or may do so. Then
   * a post with the same key counts again after the hook's `dedupeWindow`.
   */
  readonly repeats?: true | undefined
  /**
   * True if the key is in the header `Idempotency-Key`. Such a key belongs to one body, and its sender can
   * ask for the outcome.
   */
  readonly ofHeader?: true | undefined
  /** How long a second post with this key is a copy, in milliseconds. Default: the hook's `dedupeWindow`. */
  readonly withinMs?: number | undefined
}

/** Returns whether the sender of a delivery never uses its key for another one. */
export const isNamedOnce = ({ newsAt }: Identity): boolean => newsAt === 0

export interface AlertsOver {
  /** A text for each alert, as in {@link AlertGroup.firing}. */
  readonly alerts: readonly string[]
  /** When the first of them ended, in milliseconds since the epoch. */
  readonly firstAt: number
}

/** Alerts that their sender reports together, repeatedly, until all have ended. */
export interface AlertGroup {
  /** Equal for all reports of the same group to the same receiver. Any length. */
  readonly key: string
  /** For each firing alert, a text that identifies the alert. */
  readonly firing: readonly string[]
  /** When the last of the firing alerts began, in milliseconds since the epoch, if the sender says it. */
  readonly beganAt?: number | undefined
  /** When the last of the alerts ended, in milliseconds since the epoch, if all have ended and the sender says it. */
  readonly endedAt?: number | undefined
  /** When the last of those alerts ended that have ended, if others fire on. */
  readonly someEndedAt?: number | undefined
  /** What has ended, if all alerts have and the sender says when. */
  readonly over?: AlertsOver | undefined
  /**
   * True if some alerts have ended, others fire, and the sender does not say which of these changes
   * is new. The delivery counts as partly resolved if every firing alert has been reported before.
   */
  readonly mixed: boolean
}
