/**
 * How far ahead of its receipt a time in a message may be, in milliseconds. Replicas whose clocks
 * have jumped by ten minutes must believe the same times, or a copy could count again. A sender
 * that writes its local time as UTC is wrong by more. What a false time silences ends as soon.
 */
const maxAheadMs = 1_800_000

/** The times that a sender reports, in milliseconds since the epoch. */
interface ReportedTimes {
  readonly newsAt?: number | undefined
  readonly beganAt?: number | undefined
  readonly endedAt?: number | undefined
  readonly someEndedAt?: number | undefined
}

/**
 * Returns times of a report that was received at `receivedAt`, in milliseconds since the epoch, as far as they
 * are believed. A time far in the future counts like the time of receipt: otherwise one false time would make
 * all later events old.
 */
export const believedTimes = <T extends ReportedTimes>(times: T, receivedAt: number): T => {
  const limit = receivedAt + maxAheadMs
  const { beganAt = 0, endedAt = 0, newsAt = 0, someEndedAt = 0 } = times
  // Nearly all times are right, and are not copied.
  if (Math.max(beganAt, endedAt, newsAt, someEndedAt) <= limit) return times
  return {
    ...times,
    ...(newsAt > limit && { newsAt: receivedAt }),
    ...(beganAt > limit && { beganAt: receivedAt }),
    ...(endedAt > limit && { endedAt: receivedAt }),
    ...(someEndedAt > limit && { someEndedAt: receivedAt }),
  }
}

/**
 * Returns whether an event is not later than another one, which was received at `receivedAt`. The same time twice
 * is one event, whether it is believed or not: a sender whose clock is wrong repeats its events too.
 */
export const isNoLater = (time: number, other: number | undefined, receivedAt: number): boolean =>
  other !== undefined && (time === other || time <= (other > receivedAt + maxAheadMs ? receivedAt : other))
