/*
 * Stands for `sekisho serve --config FILE` as long as there is no such command.
 */
import { readFileSync } from 'node:fs';

const DIST = new URL('../../dist/', import.meta.url).href;
const { DnsServer } = await import(new URL('dnsbl/server/server.js', DIST).href);
const { Transfers } = await import(new URL('dnsbl/transfer/transfers.js', DIST).href);
const { readClients } = await import(new URL('dnsbl/access/clients.js', DIST).href);
const { parseConfig } = await import(new URL('config/load.js', DIST).href);

const file = process.argv[process.argv.indexOf('--config') + 1];
const text = readFileSync(file, 'utf8');
const { dnsbl } = parseConfig(text, file).config;
const report = (_, line) => process.stderr.write(`sekisho: ${line}\n`);
const transfers = new Transfers({
  clients: readClients(dnsbl.transfer),
  notify: dnsbl.notify,
  report,
});
const server = new DnsServer({
  listen: dnsbl.listen,
  loader: {
    module: new URL('dnsbl/lists/load-zones.js', DIST).href,
    input: { text, file },
  },
  transfer: (query, client, stream) => transfers.answer(query, client, stream),
  ...(dnsbl.transport === 'dgram' && { transport: 'dgram' }),
  report,
  onServing: ({ compiled }) => transfers.serve(compiled),
});
process.on('SIGTERM', () => {
  transfers.stop();
  void server.stop();
});
await server.start();
