/*
 * Runs the DNS server in the foreground with settings from the command line (JSON), as a command
 * does. Lines on standard output: `ready` once, then answers to commands on standard input:
 * `kill` ends a thread that answers, `reload`, `memory`.
 */
import { createInterface } from 'node:readline';

const DIST = process.env.SEKISHO_TEST_DIST ?? new URL('../../dist/', import.meta.url).href;
await import(new URL('util/hold-signals.js', DIST).href);
const { runForeground } = await import(new URL('dnsbl/server/run-foreground.js', DIST).href);

const [settings, loaderInput] = process.argv.slice(2).map((text) => JSON.parse(text));
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
let running;

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'kill') void running.batch.threads[0].terminate().then(() => say('killed'));
  if (line === 'reload') void running.reload().then((isNew) => say({ reloaded: isNew }));
  if (line === 'memory') say({ rss: process.memoryUsage.rss() });
  if (line === 'statistics') {
    const { zones, all, lists } = running.statistics();
    say({ zones: Object.fromEntries(zones), all, lists: Object.fromEntries(lists) });
  }
});

try {
  process.exitCode = await runForeground({
    settings: {
      ...settings,
      loader: {
        module: new URL('./dns-zone-loader.mjs', import.meta.url).href,
        input: loaderInput,
      },
    },
    onServer: (server) => (running = server),
    onReady: () => say('ready'),
  });
} catch (error) {
  process.stderr.write(`${error.name}: ${error.message}\n`);
  process.exitCode = error.exitCode ?? 70;
}
process.stdin.destroy();
