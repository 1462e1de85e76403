export { importFiles, type Imported, type OldFile } from './import-files.ts';
export type { LeftOut, Place, Setting, Taken, Wrong } from './findings.ts';
export { writeSettings, type Written } from './write-settings.ts';
export { decodeText } from './decode-text.ts';
