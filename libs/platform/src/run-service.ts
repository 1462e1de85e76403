import { CodedError, exitCodes, serviceExitCode, type ServiceName } from '@hotstandby/contracts';
import type { Wire } from './foundation.ts';
import { faultLine, loadConfig } from './load-config.ts';
import { openLog, type ProcessLog } from './log/index.ts';
import { serviceArguments, serviceUsage, type ServiceArguments } from './service-arguments.ts';
import { startService, type RunningService } from './start-service.ts';

/** A stop that takes longer is given up. */
const stopWithinMs = 4500;
/** The longest that a slow reader of the log holds up the end. */
const drainWithinMs = 300;

class Stopped extends Error {}

/**
 * Runs one service as this process, until SIGTERM or SIGINT: exit 0; the second signal exits at once. A configuration
 * that is wrong exits with 78, a fault that may pass with 75, a fault of the program with 70 (docs/errors.md).
 * Resolves when the service has started.
 */
export async function runService(name: ServiceName, wire: Wire): Promise<void> {
  const asked = argumentsOf(name);
  if (!asked) return;
  const loaded = await loadConfig(asked.configFile);
  if (!loaded.ok) {
    for (const fault of loaded.faults) process.stderr.write(`${faultLine(fault)}\n`);
    process.exitCode = exitCodes.configuration;
    return;
  }
  const { config } = loaded;
  const log = openLog(config.log, { service: name, node: config.node.name, cluster: config.cluster });
  dieLoudly(log);

  const stopping = new AbortController();
  let running: RunningService | null = null;
  const finish = async () => {
    await running?.stop();
    log.info(`${name} has stopped`);
    await log.drained(drainWithinMs);
    process.exit(exitCodes.ok);
  };
  const onSignal = (signal: NodeJS.Signals, number: number) => {
    if (stopping.signal.aborted) process.exit(128 + number);
    log.info(`${name} stops`, { signal });
    stopping.abort(new Stopped());
    setTimeout(() => {
      log.error('the stop took too long and is given up', { withinMs: stopWithinMs });
      process.exit(exitCodes.software);
    }, stopWithinMs).unref();
    if (running) void finish();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  try {
    running = await startService(name, config, log, wire, stopping.signal);
  } catch (error) {
    if (error instanceof Stopped) return finish();
    if (error instanceof CodedError) {
      log.error(error.message, { code: error.code, cure: error.cure });
      process.stderr.write(`${error.code} ${error.message}; cure: ${error.cure}\n`);
      await log.drained(drainWithinMs);
      process.exit(serviceExitCode(error.code));
    }
    log.error('the service could not start', { error });
    await log.drained(drainWithinMs);
    process.exit(exitCodes.software);
  }
  // The signal came between the start's end and here.
  if (stopping.signal.aborted) await finish();
}

/** Null: what there was to say has been said. */
function argumentsOf(name: ServiceName): ServiceArguments | null {
  try {
    const asked = serviceArguments(process.argv.slice(2), process.env);
    if (!asked.help) return asked;
    process.stdout.write(serviceUsage(name));
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    process.stderr.write(`${error.code} ${error.message}; cure: ${error.cure}\n`);
    process.exitCode = serviceExitCode(error.code);
  }
  return null;
}

/** A broken assumption ends the process at once, so that a supervisor and the node's other services see it. */
function dieLoudly(log: ProcessLog): void {
  const die = (what: string) => (error: unknown) => {
    log.error(what, { error: error instanceof Error ? error : String(error) });
    process.exit(exitCodes.software);
  };
  process.on('uncaughtException', die('an exception that nobody caught ends the process'));
  process.on('unhandledRejection', die('a rejection that nobody handled ends the process'));
}
