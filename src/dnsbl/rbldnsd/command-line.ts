import { UsageError } from '../../util/errors.js';
import { parseTime } from './fields.js';
import type { DatasetSpec, LoadRequest, ZoneSpec } from './load-zones.js';
import { parseDomainName } from './domain-name.js';
import { READ_DEFAULTS } from './set-reader.js';
import { isSetType } from './set-types.js';

/** An address to listen on, as `-b` names it; neither is looked up here. */
export interface BindAddress {
  readonly host: string;
  /** A number or a service's name. */
  readonly port: string;
}

export interface LogFile {
  /** Undefined for standard output. */
  readonly path?: string;
  /** `+`: every line is written at once. */
  readonly isUnbuffered: boolean;
}

/** What rbldnsd's command line asks for. Plain data. */
export interface RbldnsdSettings {
  readonly mode: 'serve' | 'dump';
  readonly bind: readonly BindAddress[];
  /** `-4`, `-6`. */
  readonly family?: 4 | 6;
  /** `-n`: stay in the foreground. */
  readonly foreground: boolean;
  /** `-f`: answer during reloads. It is always so here. */
  readonly forkOnReload: boolean;
  /** `-q`: no first load in the foreground, and errors of it do not end the program. */
  readonly quickStart: boolean;
  /** `-c`; 0 for no checks. */
  readonly checkIntervalSeconds: number;
  /** `-u`. */
  readonly user?: string;
  readonly group?: string;
  /** `-r`, `-w`, `-p`. */
  readonly root?: string;
  readonly workingFolder?: string;
  readonly pidFile?: string;
  /** `-l`. */
  readonly log?: LogFile;
  /** `-s`; with `+` what came since the last line. */
  readonly statistics?: { readonly path: string; readonly isRelative: boolean };
  /** What version.bind answers: with one `-v` no number, with two REFUSED. */
  readonly version: 'full' | 'name' | 'refuse';
  /** `-a` leaves the name servers out of answers, `-A` (the default) does not. */
  readonly authoritySection: boolean;
  /** `-F`. */
  readonly facility: string;
  /** All zones, in the order in which they are named first. */
  readonly load: Omit<LoadRequest, 'settings'> & {
    readonly settings: Omit<LoadRequest['settings'], 'nowMs'>;
  };
}

/** More listening addresses are refused, as by rbldnsd. */
const MOST_ADDRESSES = 20;

const FACILITIES = [
  ...['auth', 'authpriv', 'cron', 'daemon', 'ftp', 'kern'],
  ...['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
  ...['lpr', 'mail', 'news', 'syslog', 'user', 'uucp'],
];

const FLAGS = ['4', '6', 'n', 'f', 'q', 'e', 'v', 'C', 'a', 'A', 'd', 'h'];
const VALUES = ['b', 'c', 't', 'l', 's', 'u', 'r', 'w', 'p', 'F', 'x', 'X'];

type Given = readonly (readonly [letter: string, value: string])[];

/**
 * Reads rbldnsd's arguments. As with getopt(3) of the GNU library options may follow the zones.
 *
 * @returns `help` where `-h` is among them
 * @throws UsageError with what was found and expected
 */
export function parseCommandLine(argv: readonly string[]): RbldnsdSettings | 'help' {
  const [given, specs] = splitArguments(argv);
  if (given.some(([letter]) => letter === 'h')) return 'help';
  if (specs.length === 0) throw new UsageError('no zone was named (zone:type:file,file…); see -h');
  const has = (letter: string): boolean => given.some(([other]) => other === letter);
  const value = (letter: string): string | undefined =>
    given.findLast(([other]) => other === letter)?.[1];
  if (has('x') || has('X')) {
    throw new UsageError('-x and -X load extensions of rbldnsd, which this program cannot run');
  }
  const bind = given.filter(([letter]) => letter === 'b').map(([, text]) => parseBind(text));
  if (bind.length > MOST_ADDRESSES) {
    throw new UsageError(`${bind.length} addresses to listen on (-b); ${MOST_ADDRESSES} at most`);
  }
  const mode = has('d') ? 'dump' : 'serve';
  if (mode === 'serve' && bind.length === 0) {
    throw new UsageError('no address to listen on; name one with -b address/port');
  }
  const facility = value('F') ?? 'daemon';
  if (!FACILITIES.includes(facility)) {
    throw new UsageError(`-F ${facility}: expected one of ${FACILITIES.join(', ')}`);
  }
  const family = given.findLast(([letter]) => letter === '4' || letter === '6')?.[0];
  const authority = given.findLast(([letter]) => letter === 'a' || letter === 'A')?.[0];
  const versions = given.filter(([letter]) => letter === 'v').length;
  return {
    mode,
    bind,
    foreground: has('n'),
    forkOnReload: has('f'),
    quickStart: has('q'),
    checkIntervalSeconds: parseInterval(value('c') ?? '60'),
    version: versions === 0 ? 'full' : versions === 1 ? 'name' : 'refuse',
    authoritySection: authority !== 'a',
    facility,
    ...(family !== undefined && { family: family === '4' ? 4 : 6 }),
    ...parseUser(value('u')),
    ...named('root', value('r')),
    ...named('workingFolder', value('w')),
    ...named('pidFile', value('p')),
    ...parseLog(value('l')),
    ...parseStatistics(value('s')),
    load: {
      ...parseZones(specs),
      settings: {
        acceptHostBits: has('e'),
        decompress: !has('C'),
        ...parseTtls(value('t') ?? ''),
      },
    },
  };
}

/** Options with their values in the order given, and the other words, wherever they stand. */
function splitArguments(argv: readonly string[]): [Given, readonly string[]] {
  const given: [string, string][] = [];
  const words: string[] = [];
  for (let k = 0; k < argv.length; k++) {
    const word = argv[k] as string;
    if (word === '--') return [given, [...words, ...argv.slice(k + 1)]];
    if (word.length < 2 || !word.startsWith('-')) {
      words.push(word);
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] as string;
      if (FLAGS.includes(letter)) {
        given.push([letter, '']);
        continue;
      }
      if (!VALUES.includes(letter)) {
        throw new UsageError(`${word}: the option -${letter} is not known; see -h`);
      }
      const value = at + 1 < word.length ? word.slice(at + 1) : argv[++k];
      if (value === undefined) throw new UsageError(`the option -${letter} needs a value; see -h`);
      given.push([letter, value]);
      break;
    }
  }
  return [given, words];
}

function named<Name extends string>(
  name: Name,
  value: string | undefined,
): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>);
}

function parseBind(text: string): BindAddress {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  if (host === '') {
    throw new UsageError(`-b ${text}: expected an address before the port, as in 127.0.0.1/53`);
  }
  const port = slash < 0 ? '' : text.slice(slash + 1);
  return { host, port: port === '' ? 'domain' : port };
}

function parseInterval(text: string): number {
  const time = parseTime(text);
  if (time?.rest !== '') throw new UsageError(`-c ${text}: expected a time such as 60 or 1m`);
  return time.value;
}

/** `default:minimum:maximum`, of which each may be left out. */
function parseTtls(text: string): {
  defaultTtlSeconds: number;
  minimumTtlSeconds: number;
  maximumTtlSeconds: number;
} {
  const wrong = (expected: string): UsageError => new UsageError(`-t ${text}: ${expected}`);
  const parts = text.split(':');
  const [first, low, high] = [0, 1, 2].map((k) => {
    const part = parts[k] ?? '';
    const time = part === '' ? { value: undefined, rest: '' } : parseTime(part);
    if (time?.rest !== '') throw wrong('expected default:minimum:maximum, as in 35m:1m:1h');
    return time.value;
  });
  if (parts.length > 3 || first === 0) {
    throw wrong('expected default:minimum:maximum, the default above 0');
  }
  const ttls = {
    defaultTtlSeconds: first ?? READ_DEFAULTS.defaultTtlSeconds,
    minimumTtlSeconds: low ?? 0,
    maximumTtlSeconds: high ?? 0,
  };
  const { defaultTtlSeconds, minimumTtlSeconds, maximumTtlSeconds } = ttls;
  const top = maximumTtlSeconds === 0 ? Infinity : maximumTtlSeconds;
  if (defaultTtlSeconds < minimumTtlSeconds || defaultTtlSeconds > top || minimumTtlSeconds > top) {
    throw wrong(
      `the default ${defaultTtlSeconds} s must lie between the minimum ${minimumTtlSeconds} s ` +
        `and the maximum ${maximumTtlSeconds === 0 ? '(there is none)' : `${maximumTtlSeconds} s`}`,
    );
  }
  return ttls;
}

function parseUser(text: string | undefined): { user?: string; group?: string } {
  if (text === undefined) return {};
  const colon = text.indexOf(':');
  if (colon < 0) return { user: text };
  return { user: text.slice(0, colon), group: text.slice(colon + 1) };
}

function parseLog(text: string | undefined): { log?: LogFile } {
  const isUnbuffered = text?.startsWith('+') === true;
  const path = isUnbuffered ? text.slice(1) : text;
  if (path === undefined || path === '') return {};
  return { log: path === '-' ? { isUnbuffered } : { path, isUnbuffered } };
}

function parseStatistics(text: string | undefined): Pick<RbldnsdSettings, 'statistics'> {
  const isRelative = text?.startsWith('+') === true;
  const path = isRelative ? text.slice(1) : text;
  return path === undefined || path === '' ? {} : { statistics: { path, isRelative } };
}

/** Words of one zone together; an acl without a zone is the global one. */
function parseZones(specs: readonly string[]): { zones: ZoneSpec[]; globalAcl?: DatasetSpec } {
  const zones = new Map<string, { name: Uint8Array; datasets: DatasetSpec[]; acl?: DatasetSpec }>();
  let globalAcl: DatasetSpec | undefined;
  for (const text of specs) {
    const colon = text.indexOf(':');
    const zoneName = text.slice(0, Math.max(0, colon));
    const dataset = parseDataset(text, text.slice(colon + 1));
    const name = parseDomainName(zoneName);
    if (name === undefined) throw new UsageError(`${text}: ${zoneName} is no domain name`);
    if (name[0] === 0) {
      if (dataset.type !== 'acl') throw new UsageError(`${text}: expected a zone before the colon`);
      if (globalAcl !== undefined) throw new UsageError(`${text}: a second acl for all zones`);
      globalAcl = dataset;
      continue;
    }
    const key = Buffer.from(name).toString('latin1');
    let zone = zones.get(key);
    if (zone === undefined) zones.set(key, (zone = { name, datasets: [] }));
    if (dataset.type !== 'acl') {
      zone.datasets.push(dataset);
    } else if (zone.acl === undefined) {
      zone.acl = dataset;
    } else {
      throw new UsageError(`${text}: a second acl for the zone ${zoneName}`);
    }
  }
  for (const [key, { datasets }] of zones) {
    if (datasets.length === 0) {
      const readable = specs.find((text) => parseName(text) === key) ?? key;
      throw new UsageError(`${readable}: the zone has an acl, but no dataset with entries`);
    }
  }
  return { zones: [...zones.values()], ...(globalAcl !== undefined && { globalAcl }) };
}

function parseName(spec: string): string | undefined {
  const name = parseDomainName(spec.slice(0, Math.max(0, spec.indexOf(':'))));
  return name && Buffer.from(name).toString('latin1');
}

/** `type:file,file…`; a colon divides files too. */
function parseDataset(spec: string, text: string): DatasetSpec {
  const colon = text.indexOf(':');
  if (!spec.includes(':') || colon < 0) {
    throw new UsageError(`${spec}: expected zone:type:file,file…`);
  }
  const type = text.slice(0, colon);
  if (!isSetType(type) && type !== 'combined' && type !== 'acl') {
    throw new UsageError(`${spec}: the dataset type ${type} is not known; see -h`);
  }
  const files = text
    .slice(colon + 1)
    .split(/[,:]/)
    .filter(Boolean);
  if (files.length === 0) throw new UsageError(`${spec}: expected a file behind ${type}:`);
  return { type, files };
}
