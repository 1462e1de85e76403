#!/usr/bin/env python3
"""Observer of who answers for one address (ARP for IPv4, Neighbour Discovery of RFC 4861 for IPv6), from one interface.

usage: neighbour_tool.py watch ADDRESS IFACE OUT_FILE    log every frame that claims ADDRESS (until SIGTERM):
                                                         CLOCK_MONOTONIC_NS request|reply MAC
       neighbour_tool.py poll ADDRESS IFACE OWN_IP OUT   ask for it every 10 ms, log each answer: CLOCK_MONOTONIC_NS MAC
       neighbour_tool.py probe ADDRESS IFACE OWN_IP      ask 3 times, print the MACs that answer

Questions are always broadcast (IPv6: to the solicited-node group), so that every host that would answer does.
"""
import os, signal, socket, struct, sys, time


def mac_text(raw):
    return ":".join("%02x" % b for b in raw)


class Arp:
    ETHERTYPE = 0x0806

    def __init__(self, address):
        self.address = socket.inet_aton(address)

    def question(self, own_mac, own_ip):
        return (b"\xff" * 6 + own_mac + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
                + own_mac + socket.inet_aton(own_ip) + b"\0" * 6 + self.address)

    def claim(self, frame):
        """(is it an answer, MAC) when the frame's sender says that it has the address, else None."""
        if len(frame) < 42 or frame[12:14] != b"\x08\x06" or frame[28:32] != self.address:
            return None
        return struct.unpack("!H", frame[20:22])[0] == 2, mac_text(frame[22:28])


class NeighbourDiscovery:
    ETHERTYPE = 0x86DD
    SOLICITATION, ADVERTISEMENT, SOURCE_LINK, TARGET_LINK = 135, 136, 1, 2

    def __init__(self, address):
        self.address = socket.inet_pton(socket.AF_INET6, address)

    def question(self, own_mac, own_ip):
        source = socket.inet_pton(socket.AF_INET6, own_ip)
        group = socket.inet_pton(socket.AF_INET6, "ff02::1:ff00:0")[:13] + self.address[13:]
        body = struct.pack("!BBHI", self.SOLICITATION, 0, 0, 0) + self.address + bytes([self.SOURCE_LINK, 1]) + own_mac
        pseudo = source + group + struct.pack("!IxxxB", len(body), 58)
        total = sum(struct.unpack("!%dH" % ((len(pseudo) + len(body)) // 2), pseudo + body))
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        body = body[:2] + struct.pack("!H", ~total & 0xFFFF) + body[4:]
        header = struct.pack("!IHBB", 0x60000000, len(body), 58, 255) + source + group
        return b"\x33\x33" + group[12:] + own_mac + b"\x86\xdd" + header + body

    def claim(self, frame):
        if len(frame) < 78 or frame[12:14] != b"\x86\xdd" or frame[20] != 58 or frame[54] != self.ADVERTISEMENT:
            return None
        if frame[62:78] != self.address:
            return None
        solicited = bool(frame[58] & 0x40)
        option = frame[78:86]
        mac = option[2:8] if len(option) == 8 and option[0] == self.TARGET_LINK else frame[6:12]
        return solicited, mac_text(mac)


def main():
    cmd, addr, iface = sys.argv[1:4]
    protocol = NeighbourDiscovery(addr) if ":" in addr else Arp(addr)
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol.ETHERTYPE))
    s.bind((iface, protocol.ETHERTYPE))
    if cmd == "watch":
        out = os.open(sys.argv[4], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        while True:
            claim = protocol.claim(s.recv(2048))
            if claim:
                os.write(out, ("%d %s %s\n" % (time.monotonic_ns(), "reply" if claim[0] else "request", claim[1])).encode())
    question = protocol.question(s.getsockname()[4], sys.argv[4])

    def answers(end):
        while (left := end - time.monotonic()) > 0:
            s.settimeout(left)
            try:
                claim = protocol.claim(s.recv(2048))
            except (TimeoutError, OSError):
                return
            if claim and claim[0]:
                yield claim[1]

    if cmd == "poll":
        out = os.open(sys.argv[5], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        due = time.monotonic()
        while True:
            s.send(question)
            due = max(due + 0.01, time.monotonic())
            for mac in answers(due):
                os.write(out, ("%d %s\n" % (time.monotonic_ns(), mac)).encode())
    macs = set()
    for _ in range(3):
        s.send(question)
        macs.update(answers(time.monotonic() + 0.15))
    print(" ".join(sorted(macs)))


main()
