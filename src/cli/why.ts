import { type Command, InvalidArgumentError } from 'commander';

import type { LoadedConfig } from '../config/load.js';
import { type Address, parseAddress } from '../ip/address.js';
import { findFacts } from '../jobs/address-facts.js';
import { openDataIfAny } from '../jobs/open-data.js';
import type { List } from '../lists/catalogue.js';
import { needsCountries } from '../lists/in-use.js';
import type { Verdict } from '../policy/verdict.js';
import type { CountryData } from '../sources/country-data.js';
import { EXIT, type ExitCode, UsageError } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import {
  type DataOptions,
  addDataOptions,
  loadConfigIfNeeded,
  openListsOf,
} from './data-options.js';
import { VOICE, warn, writeJson, writeOut } from './output.js';
import { detailLines, summaryLine } from './why-text.js';

interface WhyOptions extends DataOptions {
  readonly json?: true;
  readonly long?: true;
  readonly port?: number;
  readonly udp?: true;
  readonly forwarded?: true;
}

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command)
    .argument('<address...>', 'IPv4 or IPv6 addresses')
    .option('--json', 'print JSON')
    .option(
      '--long',
      'every fact, also where standard output is no terminal: there a line is one address',
    )
    .option('--port <n>', 'what the firewall does with a new TCP connection to this port', port)
    .option('--udp', 'with --port: UDP instead of TCP')
    .option('--forwarded', 'with --port: to a host behind this one, which only routes it on')
    .action(async (texts: string[], options: WhyOptions) => run(() => why(texts, options)));
};

async function why(texts: readonly string[], options: WhyOptions): Promise<ExitCode> {
  const addresses = texts.map(addressFrom);
  for (const name of ['udp', 'forwarded'] as const) {
    if (!options[name] || options.port !== undefined) continue;
    throw new UsageError(`--${name} needs --port`);
  }
  const loaded = await loadConfigIfNeeded(options);
  if (options.port !== undefined) requireFirewall(loaded);
  const data = await openDataIfAny(loaded, options, VOICE, { keepStatistics: true });
  if (data.absent !== undefined) warn(`countries are not known: ${data.absent}`);
  const lists = loaded ? (await openListsOf(loaded, data, options)).lists : new Map<string, List>();
  const judge = await judgeOf(loaded, lists, options);
  const isLong = options.long ?? process.stdout.isTTY;
  let code: ExitCode = isLacking(loaded, data) ? EXIT.partial : EXIT.done;
  const found = await findFacts(addresses, {
    loaded,
    data,
    lists,
    ...(options.from && { from: options.from }),
    nowMs: Date.now(),
    isBrief: !isLong && !options.json,
    warn: (text) => {
      warn(text);
      code = EXIT.partial;
    },
  });
  const judged = addresses.map((address) => judge?.(address));
  if (options.json) {
    await writeJson(
      found.map(({ facts }, k) => {
        const { rule = null, verdict } = judged[k] ?? {};
        return { ...facts, ...(verdict && { rule, verdict }) };
      }),
    );
    return code;
  }
  const lines = found.flatMap((one, k) => {
    const text = judged[k]?.text;
    const summary = summaryLine(one, data);
    return [
      text === undefined ? summary : `${summary}  ${text}`,
      ...(isLong ? detailLines(one.facts) : []),
    ];
  });
  await writeOut(lines.map((line) => line + '\n'));
  return code;
}

/** Whether the answer would be another one with the countries that there are not. */
function isLacking(loaded: LoadedConfig | undefined, { absent }: CountryData): boolean {
  return absent !== undefined && (loaded === undefined || needsCountries(loaded.config));
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number >= 1 && number <= 65535) return number;
  throw new InvalidArgumentError('Expected a port from 1 to 65535.');
}

function requireFirewall(loaded: LoadedConfig | undefined): void {
  if (loaded?.config.firewall !== undefined) return;
  const where = loaded?.file ?? 'the configuration (there is none)';
  throw new UsageError(
    `--port asks what the firewall does, and ${where} has no firewall part; ` +
      'see `sekisho config example`',
  );
}

/** What the firewall does with a new flow from an address. */
interface Judged extends Verdict {
  readonly text: string;
}

/** Undefined without --port. */
async function judgeOf(
  loaded: LoadedConfig | undefined,
  lists: ReadonlyMap<string, List>,
  { port: wanted, udp, forwarded }: WhyOptions,
): Promise<((address: Address) => Judged) | undefined> {
  if (loaded === undefined || wanted === undefined) return undefined;
  const { planOf } = await import('../firewall/open-plan.js');
  const { judgeFlow } = await import('../policy/verdict.js');
  const plan = planOf(loaded, lists);
  const protocol = udp ? 'udp' : 'tcp';
  const flow = { direction: 'in', protocol, port: wanted, routed: forwarded ?? false } as const;
  return (address) => {
    const judged = judgeFlow(plan, { address, ...flow });
    const action = plan.rules.find(({ name }) => name === judged.rule)?.action ?? 'drop';
    const what = judged.verdict === 'pass' ? 'pass' : action;
    return { ...judged, text: `${protocol} ${wanted}: ${what}: ${judged.reason}` };
  };
}

function addressFrom(text: string): Address {
  const address = parseAddress(text);
  if (!('expected' in address)) return address;
  throw new UsageError(`found ${JSON.stringify(text)}; expected ${address.expected}`);
}
