import type { NodeConfig } from '@hotstandby/config';
import type { Binder, HostNames, NameServers } from '@hotstandby/ports';

export type VipSettings = Extract<NodeConfig['binding'], { mode: 'vip' }>;
export type HostnameSettings = Extract<NodeConfig['binding'], { mode: 'hostname' }>;

export interface Lack {
  code: string;
  message: string;
  cure: string;
}

/** Whether another machine has an address; `unknown`: it could not be asked, and why. */
export type Probe = { state: 'free' } | { state: 'taken'; mac: string } | { state: 'unknown'; why: string };

/** This host, looked at: nothing on it is changed. */
export interface HostLook {
  binder: Pick<Binder, 'unable' | 'look'>;
  gate: {
    unable(): Promise<Lack | null>;
    /** Throws with a code. */
    state(): Promise<'open' | 'hushed' | 'shut' | 'absent'>;
  };
  probe(interfaceName: string, address: string): Promise<Probe>;
  macOf(interfaceName: string, address: string): Promise<string | null>;
}

/** What the commands look at things with; each is opened for one configuration and closed by who opened it. */
export interface BindingLook {
  host: HostLook;
  names: NameServers | null;
  /** Why this process cannot forward telemetry there under its original source addresses, in words; null: it can. */
  forwardLack(to: { address: string; port: number }): string | null;
  resolver: HostNames;
}
