export { FolderTree, incomingFolder } from './tree.ts';
export { stagingFolder } from './folders.ts';
export { SyncMemoryFile } from './memory.ts';
