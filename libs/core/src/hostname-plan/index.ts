import { parseIp, sameIp } from '../binding-plan/ip-address.ts';

/** Where the name is to lead, and under which right. */
export interface HostnameWish {
  cluster: string;
  node: string;
  epoch: number;
  addresses: string[];
  ttlSeconds: number;
}

/** What the primary server says. */
export interface HostnameView {
  markers: string[];
  addresses: { address: string; ttlSeconds: number }[];
}

/** `update` is one transaction at the server, which refuses it unless the markers are exactly `onlyIfMarkers`. */
export type HostnameStep =
  | { do: 'update'; onlyIfMarkers: string[]; marker: string; addresses: string[]; ttlSeconds: number }
  | { do: 'read-back' };

export interface HostnamePlan {
  steps: HostnameStep[];
  refused: { code: 'HS_DNS_STALE' | 'HS_DNS_FOREIGN'; message: string } | null;
}

interface Marker {
  cluster: string;
  node: string;
  epoch: number;
}

/** The TXT record beside the name: under which epoch whose it is. */
export const markerText = ({ epoch, node, cluster }: Marker): string =>
  `epoch=${epoch} node=${node} cluster=${cluster}`;

/** Null: not written by `markerText`. */
export function parseMarker(text: string): Marker | null {
  const parts = /^epoch=(\d{1,15}) node=([A-Za-z0-9_-]{1,40}) cluster=([A-Za-z0-9_-]{1,40})$/.exec(text);
  if (!parts) return null;
  const [, epoch, node = '', cluster = ''] = parts;
  return { epoch: Number(epoch), node, cluster };
}

/**
 * What to do so that the name leads to this node. The name is never taken from a newer epoch, nor from another node of the
 * same one (an epoch has one holder), nor from strangers. An update is refused by the server itself when the marker is not
 * the one that was seen, so a node that was frozen between looking and writing changes nothing either.
 *
 * Safe to interrupt anywhere: the update is one transaction, and the next plan, from what is there then, goes on.
 */
export function hostnamePlan(wish: HostnameWish, view: HostnameView): HostnamePlan {
  const refuse = (code: 'HS_DNS_STALE' | 'HS_DNS_FOREIGN', message: string): HostnamePlan => ({
    steps: [],
    refused: { code, message },
  });
  for (const text of view.markers) {
    const marker = parseMarker(text);
    if (marker?.cluster !== wish.cluster)
      return refuse('HS_DNS_FOREIGN', `the TXT record beside the name says "${text.slice(0, 100)}"`);
    if (marker.epoch > wish.epoch || (marker.epoch === wish.epoch && marker.node !== wish.node))
      return refuse(
        'HS_DNS_STALE',
        `node ${marker.node} has the name with epoch ${marker.epoch}; here it is ${wish.epoch}`,
      );
  }
  if (isAsWished(wish, view)) return { steps: [{ do: 'read-back' }], refused: null };
  const { addresses, ttlSeconds } = wish;
  const update = {
    do: 'update',
    onlyIfMarkers: view.markers,
    marker: markerText(wish),
    addresses,
    ttlSeconds,
  } as const;
  return { steps: [update, { do: 'read-back' }], refused: null };
}

/** Whether a server shows exactly what is wished. */
export function isAsWished(wish: HostnameWish, view: HostnameView): boolean {
  const [marker, ...others] = view.markers;
  return (
    marker === markerText(wish) &&
    others.length === 0 &&
    view.addresses.length === wish.addresses.length &&
    view.addresses.every(
      (seen) => seen.ttlSeconds === wish.ttlSeconds && wish.addresses.some((one) => isSame(one, seen.address)),
    )
  );
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [parseIp(one), parseIp(other)];
  return left !== null && right !== null && sameIp(left, right);
}

/** Why the plan has this step, for people: the end of "do this, because ...". */
export function whyHostnameStep(step: HostnameStep, wish: HostnameWish, view: HostnameView): string {
  if (step.do === 'read-back')
    return isAsWished(wish, view)
      ? 'the name leads here already; only what is read is believed'
      : 'only what is read back is done, whatever the answer to the update was; then the other servers are asked, too';
  const [marker] = view.markers.map(parseMarker);
  const fence =
    view.markers.length === 0
      ? 'the server does it only if there is still no record beside the name'
      : 'the server does it only if the record beside the name is still the one that was read';
  if (!marker) return `nobody has the name yet; ${fence}`;
  if (marker.epoch < wish.epoch)
    return `the name is node ${marker.node}'s, of the older epoch ${marker.epoch}; ${fence}`;
  return `the records are not as configured; ${fence}`;
}

/** What becomes of a name that is not configured any more. `done`: nothing is left to do, or nothing of ours is there. */
export interface LeavingPlan {
  steps: HostnameStep[];
  done: boolean;
}

/**
 * What to do so that a name that is no longer configured leads nowhere. Only the active does it, and only with a name that
 * this pair had. The marker stays, under this epoch: a node that still has the old name and wakes late is refused by the
 * server then as before. `wish` null: this node is not active, and only looks. (With `ownEpoch` it may clear what it left itself: the marker
 * stays as it is, so an active that still has the name, or gets it, is not in its way.)
 */
export function leavingPlan(
  wish: Pick<HostnameWish, 'cluster' | 'node' | 'epoch'> | null,
  view: HostnameView,
): LeavingPlan {
  const [marker, ...others] = view.markers.map(parseMarker);
  const isOurs = marker && others.length === 0 && (wish === null || marker.cluster === wish.cluster);
  if (!isOurs || view.addresses.length === 0) return { steps: [], done: true };
  if (wish === null) return { steps: [], done: false };
  // A node with a newer epoch has its own mind about the name.
  if (marker.epoch > wish.epoch || (marker.epoch === wish.epoch && marker.node !== wish.node))
    return { steps: [], done: true };
  const update: HostnameStep = {
    do: 'update',
    onlyIfMarkers: view.markers,
    marker: markerText(wish),
    addresses: [],
    ttlSeconds: 0,
  };
  return { steps: [update, { do: 'read-back' }], done: false };
}

/** The epoch under which this node itself had the name last, when nobody has had it since; null: it is somebody else's, or nobody's. */
export function ownEpoch(place: Pick<HostnameWish, 'cluster' | 'node'>, view: HostnameView): number | null {
  const [marker, ...others] = view.markers.map(parseMarker);
  if (!marker || others.length > 0) return null;
  return marker.cluster === place.cluster && marker.node === place.node ? marker.epoch : null;
}
