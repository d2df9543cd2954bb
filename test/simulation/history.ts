import { unknownForMs } from '../../src/kube/history-check.ts'
import { check, endless } from './check/check.ts'
import { foldWatcher } from './folds.ts'
import { apiServers } from './api-servers.ts'
import { faultsOf, noFaults, type Faults } from './faults.ts'
import type { Happened, Violation } from './happened.ts'
import { wallClock, type Simulation } from './simulation.ts'
import { rngOf, type Rng } from './seed.ts'
import { simulatedIssuer } from './issuer.ts'
import { simulatedServer } from './server.ts'
import { signalsEnd } from './signals.ts'
import { signaturesTakeNoTime } from './signatures.ts'
import { virtualTime, type VirtualTime } from './time.ts'
import { tripwire } from './tripwire.ts'
import { changeAccounts } from './world/accounts.ts'
import { act, nowAndThen } from './world/actor.ts'
import {
  approve,
  askAtLast,
  askForRuns,
  changeGated,
  decideAll,
  decidesAllNote,
  editApprovals,
  gated,
  isAsking,
  unanswered,
} from './world/approvals.ts'
import { collectGarbage } from './world/collector.ts'
import { deleteLeasing } from './world/deleting.ts'
import { aimElsewhere, editHook } from './world/editor.ts'
import { beFenced } from './world/fenced.ts'
import { startFleet, type Fleet } from './world/fleet.ts'
import { readCredentials, type Wallet } from './world/credentials.ts'
import { bringBack, postToAll, postWithKeys, postWithWords } from './world/healed.ts'
import { install, type Installation } from './world/installation.ts'
import {
  autoscale,
  putAutoscaler,
  recreateTarget,
  removeAutoscaler,
  reportStatus,
  scaleOutside,
  startPods,
} from './world/outside.ts'
import { endJobs, insistsMs, renameCronJob, runActs, runActsByAll, squat, suspendJobHook } from './world/jobs.ts'
import { editPins } from './world/id-tokens.ts'
import { bringIssuerBack, leave, postIdTokens, rotateAtEnd, rotateIssuer, serveLate } from './world/issuing.ts'
import { moveService } from './world/passing.ts'
import { addKey, dropOthers, rotateKeys, signWithLast } from './world/keys.ts'
import { autoscaleHeld, editHolds, isStepping, night, recreateHeld, speakOfHeld, stillHeld } from './world/held.ts'
import { goBack, goingBackLastsMs } from './world/going-back.ts'
import { editLeases, endLeases } from './world/leases.ts'
import { editLimits } from './world/limits.ts'
import { postTogether } from './world/together.ts'
import { postOffice, type PostTo } from './world/posting.ts'
import { hooksPath } from './world/paths.ts'
import { editPushHook, pushImages, pushToAll, restartIt, suspendRollouts, type Pushers } from './world/pushes.ts'
import { stopHooks } from './world/stops.ts'
import { editSite, rollBack, rollSiteOut } from './world/workload.ts'
import { readTokens, type Board } from './world/published.ts'
import { relay } from './world/relay.ts'
import { replaying } from './world/replays.ts'
import { changeWord, giveWord } from './world/secrets.ts'
import {
  alertmanagers,
  alertOnce,
  forger,
  namedScript,
  script,
  stubborn,
  waitingScript,
  type Senders,
} from './world/senders.ts'
import { makeFaults } from './world/trouble.ts'
import { unwell } from './world/unwell.ts'
import { writeOutside } from './world/words.ts'

/** All that happened with one seed, and what of it must not happen. */
export interface History {
  readonly seed: number
  readonly happened: readonly Happened[]
  readonly violations: readonly Violation[]
  readonly events: number
  /** In milliseconds of virtual time. */
  readonly lasted: number
}

/** How long the time of faults lasts, in milliseconds. */
const faultsMs = { least: 4_000, most: 20_000 }

/** What had begun when the faults ended is over by then, in milliseconds: a watch that was to fall silent has done so. */
const begunMs = 11_000

/** How long the product may take to recover once all is well, in milliseconds: a dead watch is noticed after 75 s. */
const recoveryMs = 200_000

/** About as long as the controller takes to look at a hook, in milliseconds. */
const momentMs = 25

/**
 * When all is well, posts are answered, and a key that was dropped counts no more, by the first of these; and a changed
 * Secret counts by the second. In milliseconds.
 */
const answeredMs = 1_100
const wordCountsMs = 2_010

/** When all is well, every post is answered within this time, in milliseconds. */
const allAnsweredMs = 4_100

/** What a hold has kept back is looked at again within five minutes after it, and a bit, in milliseconds. */
const keptBackMs = 400_000

/** How long the end of a history is quiet, in milliseconds. */
const quietMs = 6_000

/** In which share of the histories the storage is set back, unless SIMULATION_RESTORES says another. */
const usualRestores = 1 / 8

const restores = (): number => Number(process.env['SIMULATION_RESTORES'] ?? usualRestores)

/** In which share of the histories hooks ask for ID tokens if they have features at all, unless SIMULATION_ISSUERS says another. */
const usualIssuers = 1 / 5

const issuers = (): number => Number(process.env['SIMULATION_ISSUERS'] ?? usualIssuers)

/** In which share of the histories fields are held, unless SIMULATION_HOLDS says another. */
const usualHolds = 1 / 8

const holds = (): number => Number(process.env['SIMULATION_HOLDS'] ?? usualHolds)

/** In which share of the other histories people ask and approve, unless SIMULATION_APPROVALS says another. */
const usualApprovals = 1 / 8

const approvals = (): number => Number(process.env['SIMULATION_APPROVALS'] ?? usualApprovals)

/** How much longer the time of faults may be there, in milliseconds: nobody decides about a request for a minute, and it is closed. */
const approvalsMs = 75_000

/** When all is well and people decide at once, every request has its answer within this time, in milliseconds. */
const answeredRequestsMs = 500_000

/** How much longer the time of faults is where hooks ask for ID tokens, in milliseconds: an unknown key causes a read once in ten seconds. */
const issuersMs = 15_000

/** No history needs nearly as many: a process that makes more is in a loop. */
const maxEvents = 200_000

/** Runs the history of a seed, and holds it against the promises. */
export const runHistory = async (seed: number): Promise<History> => {
  const wire = tripwire()
  const restore = signaturesTakeNoTime()
  const end = signalsEnd()
  try {
    return await play(seed, end)
  } finally {
    end()
    restore()
    wire()
  }
}

const noFeatures = {
  ...{ signing: undefined, leasing: undefined, limiting: undefined, acting: undefined, deleting: undefined },
  issuing: undefined,
  holding: undefined,
  approving: undefined,
  ...{ isRolling: false, isRunning: false, isPassing: false, speaking: false },
}

const play = async (seed: number, end: () => void): Promise<History> => {
  const rng = rngOf(seed, 0x5eed, 0x1)
  const time = virtualTime(rng.fork())
  const happened: Happened[] = []
  let isOver = false
  const note: Simulation['note'] = what => {
    if (!isOver) happened.push({ at: time.now, ...what })
  }
  const server = simulatedServer(time, rng.fork(), note)
  const speaking = rngOf(seed, 0x5eed, 0x6)
  const returning = rngOf(seed, 0x5eed, 0xd)
  const issuing = rngOf(seed, 0x5eed, 0xf)
  const isSpeaking = speaking.chance(0.3)
  // Where the storage is set back, only that is judged, and so hooks have no other features.
  const isGoingBack = returning.chance(restores())
  const holding = rngOf(seed, 0x5eed, 0x11)
  // What is held is judged apart, and so other hooks have no other features there.
  const isHolding = holding.chance(holds()) && !isGoingBack
  const approving = rngOf(seed, 0x5eed, 0x12)
  // So is what needs approval.
  const isApproving = approving.chance(approvals()) && !isGoingBack && !isHolding
  const isIssuing = issuing.chance(issuers()) && !isSpeaking && !isGoingBack && !isHolding && !isApproving
  const drawn = faultsOf(rng)
  let faults = drawn
  const simulation: Simulation = {
    time,
    server,
    apiServers: apiServers(time, seed, () => server.up),
    rng,
    note,
    issuer: isIssuing ? simulatedIssuer() : undefined,
    silent: new Set(),
    noteFolds: foldWatcher(note),
    faults: () => faults,
  }

  const board = readTokens(server)
  const wallet = readCredentials(server, simulation.issuer, () => wallClock(time))
  const signing = rngOf(seed, 0x5eed, 0x2)
  const rolling = rngOf(seed, 0x5eed, 0x4)
  const leasing = rngOf(seed, 0x5eed, 0x7)
  const limiting = rngOf(seed, 0x5eed, 0x9)
  const acting = rngOf(seed, 0x5eed, 0xa)
  const deleting = rngOf(seed, 0x5eed, 0xb)
  const running = rngOf(seed, 0x5eed, 0xc)
  const passing = rngOf(seed, 0x5eed, 0xe)
  const isLeasing = leasing.chance(0.25)
  const isDeleting = isLeasing && deleting.chance(0.5)
  collectGarbage(simulation, isHolding || isApproving || !isDeleting || deleting.chance(0.8))
  const drawnFeatures = {
    signing: signing.chance(0.3) && !isSpeaking ? signing : undefined,
    isRolling: rolling.chance(0.3) && !isSpeaking,
    isRunning: running.chance(0.25) && !isSpeaking,
    isPassing: passing.chance(0.2) && !isSpeaking,
    leasing: isLeasing ? leasing : undefined,
    limiting: limiting.chance(0.25) ? limiting : undefined,
    // A hook whose leases end with it has no account.
    acting: acting.chance(0.2) && !isDeleting ? acting : undefined,
    deleting: isDeleting ? deleting : undefined,
    issuing: isIssuing ? issuing : undefined,
    speaking: isSpeaking,
  }
  const features = isHolding
    ? { ...noFeatures, holding }
    : isApproving
      ? { ...noFeatures, approving }
      : isGoingBack
        ? noFeatures
        : { ...drawnFeatures, holding: undefined, approving: undefined }
  const installation = install(server, rng, features)
  const size = {
    controllers: rng.int(1, 2),
    triggers: rng.int(2, 3),
    readsLease: isGoingBack,
    runsRequests: isApproving,
  }
  const fleet = startFleet(simulation, size)
  if (isGoingBack) goBack(simulation, returning, installation, fleet)
  const post = replaying(simulation, signing.fork(), wallet, postOffice(simulation, fleet, wallet))
  const drawnMs = rng.int(faultsMs.least, faultsMs.most)
  const isLong = isApproving && approving.chance(0.4)
  const lasts = isGoingBack ? goingBackLastsMs : drawnMs + (isIssuing ? issuersMs : isLong ? approvalsMs : 0)
  // Other people do nothing new in the time that is added.
  const lastsForOthers = isLong ? drawnMs : lasts
  // A process that stands still for as long as the snapshot is old cannot know.
  const problem = isGoingBack ? { ...drawn, freezes: 0 } : drawn
  // Other histories draw nothing from this chance.
  const aiming = rngOf(seed, 0x5eed, 0x3).chance(0.15)
  const stopping = rngOf(seed, 0x5eed, 0x5)
  const cast = { board, wallet, post, fleet, problem, lasts, lastsForOthers, aiming, speaking }
  const pushers = populate(simulation, installation, cast)
  const mayContinue = (): boolean => time.now < lasts
  const isStopping = stopping.chance(installation.leasing ? 0.5 : 0.2) && !isSpeaking
  if (isStopping) act({ ...simulation, rng: stopping }, mayContinue, stopHooks(server))
  const waiting = rngOf(seed, 0x5eed, 0x8)
  if (waiting.chance(0.4)) {
    const observing = { ...simulation, rng: waiting }
    // Who asks for an outcome while all hooks are stopped is answered as before.
    if (!isStopping && !isSpeaking && waiting.chance(0.6)) act(observing, mayContinue, stopHooks(server))
    act(observing, mayContinue, nowAndThen(waiting.pick([300, 1000]), waitingScript(pushers.senders)))
    act(observing, mayContinue, nowAndThen(waiting.pick([50, 200, 800]), startPods(server, installation.targets)))
  }

  if (installation.running.length > 0) {
    const also = { ...simulation, rng: running }
    squat(server, running.fork(), mayContinue)
    act(
      also,
      mayContinue,
      nowAndThen(running.pick([200, 600, 1500]), runActs(pushers.senders, installation.running, true)),
    )
    act(also, () => true, nowAndThen(running.pick([200, 1000]), endJobs(server)))
    if (running.chance(0.5)) act(also, mayContinue, nowAndThen(2000, suspendJobHook(server)))
    if (running.chance(0.5)) act(also, mayContinue, nowAndThen(2000, renameCronJob(server)))
  }

  const halting = rngOf(seed, 0x5eed, 0x10)
  if (installation.rolling.length > 0 && halting.chance(0.5)) {
    act({ ...simulation, rng: halting }, mayContinue, nowAndThen(3000, suspendRollouts(simulation)))
  }

  if (installation.passing.length > 0) {
    const also = { ...simulation, rng: passing }
    const passes = runActs(pushers.senders, installation.passing, false)
    act(also, mayContinue, nowAndThen(passing.pick([200, 600, 1500]), passes))
    if (passing.chance(0.7)) act(also, mayContinue, nowAndThen(passing.pick([500, 2000]), moveService(server)))
  }

  if (installation.holding.length > 0) playWithHolds(simulation, holding, installation.holding, pushers, mayContinue)
  if (isApproving) playWithApprovals(simulation, approving, installation.approving, pushers, mayContinue, isLong)

  const run = async (done: () => boolean, limit: number): Promise<boolean> => {
    const ending = await time.runUntil(done, time.now + limit, maxEvents)
    if (ending === 'too many events') note({ what: 'broken', why: `${maxEvents} ${endless}` })
    return ending === 'done'
  }
  await run(() => false, lasts)
  faults = noFaults
  bringIssuerBack(simulation)
  note({ what: 'world', did: 'the time of trouble is over' })
  await run(() => false, begunMs)
  bringBack(simulation, installation)
  const recovers = async (): Promise<void> => {
    const isWell = everyHalfSecond(time, () => unwell(simulation, fleet, installation, board) === undefined)
    if (await run(isWell, recoveryMs)) return
    const why = unwell(simulation, fleet, installation, board) ?? 'too late'
    note({ what: 'broken', why: `${recoveryMs / 1000} s after all trouble: ${why}` })
  }
  await recovers()
  // A process that has just started believes no evidence before an API server has passed, which takes so long without a leader.
  if (isGoingBack) await run(() => false, unknownForMs)
  if (rng.chance(0.2)) {
    const target = rng.pick(installation.targets)
    note({ what: 'world', did: `an autoscaler on ${target}, for a moment` })
    putAutoscaler(server, target)
    await run(() => false, rng.int(1, momentMs))
    removeAutoscaler(server, target)
    await run(() => false, answeredMs)
    await recovers()
  }
  note({ what: 'world', did: 'posts to every hook by every trigger' })
  const last = { fleet, hooks: installation.hooks, board, wallet, post }
  postToAll(last)
  if (installation.holding.length > 0) {
    postToAll({ ...last, hooks: installation.holding })
    await run(() => false, allAnsweredMs)
    const isOver = await run(
      everyHalfSecond(time, () => stillHeld(server, installation.holding) === undefined),
      keptBackMs,
    )
    // By a clock that was ahead, something may be held for much longer, and without evidence for good.
    const why =
      isOver || problem.jumps > 0 || problem.compactions > 0 ? undefined : stillHeld(server, installation.holding)
    if (why !== undefined) note({ what: 'broken', why: `${keptBackMs / 1000} s after the last posts: ${why}` })
  }
  if (isApproving) {
    note({ what: 'world', did: decidesAllNote })
    askAtLast(server, installation.approving)
    let isOver = false
    act({ ...simulation, rng: approving }, () => !isOver, nowAndThen(300, decideAll(server)))
    isOver = await run(
      everyHalfSecond(time, () => unanswered(server) === undefined),
      answeredRequestsMs,
    )
    // By a clock that was ahead, something may wait for much longer.
    const why = isOver || problem.jumps > 0 ? undefined : unanswered(server)
    if (why !== undefined)
      note({ what: 'broken', why: `${answeredRequestsMs / 1000} s after the last requests: ${why}` })
    isOver = true
  }
  if (installation.rolling.length > 0) pushToAll(pushers, fleet)
  const acts = [...installation.running, ...installation.passing]
  if (acts.length > 0) {
    let isDone = false
    const last = runActsByAll(pushers.senders, fleet, acts)
    act(
      { ...simulation, rng: installation.running.length > 0 ? running : passing },
      () => true,
      async actor => {
        await last(actor)
        isDone = true
      },
    )
    await run(() => isDone, recoveryMs)
    // Those who began in the time of faults try again for a while.
    await run(() => false, insistsMs)
  }
  if (installation.asking) {
    await run(() => false, answeredMs)
    note({ what: 'world', did: 'gives all senders another word' })
    for (const hook of installation.hooks) giveWord(server, rng, hook)
    await run(() => false, wordCountsMs)
    postWithWords(rng, last)
  }
  if (installation.rotating) {
    note({ what: 'world', did: 'adds a signing key, and signs with it' })
    addKey(server, rng)
    signWithLast(server)
    await recovers()
    postWithKeys(last)
    await run(() => false, answeredMs)
    note({ what: 'world', did: 'drops the former key' })
    dropOthers(server)
    await run(() => false, answeredMs)
    postWithKeys(last)
  }
  if (isIssuing) await rotateAtEnd(simulation, issuing, last, ms => run(() => false, ms))
  await run(() => false, quietMs)
  note({ what: 'world', did: 'is quiet' })
  await run(() => false, quietMs)
  isOver = true
  end()
  // What follows from that is not of this history, and not of the next one either.
  await run(() => true, 0)
  return { seed, happened, violations: check(happened), events: time.events, lasted: time.now }
}

/** Everybody who does something in the time of faults. */
const populate = (
  simulation: Simulation,
  installation: Installation,
  cast: {
    readonly board: Board
    readonly wallet: Wallet
    readonly post: PostTo
    readonly fleet: Fleet
    readonly problem: Faults
    readonly lasts: number
    readonly lastsForOthers: number
    /** Whether hooks are aimed at one target after another. */
    readonly aiming: boolean
    /** The chance that says whether others set counts while alerts fire. */
    readonly speaking: Rng
  },
): Pushers => {
  const { rng, server, time } = simulation
  const { aiming, board, fleet, lasts, lastsForOthers, post, problem, speaking, wallet } = cast
  const { hooks, targets } = installation
  let deliveries = 0
  const senders: Senders = { board, wallet, post, hooks, newDelivery: () => `delivery-${deliveries++}` }
  const mayContinue = (): boolean => time.now < lastsForOthers
  const often = (meanMs: readonly number[], once: Parameters<typeof nowAndThen>[1], probability = 1): void => {
    if (rng.chance(probability)) act(simulation, mayContinue, nowAndThen(rng.pick(meanMs), once))
  }
  often([200, 600, 1500], script(senders))
  often([2000, 4000], namedScript(senders), 0.7)
  often([300, 2000], forger(senders), 0.1)
  const edit = (hook: string, spec: object): void => void server.send('PATCH', `${hooksPath}/${hook}`, { spec })
  often([300, 1000], stubborn(senders, edit), problem.policies > 0 ? 0.9 : 0.1)
  often([1000, 4000], alertmanagers(senders), 0.8)
  often([1000, 4000], alertmanagers(senders), 0.4)
  // What somebody else sets closes leases, and what is to end with a hook has to be open.
  often([300, 1500, 4000], scaleOutside(server, targets), installation.deleting ? 0.2 : 0.7)
  often([150, 500, 2000], reportStatus(server, targets), 0.6)
  often([5000], recreateTarget(server, targets), 0.2)
  often([3000], autoscale(server, targets), 0.25)
  often([1000, 3000], editHook(server, installation), 0.6)
  if (aiming) often([2500], aimElsewhere(server, installation))
  if (installation.rotating) often([5000], rotateKeys(server))
  if (installation.asking) often([1500, 4000], changeWord(server, hooks), 0.7)
  if (installation.speaking) {
    const also = { ...simulation, rng: speaking }
    const writes = writeOutside(server, targets)
    for (let i = 0; i < 3; i++) act(also, mayContinue, nowAndThen(1000, alertmanagers(senders)))
    act(also, mayContinue, nowAndThen(speaking.pick([300, 1000, 3000]), writes))
    if (speaking.chance(0.5)) act(also, mayContinue, nowAndThen(1000, beFenced(senders, server)))
    const relays = speaking.int(0, 4)
    for (let i = 0; i < relays; i++) act(also, mayContinue, nowAndThen(200, relay(senders, fleet, server)))
  }
  if (installation.leasing) {
    const also = { ...simulation, rng: installation.leasing }
    act(also, mayContinue, nowAndThen(1500, editLeases(server, installation)))
    if (installation.leasing.chance(0.2)) act(also, mayContinue, nowAndThen(3000, endLeases(simulation, installation)))
    act(also, mayContinue, nowAndThen(1000, alertmanagers(senders)))
    const wordsMs = installation.leasing.pick([300, 1000, 3000]) * (installation.deleting ? 10 : 1)
    act(also, mayContinue, nowAndThen(wordsMs, writeOutside(server, targets)))
  }
  if (installation.deleting) {
    const also = { ...simulation, rng: installation.deleting }
    act(also, mayContinue, nowAndThen(700, deleteLeasing(server, installation)))
    for (let i = 0; i < 2; i++) act(also, mayContinue, nowAndThen(700, alertmanagers(senders)))
  }
  if (installation.limiting) {
    const also = { ...simulation, rng: installation.limiting }
    act(also, mayContinue, nowAndThen(2000, editLimits(server, installation)))
    act(also, mayContinue, nowAndThen(installation.limiting.pick([500, 1500]), postTogether(senders)))
    act(also, mayContinue, nowAndThen(1500, alertmanagers(senders)))
  }
  if (simulation.issuer && installation.issuing) {
    const also = { ...simulation, rng: installation.issuing }
    act(also, mayContinue, nowAndThen(also.rng.pick([1000, 4000]), rotateIssuer(simulation.issuer)))
    if (also.rng.chance(0.6)) act(also, mayContinue, nowAndThen(also.rng.pick([1000, 4000]), leave(simulation.issuer)))
    if (also.rng.chance(0.3)) act(also, mayContinue, nowAndThen(4000, serveLate(simulation.issuer)))
    if (also.rng.chance(0.5)) act(also, mayContinue, nowAndThen(2000, editPins(server, installation)))
    act(also, mayContinue, nowAndThen(also.rng.pick([200, 500, 1500]), postIdTokens(senders)))
  }
  if (installation.acting) {
    const changing = nowAndThen(installation.acting.pick([800, 2500]), changeAccounts(server, installation))
    act({ ...simulation, rng: installation.acting }, mayContinue, changing)
  }
  makeFaults(simulation, fleet, problem, lasts)
  let pushes = 1
  const pushers = { newPush: () => pushes++, senders, now: () => wallClock(time) }
  if (installation.rolling.length > 0) {
    often([300, 1000, 3000], pushImages(pushers))
    often([500, 1500], restartIt(senders), 0.8)
    often([40, 150], rollSiteOut(server))
    often([2000, 5000], rollBack(server), 0.5)
    often([500, 2000], editSite(server), 0.6)
    often([4000], editPushHook(simulation), 0.4)
  }
  return pushers
}

/** Everybody who posts to hooks that hold something, edits these, or sets what they hold. */
const playWithHolds = (
  simulation: Simulation,
  rng: Rng,
  hooks: readonly string[],
  pushers: Pushers,
  mayContinue: () => boolean,
): void => {
  const { server } = simulation
  const also = { ...simulation, rng }
  const senders = { ...pushers.senders, hooks }
  const often = (meanMs: readonly number[], once: Parameters<typeof nowAndThen>[1], probability = 1): void => {
    if (rng.chance(probability)) act(also, mayContinue, nowAndThen(rng.pick(meanMs), once))
  }
  often([300, 1000, 2500], script(senders))
  often([500, 1500], namedScript(senders), 0.8)
  const stepping = hooks.filter(isStepping)
  if (stepping.length > 0) often([500, 1500], script({ ...senders, hooks: stepping }))
  often([1500, 3000], alertmanagers(senders), 0.5)
  often([1000, 3000], editHolds(simulation, hooks), 0.7)
  often([1000, 3000, 6000], speakOfHeld(server), 0.7)
  often([2500], autoscaleHeld(server, stepping.length === 0), 0.4)
  often([6000], recreateHeld(server), 0.1)
  often([200, 1000], reportStatus(server, [night]), 0.4)
}

/** Everybody who asks and decides, edits the hooks, posts to them, or changes what needs approval. */
const playWithApprovals = (
  simulation: Simulation,
  rng: Rng,
  hooks: readonly string[],
  pushers: Pushers,
  mayContinue: () => boolean,
  isLong: boolean,
): void => {
  const { server } = simulation
  const also = { ...simulation, rng }
  const often = (meanMs: readonly number[], once: Parameters<typeof nowAndThen>[1], probability = 1): void => {
    if (rng.chance(probability)) act(also, mayContinue, nowAndThen(rng.pick(meanMs), once))
  }
  // In some histories, people decide only when it is almost too late, and hardly anything else changes what is shown.
  const isLate = isLong && rng.chance(0.6)
  const lively = (probability: number): number => (isLate ? probability / 5 : probability)
  often(isLate ? [6000] : [500, 1500, 4000], askForRuns(server, isLate ? hooks.filter(isAsking) : hooks))
  often([200, 800, 2000], approve(simulation, rng.pick([10, 500, 3000])), isLate ? 0 : 0.9)
  often([500, 3000], approve(simulation, 8000), isLate ? 0 : 0.5)
  for (let index = 0; index < 3; index++) often([300], approve(simulation, 'late'), isLate ? 1 : 0)
  often([500, 2000, 6000], changeGated(server), lively(0.7))
  often([2000, 6000], editApprovals(server, hooks), lively(0.5))
  often([1000, 3000], script({ ...pushers.senders, hooks }), lively(0.5))
  often([1000, 3000], namedScript({ ...pushers.senders, hooks }), lively(0.5))
  often([1500, 4000], alertOnce({ ...pushers.senders, hooks: hooks.filter(isAsking) }), lively(0.5))
  often([200, 1000], reportStatus(server, [gated]), 0.4)
  if (rng.chance(isLate ? 0.7 : 0.3)) act(also, mayContinue, stopHooks(server))
}

const everyHalfSecond = (time: VirtualTime, condition: () => boolean): (() => boolean) => {
  let next = 0
  return () => {
    if (time.now < next) return false
    next = time.now + 500
    return condition()
  }
}
