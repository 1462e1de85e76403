import type { Findings } from './findings.ts';
import { takeEnabled } from './web-nms.ts';

const argument = /^(?!\s*(?:#|rem\b|::)).*\bNMS_BE_FAILOVER[\s=]+["']?([^\s"']+)/gim;

/** A startnms script of Web NMS: whether it switches failover off by `NMS_BE_FAILOVER false`. */
export function importStartScript(file: string, text: string, findings: Findings): void {
  for (const match of text.matchAll(argument)) {
    const [, value = ''] = match;
    const line = text.slice(0, match.index).split('\n').length;
    takeEnabled(findings, value, { file, line, what: `NMS_BE_FAILOVER ${value.slice(0, 40)}` });
  }
}
