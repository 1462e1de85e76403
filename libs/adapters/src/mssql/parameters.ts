import { TYPES, type Request } from 'tedious';

/** Ids, names and addresses: no column of the lease holds more. */
export const idLength = 200;
/** More than a column of limited length can have: declared as nvarchar(max). */
const unlimited = 8000;

/** A value for a parameter, with the type that the statement declares for it. */
export type Parameter =
  | { type: 'id'; value: string | null }
  | { type: 'text'; value: string | null }
  | { type: 'bigint'; value: number | null }
  | { type: 'int'; value: number }
  | { type: 'float'; value: number | null }
  | { type: 'instant'; value: Date | null };

export type Parameters = Readonly<Record<string, Parameter>>;

export const id = (value: string | null): Parameter => ({ type: 'id', value });
export const text = (value: string | null): Parameter => ({ type: 'text', value });
export const bigint = (value: number | null): Parameter => ({ type: 'bigint', value });
export const float = (value: number | null): Parameter => ({ type: 'float', value });
export const int = (value: number): Parameter => ({ type: 'int', value });
export const instant = (value: Date | null): Parameter => ({ type: 'instant', value });

/** Lengths are fixed, so that the server keeps one plan a statement. Throws `RangeError` for what a column cannot hold. */
export function addParameters(request: Request, parameters: Parameters): void {
  for (const [name, parameter] of Object.entries(parameters)) {
    switch (parameter.type) {
      case 'id':
        // Cut off by the server without a word otherwise.
        if (parameter.value !== null && parameter.value.length > idLength) {
          throw new RangeError(`${name} is longer than ${idLength} characters`);
        }
        request.addParameter(name, TYPES.NVarChar, parameter.value, { length: idLength });
        break;
      case 'text':
        request.addParameter(name, TYPES.NVarChar, parameter.value, { length: unlimited });
        break;
      case 'bigint':
        if (parameter.value !== null && !Number.isSafeInteger(parameter.value)) {
          throw new RangeError(`${name} must be an integer, not ${parameter.value}`);
        }
        request.addParameter(name, TYPES.BigInt, parameter.value);
        break;
      case 'int':
        request.addParameter(name, TYPES.Int, parameter.value);
        break;
      case 'float':
        request.addParameter(name, TYPES.Float, parameter.value);
        break;
      case 'instant':
        request.addParameter(name, TYPES.DateTime2, parameter.value, { scale: 3 });
        break;
    }
  }
}
