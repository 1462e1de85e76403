import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { helpText, parseOptions } from '../../setup/options.mjs';
import { demo } from './demo.ts';
import { deployCommand } from './deploy/command.ts';
import { endLeftovers, ProcessRecord } from './leftovers.ts';
import { sharedFolders } from './layout.ts';
import { catchMails, type MailCatcherOptions } from './mail-catcher.ts';
import { clearNamespaces } from './network.ts';
import { dataFolderOf, faultText } from './session.ts';
import { start } from './start.ts';
import { sendTraffic, type TrafficOptions } from './traffic/generator.ts';

const main = fileURLToPath(import.meta.url);
const root = process.env['HOTSTANDBY_ROOT'] ?? path.resolve(path.dirname(main), '..', '..', '..');

async function run([command, ...args]: string[]): Promise<number> {
  switch (command) {
    // Parts of the pair that are processes of their own.
    case 'mail-catcher':
      await catchMails(JSON.parse(args[0] ?? '') as MailCatcherOptions);
      return 0;
    case 'traffic':
      await sendTraffic(JSON.parse(args[0] ?? '') as TrafficOptions);
      return 0;
    // The folders of a pair on machines of its own.
    case 'files':
      return deployCommand(args);
    // What the launcher calls when this process was killed.
    case 'clean': {
      const options = parseOptions(args);
      const data = dataFolderOf(options, root);
      await endLeftovers(new ProcessRecord(sharedFolders({ data }).run), data);
      if (options.vip) await clearNamespaces();
      return 0;
    }
    default: {
      const options = parseOptions(process.argv.slice(2));
      if (options.help) {
        process.stdout.write(helpText(options.command));
        return 0;
      }
      return options.command === 'demo' ? demo(options, { root, main }) : start(options, { root, main });
    }
  }
}

try {
  process.exit(await run(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`\n${faultText(error)}\n`);
  process.exit(1);
}
