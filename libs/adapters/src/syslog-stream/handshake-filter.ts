import { parseIp, type IpAddress } from '@hotstandby/core/binding-plan';

// Classic BPF (linux/filter.h). A program sees a packet from its TCP header on; the IP header is found from `ipHeader` on.
const loadByte = 0x30;
const loadWord = 0x20;
const and = 0x54;
const jumpIfEqual = 0x15;
const end = 0x06;
const ipHeader = 0xfff0_0000;
const drop = 0;
const pass = 0xffff_ffff;

const flagsAt = 13;
const synAndAck = 0x12;
const syn = 0x02;

type Instruction = [code: number, ifTrue: number, ifFalse: number, value: number];

/**
 * A filter for a listening socket by which the kernel does not answer who wants to connect to one of these addresses (null: to any), as
 * if nobody had the address: their kernel asks again after a second. Connections that are there go on, also one that was answered
 * a moment before. For `SO_ATTACH_FILTER`, in this machine's byte order.
 */
export function handshakeFilter(addresses: readonly string[] | null): Uint8Array {
  const wanted = addresses?.flatMap((address) => parseIp(address) ?? []) ?? null;
  const program: Instruction[] = [
    [loadByte, 0, 0, flagsAt],
    [and, 0, 0, synAndAck],
    [jumpIfEqual, 1, 0, syn],
    [end, 0, 0, pass],
    ...(wanted ? ifTo(wanted) : []),
    [end, 0, 0, drop],
  ];
  return encoded(program);
}

/** What is behind it is come to only by packets to one of the addresses. */
function ifTo(addresses: IpAddress[]): Instruction[] {
  const four = addresses.filter(({ family }) => family === 4).flatMap((one) => dropIfTo(one, 16));
  const six = addresses.filter(({ family }) => family === 6).flatMap((one) => dropIfTo(one, 24));
  return [
    [loadByte, 0, 0, ipHeader],
    [and, 0, 0, 0xf0],
    [jumpIfEqual, 0, four.length + 1, 0x40],
    ...four,
    [end, 0, 0, pass],
    ...six,
    [end, 0, 0, pass],
  ];
}

function dropIfTo({ family, value }: IpAddress, destinationAt: number): Instruction[] {
  const words = family === 4 ? 1 : 4;
  const compare = Array.from({ length: words }, (_, index): Instruction[] => {
    const word = Number(BigInt.asUintN(32, value >> BigInt(32 * (words - 1 - index))));
    // Behind the last comparison stands the end; a difference leads beyond it.
    const beyond = 2 * (words - 1 - index) + 1;
    return [
      [loadWord, 0, 0, ipHeader + destinationAt + 4 * index],
      [jumpIfEqual, 0, beyond, word],
    ];
  });
  return [...compare.flat(), [end, 0, 0, drop]];
}

function encoded(program: Instruction[]): Uint8Array {
  const buffer = new ArrayBuffer(8 * program.length);
  const [halves, octets, words] = [new Uint16Array(buffer), new Uint8Array(buffer), new Uint32Array(buffer)];
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    halves[4 * index] = code;
    octets.set([ifTrue, ifFalse], 8 * index + 2);
    words[2 * index + 1] = value;
  }
  return octets;
}
