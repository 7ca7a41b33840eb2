import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Family } from '../../src/ip/family.js';
import { temporaryFolder } from './cleanup.js';
import type { Namespace } from './namespace.js';

/** What a server said to one question. */
export interface DnsReply {
  /** `NOERROR`, `NXDOMAIN`, …, or `no reply`. */
  status: string;
  /** Data of the answer section: addresses, or texts with their quotes. */
  answers: string[];
}

/**
 * Asks 127.0.0.1, port 5300, inside the namespace, over UDP, all names in one run of dig.
 * @returns a reply for every name, in the same order
 */
export async function digAll(
  network: Namespace,
  type: 'A' | 'TXT' | 'SOA',
  names: readonly string[],
): Promise<DnsReply[]> {
  const file = join(await temporaryFolder(), 'names');
  await writeFile(file, names.map((name) => `${name}\n`).join(''));
  const show = ['+noall', '+comments', '+question', '+answer', '+notcp', '+tries=2', '+timeout=2'];
  const { stdout } = await network.run(
    'dig',
    [...show, '-p', '5300', '@127.0.0.1', '-t', type, '-f', file],
    { timeoutMs: 60_000 },
  );
  const replies = new Map<string, DnsReply>();
  for (const part of stdout.split(';; Got answer:').slice(1)) {
    const status = /status: (\w+)/.exec(part)?.[1];
    const asked = /^;(\S+)\.\s+IN/m.exec(part)?.[1];
    if (status === undefined || asked === undefined) throw new Error(`not understood: ${part}`);
    const answers = [...part.matchAll(/^[^;\s]\S*\s+\d+\s+IN\s+\S+\s+(.*)$/gm)];
    replies.set(asked, { status, answers: answers.map((match) => match[1] as string) });
  }
  return names.map((name) => replies.get(name) ?? { status: 'no reply', answers: [] });
}

/** The name under which a DNSBL zone lists the address (RFC 5782); `address` in full form. */
export function dnsblName(family: Family, address: string, zone: string): string {
  const groups = address.split(':').map((group) => group.padStart(4, '0'));
  const parts = family === 4 ? address.split('.') : groups.flatMap((group) => group.split(''));
  return `${parts.reverse().join('.')}.${zone}`;
}
