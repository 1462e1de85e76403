/** An address that the host has now. */
export interface HostAddress {
  interface: string;
  /** CIDR, `192.0.2.10/24`. */
  cidr: string;
  /** Put there by this node's binding, now or in an earlier run (it bears a mark): nothing else is ever touched. */
  owned: boolean;
}

export interface HostView {
  addresses: HostAddress[];
  /** Interfaces with their state. */
  interfaces: { name: string; up: boolean; carrier: boolean }[];
}

/**
 * A step of the binding plan (`core/binding-plan`), carried out one at a time. `add` fails when the address is there
 * already; `renew` sets its remaining life anew; `remove` of what is gone succeeds; `announce` tells the neighbours and
 * does not wait for them.
 */
export type BindingStep =
  | { do: 'add'; interface: string; cidr: string; validSeconds: number }
  | { do: 'renew'; interface: string; cidr: string; validSeconds: number }
  | { do: 'remove'; interface: string; cidr: string }
  | { do: 'announce'; interface: string; address: string };

/** Puts addresses on this host and takes them off. */
export interface Binder {
  /** What is missing to do the job (no permission, no `ip`), or null. Changes nothing on the host. */
  unable(): Promise<{ code: string; message: string; cure: string } | null>;
  look(): Promise<HostView>;
  /** Throws with an `HS_BINDING_...` code. */
  apply(step: BindingStep): Promise<void>;
  /** What went wrong with announcements since they do not wait for their end; null: nothing. */
  announceFault(): { code: string; message: string; cure: string } | null;
  /** Asks the neighbours whether somebody else answers for an address that this host has: who, by its MAC; null: nobody. */
  otherOwner(name: string, address: string): Promise<string | null>;
  /** No child process is left afterwards. Addresses stay as they are. */
  close(): Promise<void>;
}
