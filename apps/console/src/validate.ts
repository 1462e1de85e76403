import { CodedError } from '@hotstandby/contracts';

/** A zod schema, as far as this app needs to know one. */
interface Schema<Output> {
  safeParse(
    input: unknown,
  ):
    { success: true; data: Output } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };
}

/** What came in a request, in the agreed shape. Throws `HS_USAGE` with every fault. */
export function validate<Output>(schema: Schema<Output>, input: unknown): Output {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || 'request'}: ${message}`);
  throw new CodedError('HS_USAGE', faults.join('; '), { cure: 'Correct the named parameters.' });
}
