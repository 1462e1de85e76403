/**
 * What `JSON.parse(JSON.stringify(value))` gives, without making the text: the simulator copies hundreds of messages for
 * every second of virtual time. Anything but plain data takes the way over the text.
 */
export function jsonCopy(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) return value.map(elementCopy);
    const isPlain = Object.getPrototypeOf(value) === Object.prototype;
    if (isPlain && !('toJSON' in value)) return plainCopy(value);
  }
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  return JSON.parse(JSON.stringify(value));
}

function plainCopy(value: object): object {
  const copy: Record<string, unknown> = { ...value };
  for (const key in copy) {
    const field = copy[key];
    if (typeof field === 'string') continue;
    // JSON has no minus zero.
    if (typeof field === 'number' && Number.isFinite(field) && !Object.is(field, -0)) continue;
    if (field === undefined || typeof field === 'function' || typeof field === 'symbol') delete copy[key];
    else if (field !== null) copy[key] = jsonCopy(field);
  }
  return copy;
}

function elementCopy(element: unknown): unknown {
  return element === undefined || typeof element === 'function' || typeof element === 'symbol'
    ? null
    : jsonCopy(element);
}
