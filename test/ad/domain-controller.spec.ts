// A name that follows the active in a zone of Active Directory: a real Samba domain controller, the nearest thing to Microsoft DNS.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accountCases, Rig, within, type SecureZone } from '../binding/account-cases.ts';
import { shiftClocks } from '../binding/clock-shim.ts';
import { adDomain, adRealm, controllerAddress, DomainController, noController } from './domain-controller.ts';

const lacking = noController();
let folder = '';
let controller: DomainController;
let secure: SecureZone;
const rig = new Rig(() => secure);

describe.skipIf(lacking)(lacking ? `skipped: ${lacking}` : 'a name that follows the active in a domain', () => {
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hs-ad-'));
    controller = new DomainController(folder);
    controller.provision();
    await controller.start();
    const login = (account: string, password: string) => {
      controller.addAccount(account, password);
      const passwordFile = path.join(folder, `${account}.password`);
      writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
      return { principal: `${account}@${adRealm}`, passwordFile, kdcs: [controllerAddress] };
    };
    const ownPassword = 'Pass-w0rd.of-the-pair';
    const own = login('svc-failover', ownPassword);
    const other = login('svc-other', 'Pass-w0rd.of-another');
    const name = `service.${adDomain}`;
    secure = { folder, name, zone: adDomain, server: controllerAddress, own, ownPassword, other };
  }, 300_000);
  afterEach(() => rig.end());
  afterAll(async () => {
    await controller?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  accountCases(rig, () => secure);

  it('is refused a name that an administrator made, and takes it when that was deleted', async () => {
    const name = `by-hand.${adDomain}`;
    const before = secure;
    rig.later(() => void (secure = before));
    secure = { ...before, name };
    controller.record('add', 'by-hand', 'A', '192.0.2.99');
    const a = await rig.node('a');
    a.grant(rig.nextEpoch());
    await expect.poll(a.code, within).toBe('HS_DNS_OWNER');
    expect((await rig.seen()).addresses).toEqual(['192.0.2.99']);
    controller.record('delete', 'by-hand', 'A', '192.0.2.99');
    await expect.poll(a.bound, within).toEqual([name]);
    expect(a.report().health).toBe('ok');
  });

  it('logs in by a keytab', async () => {
    const keytabFile = controller.keytab('svc-failover');
    chmodSync(keytabFile, 0o600);
    const a = await rig.node('a', { keytabFile, passwordFile: undefined });
    a.grant(rig.nextEpoch());
    await expect.poll(a.bound, within).toEqual([secure.name]);
  });

  // MIT Kerberos goes by the KDC's clock, and Samba does not mind the time of the signature; BIND does.
  it('goes on with a clock that is ten minutes off', async (test) => {
    const shiftBack = shiftClocks(path.join(folder, 'shim'), ['nsupdate', 'kinit', 'klist']);
    if (!shiftBack) return test.skip('gcc is not installed: no clock can be shifted for nsupdate');
    rig.later(shiftBack);
    const a = await rig.node('a');
    a.grant(rig.nextEpoch());
    await expect.poll(a.bound, within).toEqual([secure.name]);
  });

  it('waits for a controller that is down', async () => {
    const a = await rig.node('a');
    await expect.poll(a.rehearsals, within).toBe(1);
    await controller.stop();
    rig.later(() => controller.start());
    a.grant(rig.nextEpoch());
    await expect.poll(a.code, within).toMatch(/HS_DNS_(UNREACHABLE|TIMEOUT)/);
    await controller.start();
    await expect.poll(a.bound, within).toEqual([secure.name]);
  });
});
