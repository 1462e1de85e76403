/** An address that the host has now. */
export interface HostAddress {
  interface: string;
  /** CIDR, `192.0.2.10/24`. */
  cidr: string;
  /** Ours: marked so when it was added (address label or protocol), so that foreign ones are never touched. */
  owned: boolean;
}

export interface HostView {
  addresses: HostAddress[];
  /** Interfaces with their state. */
  interfaces: { name: string; up: boolean; carrier: boolean }[];
}

/** A step of the binding plan (`core/binding-plan`), carried out one at a time. */
export type BindingStep =
  | { do: 'add'; interface: string; cidr: string; validSeconds: number }
  | { do: 'remove'; interface: string; cidr: string }
  | { do: 'announce'; interface: string; address: string };

/** Puts addresses on this host and takes them off. */
export interface Binder {
  /** What is missing to do the job (no permission, no `ip`), or null. */
  unable(): Promise<{ code: string; message: string; cure: string } | null>;
  look(): Promise<HostView>;
  /** Throws with an `HS_BINDING_...` code. */
  apply(step: BindingStep): Promise<void>;
}
