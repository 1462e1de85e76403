export type { ConversationColumns } from './conversation-columns.ts';
export { FlowsToSum } from './flows-to-sum.ts';
export { TrafficSums } from './traffic-sums.ts';
export type { ApplicationSum, ConversationSum, InterfaceSum, SummableFlow, SummableFlows, Totals } from './flows.ts';
