import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

const openssl = (args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A CA in the folder, made by openssl, and what it signs. */
export class Authority {
  readonly caFile: string;
  readonly #keyFile: string;
  readonly #folder: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.caFile = path.join(folder, `${name}.pem`);
    this.#keyFile = path.join(folder, `${name}-key.pem`);
    openssl([
      'req',
      '-x509',
      ...newKey,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      this.#keyFile,
      '-out',
      this.caFile,
    ]);
  }

  /** `address` goes into the certificate as its alternative name. Files of the same name are written anew. */
  issue(name: string, commonName: string, address = '127.0.0.1'): { certFile: string; keyFile: string } {
    const at = (ending: string) => path.join(this.#folder, `${name}${ending}`);
    openssl(['req', ...newKey, '-subj', `/CN=${commonName}`, '-keyout', at('-key.pem'), '-out', at('.csr')]);
    writeFileSync(at('.ext'), `subjectAltName=IP:${address}\n`);
    const signed = [
      '-CA',
      this.caFile,
      '-CAkey',
      this.#keyFile,
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      at('.ext'),
    ];
    openssl(['x509', '-req', '-in', at('.csr'), ...signed, '-out', at('.pem')]);
    return { certFile: at('.pem'), keyFile: at('-key.pem') };
  }
}
