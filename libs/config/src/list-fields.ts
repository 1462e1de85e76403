import { z } from 'zod';
import { nodeConfigSchema } from './schema.ts';

/** One field of the configuration file, as the schema has it. */
export interface ConfigField {
  /** `notifier.smtp.port`. */
  path: string;
  /** In words: `port (1 to 65535)`. */
  shape: string;
  /** As it would stand in the file; null without one. */
  preset: string | null;
  required: boolean;
}

interface Shape {
  type?: string;
  properties?: Record<string, Shape>;
  required?: string[];
  oneOf?: Shape[];
  anyOf?: Shape[];
  items?: Shape;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}

/** Every field of the schema, in its order; the alternatives of `binding`, `fileSync`, `notifier` and of a sink in one. */
export function listFields(): ConfigField[] {
  return fieldsOf(z.toJSONSchema(nodeConfigSchema, { io: 'input' }) as Shape, '', true);
}

function fieldsOf(object: Shape, path: string, reached: boolean): ConfigField[] {
  return Object.entries(object.properties ?? {}).flatMap(([name, shape]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const required = reached && (object.required ?? []).includes(name);
    if (shape.oneOf) return fieldsOf(inOne(shape), at, true);
    const items = shape.items?.oneOf ? inOne(shape.items) : shape.items;
    if (items?.properties) {
      const preset = shape.default === undefined ? null : JSON.stringify(shape.default);
      return [{ path: at, shape: 'list of the following', preset, required }, ...fieldsOf(items, `${at}[]`, true)];
    }
    if (shape.properties) return fieldsOf(shape, at, required || shape.default !== undefined);
    return [
      {
        path: at,
        shape: inWords(shape),
        preset: shape.default === undefined ? null : JSON.stringify(shape.default),
        required,
      },
    ];
  });
}

/** The alternatives share one field that tells them apart; its values become an enum, the first of them the default. */
function inOne({ oneOf = [], default: preset }: Shape): Shape {
  const merged: Shape = { properties: {}, required: [] };
  for (const { properties = {}, required = [] } of oneOf) {
    for (const [name, shape] of Object.entries(properties)) {
      const tells = shape.const !== undefined;
      const earlier = merged.properties?.[name]?.enum ?? [];
      const given = (preset as Record<string, unknown> | undefined)?.[name];
      Object.assign(merged.properties ?? {}, {
        [name]: tells
          ? { enum: [...earlier, shape.const], default: given }
          : alternatives(merged.properties?.[name], shape),
      });
      if (!tells && required.includes(name)) merged.required?.push(name);
    }
  }
  return merged;
}

/** Of a field that two alternatives have. */
const alternatives = (earlier: Shape | undefined, shape: Shape): Shape =>
  earlier === undefined ? shape : { ...shape, anyOf: [earlier, shape] };

function inWords(shape: Shape): string {
  if (shape.enum) return shape.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (shape.anyOf) return [...new Set(shape.anyOf.map(inWords))].join(' or ');
  if (shape.type === 'array') return `list of: ${inWords(shape.items ?? {})}`;
  if (shape.format)
    return { ipv4: 'IPv4', ipv6: 'IPv6', cidrv4: 'IPv4/prefix', cidrv6: 'IPv6/prefix' }[shape.format] ?? shape.format;
  if (shape.type === 'integer') return `integer${range(shape)}`;
  if (shape.type === 'number') return `number${range(shape)}`;
  return { string: 'text', boolean: '`true`, `false`' }[shape.type ?? ''] ?? 'text';
}

function range({ minimum, maximum, exclusiveMinimum }: Shape): string {
  const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (minimum !== undefined && bounded) return `, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, ${minimum} or more`;
  return exclusiveMinimum === undefined ? '' : `, more than ${exclusiveMinimum}`;
}
