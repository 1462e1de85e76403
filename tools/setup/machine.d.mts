/** Reads a file's text, or null when there is none. */
type ReadText = (file: string) => string | null;

export function availableBytes(readText: ReadText): number | null;
export function memoryWarning(readText?: ReadText): string | null;
