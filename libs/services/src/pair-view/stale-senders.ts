import { staleSenders, type NodeStatus, type StaleSendersAnswer } from '@hotstandby/contracts';
import { freshForMs } from './status-board.ts';

/** Who still sends to a node that is not active, as its services say; the last seen first. */
export function staleSendersOf(nodes: readonly Pick<NodeStatus, 'name' | 'services'>[]): StaleSendersAnswer {
  const answer: StaleSendersAnswer = { senders: [], more: 0 };
  for (const { name, services } of nodes) {
    for (const { service, detail, ageMs } of services) {
      const said = staleSenders.safeParse(detail['staleSenders']);
      if (!said.success || ageMs > freshForMs) continue;
      answer.senders.push(...said.data.senders.map((sender) => ({ node: name, service, ...sender })));
      answer.more += said.data.more;
    }
  }
  answer.senders.sort((one, other) => Date.parse(other.lastSeen) - Date.parse(one.lastSeen));
  return answer;
}
