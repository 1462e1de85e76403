import type { SyslogRecord, TrapRecord } from '@hotstandby/decoders';

// Records as lines of JSON, written by hand: JSON.stringify of the whole costs as much as the decoding.

const special = /["\\\u0000-\u001f]/;
const longest = 24;

function text(value: string | null): string {
  if (value === null) return 'null';
  return needsEscape(value) ? JSON.stringify(value) : `"${value}"`;
}

/** Short texts by hand: calling the regular expression would be most of it. */
function needsEscape(value: string): boolean {
  if (value.length > longest) return special.test(value);
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code < 0x20 || code === 0x22 || code === 0x5c) return true;
  }
  return false;
}

function dataText(data: SyslogRecord['structuredData']): string {
  if (data === null) return 'null';
  let elements = '';
  for (const id in data) {
    let parameters = '';
    const element = data[id] ?? {};
    for (const name in element) {
      const value = element[name] ?? '';
      const shown = typeof value === 'string' ? text(value) : JSON.stringify(value);
      parameters += `${parameters === '' ? '' : ','}${text(name)}:${shown}`;
    }
    elements += `${elements === '' ? '' : ','}${text(id)}:{${parameters}}`;
  }
  return `{${elements}}`;
}

export function syslogLine(record: SyslogRecord): string {
  const { receivedAtMs, sourceAddress, format, facility, severity, timestampMs, structuredData } = record;
  return (
    `{"receivedAtMs":${receivedAtMs},"source":"${sourceAddress}","format":"${format}","facility":${facility},"severity":${severity},` +
    `"timestampMs":${timestampMs},"host":${text(record.hostname)},"app":${text(record.appName)},"proc":${text(record.procId)},` +
    `"msgid":${text(record.msgId)},"data":${dataText(structuredData)},` +
    `"message":${text(record.message)},"malformed":${text(record.malformed)}}\n`
  );
}

export function trapLine(record: TrapRecord): string {
  let varbinds = '';
  for (const { oid, type, value } of record.varbinds) {
    const shown = typeof value === 'number' ? value : typeof value === 'string' ? text(value) : JSON.stringify(value);
    varbinds += `${varbinds === '' ? '' : ','}{"oid":"${oid}","type":"${type}","value":${shown}}`;
  }
  return (
    `{"receivedAtMs":${record.receivedAtMs},"source":"${record.sourceAddress}","version":${text(record.version)},` +
    `"community":${text(record.community)},"trapOid":${text(record.trapOid)},"uptimeTicks":${record.uptimeTicks},` +
    `"varbinds":[${varbinds}],"malformed":${text(record.malformed)}}\n`
  );
}
