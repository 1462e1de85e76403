import type { Service, ServiceReport } from '@hotstandby/ports';

/** file-sync where the configuration has it switched off: there, healthy, and doing nothing. */
export class FileSyncOff implements Service {
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  report(): ServiceReport {
    return { health: 'ok', summary: 'switched off (fileSync.enabled)', detail: {} };
  }
}
