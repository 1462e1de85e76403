import path from 'node:path';
import { type Layout, nodeFolders, nodeNames, ports, sharedFolders, storeUrl, telemetryTargets } from './layout.ts';

/** Everything that a person can try, as lines to copy. */
export function hintsText(
  layout: Layout,
  choices: { defaultData: boolean; fileSync: boolean; enter: string | null },
): string {
  const { addresses, virtualName } = layout;
  const shared = sharedFolders(layout);
  const config = choices.defaultData ? '' : ` --config ${nodeFolders(layout, 'a').config}`;
  const dig = virtualName && `dig +short @${virtualName.address} -p ${virtualName.port} ${virtualName.name}`;
  const targets = dig ? [`$(${dig})`] : telemetryTargets(layout);
  const each = (line: (address: string) => string) => targets.map((address) => `  ${line(address)}`);
  const nodeLine = (node: 'a' | 'b') =>
    `node ${node} ${addresses[node]}`.padEnd(20) +
    `syslog ${ports.syslog}/udp  traps ${ports.trap}/udp  flows ${ports.flow}, ${ports.ipfix} and sFlow ${ports.sflow}/udp  console ${ports.console}  ` +
    `services ${ports.heartbeat}-${ports.notifier}  NATS ${ports.nats}${node === 'a' ? `  leaf ${ports.leaf}` : ''}${choices.fileSync ? `  ssh ${ports.ssh}` : ''}`;
  const lines = [
    ...(choices.enter
      ? ['Enter the network of the pair (its addresses are only there)', `  ${choices.enter}`, '']
      : []),
    feedText(layout),
    ...each((address) => `logger -n ${address} -P ${ports.syslog} -d --rfc5424 hello`),
    ...each((address) => `snmptrap -v2c -c public ${address}:${ports.trap} '' 1.3.6.1.6.3.1.1.5.3`),
    ...each((address) => `softflowd -r test/fixtures/demo/flows.pcap -n ${address}:${ports.flow} -v 9`),
    '',
    'See what was stored',
    ...['syslog', 'traps', 'flows'].map((kind) => `  npx hotstandby records ${kind} --last 10${config}`),
    `  npx hotstandby status${config}`,
    `  psql "${storeUrl(layout)}?passfile=${encodeURI(shared.passFile)}"`,
    '',
    'Follow what happens',
    ...(dig ? [`  ${dig}`, `  ${dig.replace(virtualName.name, `_hotstandby.${virtualName.name} TXT`)}`] : []),
    `  npx hotstandby events --follow${config}`,
    ...nodeNames.map((node) => `  curl http://${addresses[node]}:${ports.console}/api/status`),
    `  ls ${shared.mails}`,
    ...(choices.fileSync
      ? [
          '',
          'Edit a file on a and see it on b',
          `  echo "router-2: 192.0.2.3" >> ${path.join(nodeFolders(layout, 'a').files, 'devices.yaml')}`,
          `  cat ${path.join(nodeFolders(layout, 'b').files, 'devices.yaml')}`,
        ]
      : []),
    '',
    'Ports',
    `  ${nodeLine('a')}`,
    `  ${nodeLine('b')}`,
    `  ${`store  ${addresses.store}`.padEnd(20)}PostgreSQL ${ports.postgres}  SMTP ${ports.smtp}${virtualName ? `  DNS ${virtualName.address}:${virtualName.port}` : ''}`,
    `  logs   ${nodeNames.map((node) => nodeFolders(layout, node).logs).join('  ')}  ${shared.logs}`,
  ];
  return `${lines.join('\n')}\n`;
}

function feedText({ addresses, virtualName }: Layout): string {
  if (virtualName) return `Send telemetry to the virtual hostname ${virtualName.name} (as devices do that resolve it)`;
  return addresses.vip === null ? 'Send telemetry to both nodes (dual feed)' : 'Send telemetry to the virtual IP';
}
