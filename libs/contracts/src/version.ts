/** The program's version: equal on both nodes but during an upgrade. */
export const version = '0.1.0';
