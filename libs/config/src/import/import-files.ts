import { Findings, type LeftOut, type Setting, type Taken, type Wrong } from './findings.ts';
import { importItomFos } from './itom-fos.ts';
import { importStartScript } from './start-script.ts';
import { importWebNms } from './web-nms.ts';

/** A file of an old system. */
export interface OldFile {
  name: string;
  text: string;
  /** The folder that names in it are relative to, when its place tells; null otherwise. */
  home: string | null;
}

export interface Imported {
  taken: Taken[];
  leftOut: LeftOut[];
  /** When there is anything, nothing of the whole may be used. */
  wrong: Wrong[];
  settings: Setting[];
}

/** What configuration files of older systems become, told apart by what is in them. Reads nothing, writes nothing. */
export function importFiles(files: OldFile[]): Imported {
  const findings = new Findings();
  for (const { name, text, home } of files) {
    const plain = text.replace(/^\ufeff/, '');
    if (plain.trimStart().startsWith('<')) importWebNms(name, plain, home, findings);
    else if (/\bNMS_BE_FAILOVER\b/.test(plain)) importStartScript(name, plain, findings);
    else if (/^\s*(publicIP|updatecounter|ratioOfPoll|http\.poll|repl|dbfailure)[\w.]*\s*[=:]/m.test(plain))
      importItomFos(name, plain, findings);
    else {
      findings.refuse(
        { file: name, line: null, what: plain.trim() === '' ? 'an empty file' : 'another file' },
        'a FailOver.xml or startnms script of Web NMS, or an itom_fos.conf of OpManager and its kin',
        'Give one of these.',
      );
    }
  }
  const settings = findings.settings();
  return { taken: findings.taken, leftOut: findings.leftOut, wrong: findings.wrong, settings };
}
