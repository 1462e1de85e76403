import type { Findings, Place } from './findings.ts';
import { leaveUnknown, only, readTags, type Tag } from './read-tags.ts';
import { takeTiming, trueOrFalse, wholeNumber, type Given } from './timing.ts';
import { takeBackup } from './web-nms-backup.ts';
import { takeMail } from './web-nms-mail.ts';

/** What Web NMS takes for a number that its file does not give. */
const defaults = { HEART_BEAT_INTERVAL: 60, FAIL_OVER_INTERVAL: 60, RETRY_COUNT: 1 } as const;

/** A FailOver.xml of Web NMS: `<FAILOVER>` with `<PRIMARY>` and `<STANDBY>`; before 4.7.0 SP1 it had only one of them. */
export function importWebNms(file: string, text: string, home: string | null, findings: Findings): void {
  const root = readTags(file, text, findings);
  if (!root) return;
  if (root.name !== 'FAILOVER') {
    findings.refuse(root.place, 'FAILOVER as the outermost element', 'Give the FailOver.xml of <Web NMS Home>/conf.');
    return;
  }
  const primary = only(root, 'PRIMARY', findings);
  const standby = only(root, 'STANDBY', findings);
  if (!primary && !standby) {
    findings.refuse(root.place, 'PRIMARY or STANDBY inside', 'Give a complete FailOver.xml.');
    return;
  }
  const given = (tag: Tag | null, name: keyof typeof defaults): Given | undefined => {
    const attribute = tag?.attributes.get(name);
    const place: Place = { ...(tag ?? root).place, what: `${name} is not there` };
    if (!attribute)
      return { value: defaults[name], place: { ...place, what: `${name} is not there, so ${defaults[name]}` } };
    const value = wholeNumber(findings, attribute.value, attribute.place);
    return value === undefined ? undefined : { value, place: attribute.place };
  };
  const beat = given(primary, 'HEART_BEAT_INTERVAL');
  const interval = given(standby, 'FAIL_OVER_INTERVAL');
  const retries = given(standby, 'RETRY_COUNT');
  if (beat && interval && retries) {
    const said = `${interval.value} s x ${retries.value}`;
    takeTiming(findings, beat, { seconds: interval.value * retries.value, said, from: [interval, retries] });
  }

  const disabled = root.attributes.get('NMS_BE_FAILOVER');
  if (disabled) takeEnabled(findings, disabled.value, disabled.place);
  const backup = standby ? only(standby, 'BACKUP', findings) : null;
  if (backup) takeBackup(backup, home, findings);
  const mail = standby ? only(standby, 'SEND_EMAIL', findings) : null;
  if (mail) takeMail(mail, findings);

  leaveUnknown(root, ['NMS_BE_FAILOVER'], ['PRIMARY', 'STANDBY'], findings);
  if (primary) leaveUnknown(primary, ['HEART_BEAT_INTERVAL'], [], findings);
  if (standby) leaveUnknown(standby, ['FAIL_OVER_INTERVAL', 'RETRY_COUNT'], ['BACKUP', 'SEND_EMAIL'], findings);
}

/** The switch NMS_BE_FAILOVER: a command line argument of the start script, and taken as an attribute, too. */
export function takeEnabled(findings: Findings, text: string, place: Place): void {
  const enabled = trueOrFalse(findings, text, place);
  if (enabled === undefined) return;
  findings.take(
    place,
    [{ field: 'policy.enabled', value: enabled }],
    enabled
      ? 'Failover is on, as it is by default.'
      : 'Failover is off: the node that holds the lease reigns alone, and nobody takes over from it.',
  );
}
