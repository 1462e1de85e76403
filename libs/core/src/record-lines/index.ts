export { recordLine, type LineOrigin } from './record-line.ts';
