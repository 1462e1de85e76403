export { RsyncTransfer, type RsyncTransferOptions } from './transfer.ts';
export { makeSshKeys, type KeyFile } from './keys.ts';
