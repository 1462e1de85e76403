import { errors, headers, type NatsConnection } from '@nats-io/transport-node';

const answerTimeoutMs = 5000;

export interface PublishFailure {
  message: string;
  /** Sending it again would not help. */
  lasting: boolean;
}

/** Appends one message to whichever stream has the subject; null: it is stored. */
export async function publishToStream(
  connection: NatsConnection,
  item: { subject: string; id: string; payload: Uint8Array },
): Promise<PublishFailure | null> {
  const marks = headers();
  marks.set('Nats-Msg-Id', item.id);
  try {
    const answer = await connection.request(item.subject, item.payload, { timeout: answerTimeoutMs, headers: marks });
    const { error } = answer.json<{ error?: { code: number; description: string } }>();
    // 5xx: the server lacks something just now (space, a leader); 4xx: this message will never do.
    return error ? { message: error.description, lasting: error.code < 500 } : null;
  } catch (error) {
    const refused = error instanceof Error && error.cause instanceof errors.PermissionViolationError;
    const tooLarge = error instanceof errors.InvalidArgumentError;
    return { message: error instanceof Error ? error.message : String(error), lasting: refused || tooLarge };
  }
}
