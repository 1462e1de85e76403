export { FileSink, type FileSinkOptions } from './file-sink.ts';
