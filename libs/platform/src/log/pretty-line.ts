const names: Record<number, string> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
const colours: Record<string, string> = { debug: '90', info: '32', warn: '33', error: '31', fatal: '31;1' };
// Always there and the same on every line, so that people need not read them.
const hidden = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'service', 'node', 'cluster']);

/** One JSON line of the log as people read it: time, level, service, sentence, fields. What is no JSON passes unchanged. */
export function prettyLine(line: string, colour: boolean): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const paint = (code: string, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const level = names[Number(entry.level)] ?? String(entry.level);
  const time = typeof entry.time === 'string' ? entry.time.slice(11, 23) : '';
  const fields = Object.entries(entry)
    .filter(([key]) => !hidden.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? quoted(value) : JSON.stringify(value)}`)
    .join(' ');
  const from = [entry.node, entry.service].filter(Boolean).join('/');
  const head = `${time} ${paint(colours[level] ?? '0', level.padEnd(5))} ${from}: ${typeof entry.msg === 'string' ? entry.msg : ''}`;
  return `${head}${fields ? ` ${paint('90', fields)}` : ''}\n`;
}

function quoted(value: string): string {
  return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
}
