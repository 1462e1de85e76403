/** Under which Nest finds the console's service. */
export const CONSOLE = Symbol('console');
