/** `refused`: the kernel said no, because the grant had lapsed in it or because the rules are not there any more. */
export type GateAnswer = 'done' | 'refused';

/**
 * The grant for the virtual addresses as the kernel holds it: rules that decide whether this host answers for them (ARP,
 * neighbour solicitations) and whether it takes their packets, each for a time that ends by itself. It keeps its word when
 * every process of this node is killed or frozen.
 *
 * Times are the host's monotonic clock in ms; what is left of them is computed in the moment of sending. All but `unable`
 * throw a CodedError when they cannot say what the kernel did; whatever was in flight is not carried out later.
 */
export interface AddressGate {
  /** What is missing (no nft, no right, no such thing in this kernel), or null. Changes nothing. */
  unable(): Promise<{ code: string; message: string; cure: string } | null>;
  /**
   * Makes the rules for these addresses (without prefixes) anew, in one step; those of an earlier run go. Everything is shut,
   * or, with a time, open until then: the addresses are changed while this host answers.
   */
  establish(addresses: string[], openUntilMs?: number | null): Promise<void>;
  /** Answers and accepts until then. Only after a grant that this node did not have before. */
  open(untilMs: number): Promise<GateAnswer>;
  /** Answers and accepts until then, if it did until now: a renewal that comes too late opens nothing. */
  renew(untilMs: number): Promise<GateAnswer>;
  /** Stops answering at once and goes on accepting until then. */
  hush(acceptUntilMs: number): Promise<GateAnswer>;
  /** Neither answers nor accepts. */
  shut(): Promise<void>;
  /** Whether the rules are as `establish` made them. */
  intact(): Promise<boolean>;
  /** By which means the kernel is told of a grant; `note` says why it is not the best one. */
  means?(): { name: string; note: string | null };
  /** Takes the rules away; no process is left. The addresses must be off the host by then. */
  close(): Promise<void>;
}
