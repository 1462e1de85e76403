import { CodedError, errorCodes } from '@hotstandby/contracts';
import type { Binder, BindingStep, HostView, Logger } from '@hotstandby/ports';
import { Announcer } from './announcer.ts';
import { bindingFault, isAbsent } from './binding-fault.ts';
import { hostView } from './host-view.ts';
import { markOf } from './mark.ts';
import { ReadyIp } from './ready-ip.ts';
import { findTool, runTool } from './tools.ts';

export { macOf, probeAddress, type ProbeResult } from './probe.ts';
export { findTool } from './tools.ts';

/** A netlink request is a matter of milliseconds; one that hangs must not hold up the next removal for long. */
const toolTimeoutMs = 2000;

/**
 * Addresses on a Linux host by iproute2, announced by `arping` and the kernel.
 *
 * An address is added as /32 or /128, so that the kernel neither makes a route nor picks it for the host's own
 * connections, and `preferred_lft 0` says so once more; neighbours are answered for it all the same, because the host
 * answers ARP for every local address. `valid_lft` is the coarse second line: the kernel takes the address away by
 * itself when nobody renews it.
 */
export class LinuxBinder implements Binder {
  readonly #mark: number;
  readonly #announcer: Announcer;
  readonly #addresses: string[];
  #ip: string | null = null;
  #ready: ReadyIp | null = null;

  /** `addresses` tells which tools are needed. Inert until first use. */
  constructor(parts: { place: { cluster: string; node: string }; addresses: string[]; log: Logger }) {
    this.#mark = markOf(parts.place);
    this.#addresses = parts.addresses;
    this.#announcer = new Announcer(parts.log);
  }

  async unable(): Promise<{ code: string; message: string; cure: string } | null> {
    const ip = (this.#ip = await findTool('ip'));
    if (!ip) return fault('HS_BINDING_TOOL', 'the program ip (iproute2) is not found');
    // An address that cannot be announced is still better than none: said, but not in the way.
    await this.#announcer.check(this.#addresses);
    // The kernel checks the right before it looks for the address, and nobody has 0.0.0.1.
    const probe = await runTool(ip, ['address', 'del', '0.0.0.1/32', 'dev', 'lo'], toolTimeoutMs);
    if (/not permitted|Permission denied/i.test(probe.stderr)) {
      return fault('HS_BINDING_PERMISSION', 'the kernel does not let this process change addresses');
    }
    this.#ready ??= new ReadyIp(ip);
    return null;
  }

  async look(): Promise<HostView> {
    const { exitCode, stdout, stderr } = await runTool(await this.#tool(), ['-j', 'address', 'show'], toolTimeoutMs);
    if (exitCode !== 0) throw bindingFault('the addresses of this host cannot be listed', stderr);
    return hostView(stdout, this.#mark);
  }

  async apply(step: BindingStep): Promise<void> {
    if (step.do === 'announce') return this.#announcer.announce(step.interface, step.address);
    const ipv6 = step.cidr.includes(':');
    if (step.do === 'remove') this.#announcer.stop(step.cidr.split('/')[0]);
    if (step.do === 'add' && ipv6) await this.#announcer.prepare(step.interface);

    const verb = { add: 'add', renew: 'change', remove: 'del' }[step.do];
    const args = ['address', verb, step.cidr, 'dev', step.interface];
    if (step.do !== 'remove') {
      args.push('metric', `${this.#mark}`, 'valid_lft', `${step.validSeconds}`, 'preferred_lft', '0');
      // Duplicate address detection would leave the address unusable for a second.
      if (ipv6) args.push('nodad', 'noprefixroute');
    }
    this.#ready ??= new ReadyIp(await this.#tool());
    const { exitCode, stderr } = await this.#ready.run(args, toolTimeoutMs);
    if (exitCode === 0 || (step.do === 'remove' && isAbsent(stderr))) return;
    throw bindingFault(`${step.do} ${step.cidr} on ${step.interface}`, stderr);
  }

  announceFault(): { code: string; message: string; cure: string } | null {
    const reason = this.#announcer.fault();
    if (!reason) return null;
    const code = /not permitted|permission/i.test(reason) ? 'HS_BINDING_PERMISSION' : 'HS_BINDING_TOOL';
    return fault(code, `the address is bound but not announced: ${reason}`);
  }

  otherOwner(name: string, address: string): Promise<string | null> {
    return this.#announcer.otherOwner(name, address);
  }

  close(): Promise<void> {
    this.#ready?.close();
    return this.#announcer.close();
  }

  async #tool(): Promise<string> {
    this.#ip ??= await findTool('ip');
    if (!this.#ip) throw new CodedError('HS_BINDING_TOOL', 'the program ip (iproute2) is not found');
    return this.#ip;
  }
}

const fault = (code: 'HS_BINDING_TOOL' | 'HS_BINDING_PERMISSION', message: string) => ({
  code,
  message,
  cure: errorCodes[code][1],
});
