/** What a post says, once a sender module has read it. */
export interface Delivery {
  /** The name of the sender module that recognised it. */
  readonly sender: string
  /**
   * firing: something began or goes on. resolved: all of it is over. partly resolved: some of it is over and nothing
   * new began. none: the sender does not speak of beginnings and ends.
   */
  readonly phase: 'firing' | 'resolved' | 'partly resolved' | 'none'
}
