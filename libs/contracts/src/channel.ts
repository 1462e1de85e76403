import type { z } from 'zod';

/** A message that does not have its contract's shape: dropped and counted by the receiver, answered with this code when it was a request. */
export class ContractError extends Error {
  readonly code = 'HS_CONTRACT';
}

/** Validates what came over the bus. Throws `ContractError`. */
export function parse<Schema extends z.ZodType>(schema: Schema, payload: unknown, what: string): z.infer<Schema> {
  const result = schema.safeParse(payload);
  if (result.success) return result.data;
  const where = result.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`).join('; ');
  throw new ContractError(`${what} does not have the agreed shape: ${where}`);
}
