/** Names as this host's own programs resolve them. Both throw when the resolver does not answer. */
export interface HostNames {
  /** Empty: no such name. */
  addressesOf(name: string): Promise<string[]>;
  /** Names of an address (PTR); empty: there is none. */
  namesOf(address: string): Promise<string[]>;
}
