import { endianness } from 'node:os';
import { NetlinkWriter } from './netlink-writer.ts';
import type { SetChange } from './set-changes.ts';

/** linux/netlink.h */
const flags = { request: 1, ack: 4, create: 0x400 };
const errorMessage = 2;
/** linux/netfilter/nfnetlink.h */
const batchBegin = 16;
const batchEnd = 17;
const nftables = 10;
/** linux/netfilter/nf_tables.h: NFT_MSG_NEWSETELEM and NFT_MSG_DELSETELEM of the subsystem nftables. */
const newElements = (nftables << 8) | 12;
const deleteElements = (nftables << 8) | 14;
/** NFTA_SET_ELEM_LIST_*, NFTA_LIST_ELEM, NFTA_SET_ELEM_*, NFTA_DATA_VALUE */
const list = { table: 1, set: 2, elements: 3 };
const oneOfList = 1;
const element = { key: 1, timeout: 4 };
const dataValue = 1;
/** NFPROTO_* */
const families = { inet: 1, arp: 3 };

/**
 * Both ends of a batch, and between them a message for each change: the kernel carries out all of them or none. Messages are
 * numbered from `sequence` on; the last change asks for an acknowledgement. It names no generation of the rules, so that changes of
 * others meanwhile do not matter.
 */
export function setBatch(changes: SetChange[], sequence: number): Uint8Array {
  const writer = new NetlinkWriter();
  const end = (type: number, number: number) =>
    writer.message({ type, flags: flags.request, sequence: number, family: 0, resource: nftables }, () => {});
  end(batchBegin, sequence);
  for (const [index, change] of changes.entries()) {
    const isLast = index === changes.length - 1;
    const head = {
      type: change.verb === 'add' ? newElements : deleteElements,
      flags: flags.request | (change.verb === 'add' ? flags.create : 0) | (isLast ? flags.ack : 0),
      sequence: sequence + 1 + index,
      family: families[change.family],
    };
    writer.message(head, () => writeChange(writer, change));
  }
  end(batchEnd, sequence + 1 + changes.length);
  return writer.done();
}

function writeChange(writer: NetlinkWriter, { verb, table, set, elements, timeoutMs }: SetChange): void {
  writer.text(list.table, table);
  writer.text(list.set, set);
  // A deletion that names no element empties the set.
  if (verb === 'empty') return;
  writer.nest(list.elements, () => {
    for (const { bytes } of elements) {
      writer.nest(oneOfList, () => {
        if (timeoutMs !== null) writer.number64(element.timeout, timeoutMs);
        writer.nest(element.key, () => writer.bytes(dataValue, bytes));
      });
    }
  });
}

/**
 * What the kernel's answers to a batch of so many changes say: 0, it is carried out; an error number, nothing of it is (the first that is
 * not `lesser`, if there are several); null, the acknowledgement is missing. Answers to anything else are passed over.
 */
export function batchAnswer(answers: Uint8Array, sequence: number, changeCount: number, lesser = 0): number | null {
  const little = endianness() === 'LE';
  const view = new DataView(answers.buffer, answers.byteOffset, answers.byteLength);
  let acknowledged = false;
  let error = 0;
  for (let at = 0; at + 20 <= view.byteLength;) {
    const length = view.getUint32(at, little);
    const number = view.getUint32(at + 8, little);
    if (view.getUint16(at + 4, little) === errorMessage && number >= sequence && number <= sequence + 1 + changeCount) {
      const code = -view.getInt32(at + 16, little);
      if (code !== 0 && (error === 0 || error === lesser)) error = code;
      if (code === 0 && number === sequence + changeCount) acknowledged = true;
    }
    if (length < 16) break;
    at += (length + 3) & ~3;
  }
  return error !== 0 ? error : acknowledged ? 0 : null;
}
