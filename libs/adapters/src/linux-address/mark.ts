/**
 * How addresses of ours are known again after a crash: by a route metric of their own, which `ip` shows for both
 * families. It has no effect: a host address is reached by its local route. (The `proto` of an address would say it
 * more plainly, but iproute2 6.1 does not know it; labels exist for IPv4 only and are cut at 15 characters.)
 * Cluster and node are in it, so that two nodes on one host leave each other's addresses alone.
 */
export function markOf(place: { cluster: string; node: string }): number {
  // FNV-1a, folded to 16 bits.
  let hash = 0x811c9dc5;
  for (const character of `${place.cluster}/${place.node}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return 0x48530000 + ((hash >>> 16) ^ (hash & 0xffff));
}
