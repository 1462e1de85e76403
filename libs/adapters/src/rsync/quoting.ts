import { CodedError } from '@hotstandby/contracts';

/** A value for ssh_config and sshd_config, where `%` starts a token and nothing escapes a quote. */
export function sshValue(path: string): string {
  if (/["\p{Cc}]/u.test(path)) throw new CodedError('HS_SYNC_PATH', `ssh cannot be given this path: ${JSON.stringify(path)}`, { cure: 'Choose a path without quotes and control characters for fileSync.keysDir and node.dataDir.' }); // prettier-ignore
  return `"${path.replaceAll('%', '%%')}"`;
}

/** One word for a POSIX shell. */
export function shellWord(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new CodedError('HS_SYNC_PATH', `a control character in ${JSON.stringify(text)}`, { cure: 'Choose another folder for fileSync.root and node.dataDir.' }); // prettier-ignore
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Rules that take exactly these files: the folders on the way, then the file; wildcards in names stand for themselves. */
export function includeRules(paths: readonly string[]): string[] {
  const rules = new Set<string>();
  for (const path of paths) {
    const names = path.split('/');
    for (let depth = 1; depth < names.length; depth++) rules.add(`/${literal(names.slice(0, depth).join('/'))}/`);
    rules.add(`/${literal(path)}`);
  }
  return [...rules];
}

// rsync(1), "PATTERN MATCHING RULES": a backslash escapes only in a pattern that has a wildcard.
const literal = (name: string) => (/[*?[]/.test(name) ? name.replace(/[\\*?[]/g, '\\$&') : name);

/** Cuts a list into parts of at most `maxItems` and about `maxBytes`. */
export function batches(paths: readonly string[], maxItems: number, maxBytes: number): string[][] {
  const parts: string[][] = [];
  let bytes = Infinity;
  for (const path of paths) {
    const last = parts.at(-1);
    if (!last || last.length >= maxItems || bytes + path.length > maxBytes) {
      parts.push([path]);
      bytes = path.length;
    } else {
      last.push(path);
      bytes += path.length;
    }
  }
  return parts;
}
