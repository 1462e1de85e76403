const mostMatches = 5;

/** Names that somebody may have meant: those that contain what was asked, or its words, or are a few letters off. */
export function nearMatches(asked: string, names: readonly string[]): string[] {
  const wanted = plain(asked);
  const words = wanted.split('-').filter((word) => word.length > 2);
  return names
    .map((name) => ({ name, far: distance(wanted, plain(name)), within: shares(plain(name), wanted, words) }))
    .filter(({ name, far, within }) => within || far <= Math.max(2, name.length / 4))
    .sort((one, other) => one.far - other.far || one.name.localeCompare(other.name))
    .slice(0, mostMatches)
    .map(({ name }) => name);
}

const plain = (text: string) => text.toLowerCase().replaceAll(/[._\s]+/g, '-');

function shares(name: string, wanted: string, words: string[]): boolean {
  if (wanted.length > 2 && name.includes(wanted)) return true;
  return words.length > 0 && words.every((word) => name.includes(word));
}

/** Levenshtein's: how many letters must be put in, taken out or changed. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const change = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
