import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { type Address, formatAddress, parseAddress } from '../../ip/address.js';
import { codeOf } from '../../util/errors.js';
import { ifThere, lineOf } from './process-tree.js';
import { sessionPort } from './session-port.js';

/** The far end of a session that somebody has logged in to. */
export interface SessionPeer {
  readonly address: Address;
  /** Our port, where it is known. */
  readonly port: number | undefined;
  /** Where we know it from, for the message. */
  readonly source: string;
}

/** Where sessions are looked for; other places in tests. */
export interface SessionSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** proc(5), and the process whose ancestors are looked at. */
  readonly procFolder: string;
  readonly parent: number;
  /** Folder of logind's session files. */
  readonly logindFolder: string;
  readonly utmpFile: string;
}

const HOST_SESSIONS: SessionSources = {
  environment: process.env,
  procFolder: '/proc',
  parent: process.ppid,
  logindFolder: '/run/systemd/sessions',
  utmpFile: '/run/utmp',
};

/**
 * The peers of authenticated sessions: SSH_CONNECTION of this process, or where it has none
 * (sudo leaves it out) of those from which it descends, logind's remote sessions, and utmp. A
 * mere TCP connection to sshd is no session: whoever guesses passwords has one too.
 */
export function findSessionPeers(sources: SessionSources = HOST_SESSIONS): SessionPeer[] {
  const { procFolder } = sources;
  const found = [
    ...fromEnvironment(sources.environment),
    ...(sources.environment['SSH_CONNECTION'] === undefined
      ? fromAncestors(procFolder, sources.parent)
      : []),
    ...fromLogind(sources.logindFolder, procFolder),
    ...fromUtmp(sources.utmpFile, procFolder),
  ];
  const peers = new Map<string, SessionPeer>();
  // an address may have sessions on several ports; one whose port is not known adds nothing to those
  for (const peer of [...found.filter(({ port }) => port !== undefined), ...found]) {
    const address = formatAddress(peer.address);
    const isKnown = [...peers.values()].some((each) => formatAddress(each.address) === address);
    if (peer.port === undefined && isKnown) continue;
    const key = `${address} ${peer.port ?? ''}`;
    if (!peers.has(key)) peers.set(key, peer);
  }
  return [...peers.values()];
}

/** `SSH_CONNECTION=client-address client-port server-address server-port` (ssh(1)). */
function fromEnvironment(environment: SessionSources['environment']): SessionPeer[] {
  const [text = '', , , port = ''] = (environment['SSH_CONNECTION'] ?? '').split(' ');
  return peerOf(text, /^\d+$/.test(port) ? Number(port) : undefined, 'this SSH session');
}

/** Root may read the environment that any process was started with. */
function fromAncestors(proc: string, parent: number): SessionPeer[] {
  const peers: SessionPeer[] = [];
  for (const pid of lineOf(proc, parent, MAX_DEPTH)) {
    const environment = readIfThere(join(proc, String(pid), 'environ'))?.toString('utf8') ?? '';
    const text = /(?:^|\0)SSH_CONNECTION=([^\0]*)/.exec(environment)?.[1];
    if (text !== undefined) peers.push(...fromEnvironment({ SSH_CONNECTION: text }));
  }
  return peers;
}

/** systemd-logind writes `KEY=value` lines for each session. */
function fromLogind(folder: string, procFolder: string): SessionPeer[] {
  return namesIn(folder).flatMap((name) => {
    const text = readIfThere(join(folder, name))?.toString('utf8') ?? '';
    const host = /^REMOTE_HOST=(.*)$/m.exec(text)?.[1] ?? '';
    const user = /^USER=(.*)$/m.exec(text)?.[1] ?? '';
    const leader = Number(/^LEADER=(\d+)$/m.exec(text)?.[1] ?? 0);
    const source = `session ${name} of ${user || 'a user'}`;
    return peerOf(host.replaceAll('"', ''), undefined, source).map((peer) =>
      withPort(peer, procFolder, leader),
    );
  });
}

function withPort(peer: SessionPeer, procFolder: string, pid: number): SessionPeer {
  return { ...peer, port: sessionPort(procFolder, pid, peer.address) };
}

/** No chain of shells is longer. */
const MAX_DEPTH = 64;

/** Layout of utmp(5) on Linux, 64 bit: records of 384 bytes. */
const UTMP = {
  size: 384,
  type: 0,
  pid: 4,
  user: 44,
  userLength: 32,
  address: 348,
  userProcess: 7,
} as const;

function fromUtmp(file: string, procFolder: string): SessionPeer[] {
  const bytes = readIfThere(file);
  const peers: SessionPeer[] = [];
  for (let at = 0; bytes !== undefined && at + UTMP.size <= bytes.length; at += UTMP.size) {
    if (bytes.readInt16LE(at + UTMP.type) !== UTMP.userProcess) continue;
    const words = Uint32Array.from([0, 4, 8, 12], (k) => bytes.readUInt32BE(at + UTMP.address + k));
    if (words.every((word) => word === 0)) continue; // a local session
    const isIPv4 = words[1] === 0 && words[2] === 0 && words[3] === 0;
    const user = bytes
      .subarray(at + UTMP.user, at + UTMP.user + UTMP.userLength)
      .toString('utf8')
      .replace(/\0.*$/s, '');
    const address: Address = isIPv4
      ? { family: 4, words: words.slice(0, 1) }
      : { family: 6, words };
    const source = `the login of ${user}`;
    const peer = { address: unmapped(address), port: undefined, source };
    peers.push(withPort(peer, procFolder, bytes.readInt32LE(at + UTMP.pid)));
  }
  return peers;
}

function peerOf(text: string, port: number | undefined, source: string): SessionPeer[] {
  const address = parseAddress(text.replace(/%.*$/, ''));
  return 'expected' in address ? [] : [{ address: unmapped(address), port, source }];
}

/** sshd on a dual-stack socket may show IPv4 clients in their mapped form. */
function unmapped(address: Address): Address {
  const { words } = address;
  const isMapped = words.length === 4 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return isMapped ? { family: 4, words: words.slice(3) } : address;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.endsWith('.ref'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []; // a host without logind
    throw error;
  }
}

function readIfThere(path: string): Buffer | undefined {
  return ifThere(() => readFileSync(path));
}
