import { heardSince, seconds, silentAfterMs, trouble, type ServiceWatch } from './service-watch.ts';
import { settled, type Policy, type PolicyState } from './state.ts';

/** What the lease says at this moment. */
export interface PolicyFacts {
  nowMs: number;
  /** The epoch of a valid grant; null: this node is not active. */
  activeEpoch: number | null;
  kind: 'primary' | 'secondary';
  paused: boolean;
  /** A hand-over is under way. */
  busy: boolean;
  /** The registered standby; `ready`: it beats. */
  standby: { name: string; incarnation: string; primary: boolean; ready: boolean } | null;
  /** How many times the pair handed over by itself lately; null: not known yet. */
  handOversBefore: number | null;
}

export type PolicyDecision =
  | { do: 'nothing'; note: string | null }
  /** A hand-over is due; first the history has to say how often there were some. */
  | { do: 'count'; note: string }
  /** It is due and something keeps it from being made. */
  | { do: 'wait'; rule: HandOverPolicy; note: string }
  | { do: 'hand-over'; rule: HandOverPolicy; reason: string; evidence: Record<string, unknown> };

export type HandOverPolicy = 'failback' | 'health-hand-over';

/** The minimum reign is not doubled any further than this: 60 s become 17 h. */
const mostDoublings = 10;

/** Once a second: what the policies make of what is known. */
export function decide(
  before: PolicyState,
  policy: Policy,
  facts: PolicyFacts,
): { state: PolicyState; decision: PolicyDecision } {
  const { nowMs, activeEpoch, standby } = facts;
  const looked = settled(before, policy, nowMs);
  const known = looked.reign?.epoch === activeEpoch ? looked.reign : null;
  const reign = activeEpoch === null ? null : (known ?? { epoch: activeEpoch, sinceMs: nowMs, triedAtMs: null });
  const peerTrouble = unwell(looked.peer, policy, nowMs);
  // What was said before NATS was away says nothing of now.
  const peerKnown = Object.values(looked.peer).every((watch) => heardSince(watch, looked.listeningSinceMs));
  const isWell = reign && peerKnown && peerTrouble.length === 0;
  // In another reign it was another node's standby, or none.
  const standbyWell = isWell ? wellSince(known ? looked.standbyWell : null, standby, nowMs) : null;
  const state: PolicyState = { ...looked, reign, standbyWell };
  if (!reign || !policy.enabled) return { state, decision: { do: 'nothing', note: null } };

  const own = unwell(state.own, policy, nowMs);
  const standbyFault = whyNotTo(facts, peerKnown, peerTrouble);
  // After a cut the words of some seconds ago come all at once: they make nobody well for longer than a silence takes.
  const standbyWellMs = standbyWell ? nowMs - standbyWell.sinceMs : 0;
  const standbySettled = standbyWellMs > silentAfterMs;
  // Nobody is to be told of what is being done.
  const decision: PolicyDecision = facts.busy
    ? { do: 'nothing', note: 'a hand-over is under way' }
    : (byHealth(own, standbyFault) ?? failback());
  // What comes to nothing (the store does not take the release) costs an interruption, too: it is not tried at every look.
  const tried = decision.do === 'hand-over';
  return { state: tried ? { ...state, reign: { ...reign, triedAtMs: nowMs } } : state, decision };

  function byHealth(faults: Unwell[], notTo: string | null): PolicyDecision | null {
    if (faults.length === 0) return null;
    const what = told(faults);
    if (!faults.some(({ due }) => due)) return { do: 'nothing', note: `${what}; waiting for it to come back` };
    if (!notTo && !standbySettled) return { do: 'nothing', note: `${what}; waiting for the standby to stay well` };
    const cannot = notTo ?? held('health-hand-over');
    if (cannot) return { do: 'wait', rule: 'health-hand-over', note: `${what}; not handed over: ${cannot}` };
    return handOver('health-hand-over', `this node cannot do its job (${what})`, { services: what });
  }

  function failback(): PolicyDecision {
    const nothing: PolicyDecision = { do: 'nothing', note: null };
    if (facts.kind === 'primary' || !standby?.primary || standbyWell === null) return nothing;
    if (policy.failback === 'never') return nothing;
    const healthy = `${standby.name}, the primary, is a healthy standby`;
    if (policy.failback === 'manual') {
      return { do: 'nothing', note: `${healthy}: \`hotstandby failback\` makes it the active` };
    }
    const leftMs = policy.failbackAfterMs - standbyWellMs;
    if (facts.paused) return { do: 'nothing', note: `${healthy}; no failback while the pair is paused` };
    if (leftMs > 0 || !standbySettled)
      return { do: 'nothing', note: `${healthy}; failback in ${seconds(Math.max(0, leftMs))} when it stays so` };
    const cannot = held('failback');
    if (cannot) return { do: 'wait', rule: 'failback', note: `${healthy}; no failback: ${cannot}` };
    return handOver('failback', `${healthy} for ${seconds(standbyWellMs)}`, {});
  }

  /** What holds a hand-over by policy, however good the reason for it. */
  function held(rule: HandOverPolicy): string | null {
    if (facts.paused) return 'the pair is paused';
    const handOvers = facts.handOversBefore ?? 0;
    const apartMs = policy.minimumReignMs * 2 ** Math.min(Math.max(0, handOvers - 1), mostDoublings);
    const reignedMs = nowMs - (reign?.sinceMs ?? nowMs);
    const triedMs = reign?.triedAtMs == null ? null : nowMs - reign.triedAtMs;
    const of = `of at least ${seconds(apartMs)} (after ${handOvers} hand-overs by itself)`;
    // The first one is no ping-pong yet, and nobody is served meanwhile.
    const free = rule === 'health-hand-over' && handOvers === 0;
    if (!free && reignedMs < apartMs) return `active for ${seconds(reignedMs)} only, ${of}`;
    return triedMs !== null && triedMs < apartMs ? `tried in vain ${seconds(triedMs)} ago, ${of}` : null;
  }

  function handOver(rule: HandOverPolicy, reason: string, more: Record<string, unknown>): PolicyDecision {
    if (facts.handOversBefore === null) return { do: 'count', note: reason };
    const evidence = {
      ...more,
      healthyForMs: Math.round(standbyWellMs),
      reignedMs: Math.round(nowMs - (reign?.sinceMs ?? nowMs)),
      handOversBefore: facts.handOversBefore,
    };
    return { do: 'hand-over', rule, reason, evidence };
  }
}

/** Well until now, since the last look or before; another incarnation begins anew. */
function wellSince(
  standbyWell: PolicyState['standbyWell'],
  standby: PolicyFacts['standby'],
  nowMs: number,
): PolicyState['standbyWell'] {
  if (!standby?.ready) return null;
  const { incarnation } = standby;
  return standbyWell?.incarnation === incarnation ? standbyWell : { incarnation, sinceMs: nowMs };
}

export interface Unwell {
  service: string;
  what: string;
  due: boolean;
}

/** The critical services that cannot do their job, in the policy's order. */
export function unwell(watches: Readonly<Record<string, ServiceWatch>>, policy: Policy, nowMs: number): Unwell[] {
  return policy.criticalServices.flatMap((service) => {
    const watch = watches[service];
    const found = watch ? trouble(watch, nowMs, policy, policy.atOnce.includes(service)) : null;
    return found ? [{ service, ...found }] : [];
  });
}

function told(faults: Unwell[]): string {
  return faults.map(({ service, what }) => `${service} ${what}`).join('; ');
}

/** Why the standby would do no better; null: it would. */
function whyNotTo({ standby }: PolicyFacts, peerKnown: boolean, peerTrouble: Unwell[]): string | null {
  if (!standby) return 'there is no standby';
  if (!standby.ready) return `the standby ${standby.name} does not beat`;
  if (!peerKnown) return `nothing is known of the services of ${standby.name}`;
  return peerTrouble.length > 0 ? `${standby.name} is no better (${told(peerTrouble)})` : null;
}
