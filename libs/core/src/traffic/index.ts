export { TrafficSums } from './traffic-sums.ts';
export type { ApplicationSum, ConversationSum, InterfaceSum, SummableFlow, SummableFlows, Totals } from './flows.ts';
