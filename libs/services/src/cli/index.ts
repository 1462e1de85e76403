export { explainCommand } from './commands/explain.ts';
export { eventsCommand, type EventsRequest } from './commands/events.ts';
export { statusCommand, type StatusParts } from './commands/status.ts';
export { historyCommand, recordsCommand } from './commands/store.ts';
export { switchoverCommand, type SwitchoverOrder } from './commands/switchover.ts';
export { failbackCommand, pauseCommand, resumeCommand, takeoverCommand, type Asker } from './commands/policy.ts';
export type { PairParts } from '../pair-view/index.ts';
export { jsonText, tellFault, type Output } from './output.ts';
export { painter } from './text/paint.ts';
