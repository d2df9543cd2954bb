/** What a post says, once a sender module has read it. */
export interface Delivery {
  /** The name of the sender module that recognised it. */
  readonly sender: string
  /**
   * firing: something began or goes on. resolved: all of it is over. partly resolved: some of it is over and nothing
   * new began. no news: a ping, a handshake, an acknowledgement. none: the sender does not speak of beginnings and ends.
   */
  readonly phase: 'firing' | 'resolved' | 'partly resolved' | 'no news' | 'none'
  /** Which delivery this is; absent where nothing names it, so that every copy counts. */
  readonly identity?: Identity
  /** The alerts that it speaks of; absent where the sender has none. */
  readonly group?: AlertGroup
  /** The images that a registry tells were pushed, in its order; absent where the sender is no registry. */
  readonly pushes?: readonly Push[]
  /** What a registry's body lacks that a push needs, for people; there are no pushes then. */
  readonly unreadable?: string
}

/** A tag that was pushed to a registry: what it names is new, or was built again. */
export interface Push {
  /** The registry's host, in lower case, with its port; absent where the registry does not tell it. */
  readonly host?: string
  /** The repository in it: `library/nginx`. */
  readonly path: string
  readonly tag: string
  /** What the tag names now, with the algorithm; absent where the registry does not tell it. */
  readonly digest?: string
  /** When it was pushed, in milliseconds since the epoch, as the registry says; absent where it does not. */
  readonly at?: number
}

/** What makes two posts to one hook the same delivery. */
export interface Identity {
  /** Equal for two posts that bring the same news, and only for those. Of any length: it is hashed before it is kept. */
  readonly key: string
  /**
   * When the news happened, in milliseconds since the epoch. The same key with no later `newsAt` is the same delivery
   * however late it comes. Absent: the sender repeats itself on purpose, and the same key counts again once the hook's
   * `dedupeWindow` is over.
   */
  readonly newsAt?: number
  /** How long two posts of this key are one, in milliseconds. Absent: as long as the hook's `dedupeWindow`. */
  readonly withinMs?: number
}

/** Alerts that their sender reports together, again and again, until all are over. */
export interface AlertGroup {
  /** Equal for all reports of the same group to the same receiver. Of any length. */
  readonly key: string
  /** What names each alert that fires now. */
  readonly firing: readonly string[]
  /**
   * Whether only memory can tell what the news is: some alerts have ended, others fire, and the sender does not say why
   * it reports. It is partly resolved when every alert that fires has been seen before.
   */
  readonly mixed: boolean
}
