/*
 * A small reader of what `iptables-save` and `ip6tables-save` print, which decides over an
 * address as the kernel would: rules in order, `-j` to a target that decides, `-g` to a chain
 * from whose end there is no way back. It knows `-s`, `-j` and `-g` and refuses all else, and
 * counts in BigInt, apart from the program's own arithmetic.
 */

interface Rule {
  readonly low: bigint;
  readonly high: bigint;
  readonly target: string;
  readonly isGoto: boolean;
}

export interface SavedRules {
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
}

export interface Decision {
  /** The target that decided, if any did. */
  readonly target: string | undefined;
  /** Rules whose match was tried on the way. */
  readonly rulesTested: number;
}

/** Chains of one table whose name begins with `prefix`. */
export function readSavedRules(text: string, prefix: string): SavedRules {
  const chains = new Map<string, Rule[]>();
  for (const line of text.split('\n')) {
    const words = line.split(' ');
    const name = (line.startsWith(':') ? words[0]?.slice(1) : words[1]) ?? '';
    if (!name.startsWith(prefix)) continue;
    if (line.startsWith(':')) {
      chains.set(name, []);
    } else if (words[0] === '-A') {
      const chain = chains.get(name);
      if (!chain) throw new Error(`rule in a chain that is not there: ${line}`);
      chain.push(readRule(words.slice(2), line));
    }
  }
  return { chains };
}

function readRule(words: readonly string[], line: string): Rule {
  const matches = words.length === 4 ? words.slice(0, 2) : ['-s', '*'];
  const [verdict, target] = words.slice(-2);
  if (matches[0] !== '-s' || (verdict !== '-j' && verdict !== '-g') || target === undefined) {
    throw new Error(`not a rule that this reader knows: ${line}`);
  }
  return { ...readPrefix(String(matches[1])), target, isGoto: verdict === '-g' };
}

/** What becomes of an address that jumps to `start`. */
export function decide({ chains }: SavedRules, start: string, address: string): Decision {
  const value = numberOf(address);
  const first = chains.get(start);
  if (!first) throw new Error(`no chain ${start}`);
  let chain = first;
  let rulesTested = 0;
  for (;;) {
    const hit = chain.find(({ low, high }) => {
      rulesTested++;
      return low <= value && value <= high;
    });
    if (!hit) return { target: undefined, rulesTested };
    const next = chains.get(hit.target);
    if (!next) return { target: hit.target, rulesTested };
    if (!hit.isGoto) throw new Error(`${hit.target}: this reader has no way back from -j`);
    chain = next;
  }
}

function readPrefix(text: string): { low: bigint; high: bigint } {
  const everything = (1n << 128n) - 1n;
  if (text === '*') return { low: 0n, high: everything };
  const [address = '', length] = text.split('/');
  const bits = address.includes(':') ? 128 : 32;
  const size = 1n << BigInt(length === undefined ? 0 : bits - Number(length));
  const low = numberOf(address);
  if (low % size !== 0n) throw new Error(`host bits set: ${text}`);
  return { low, high: low + size - 1n };
}

function numberOf(address: string): bigint {
  if (!address.includes(':')) {
    return address.split('.').reduce((value, octet) => value * 256n + BigInt(octet), 0n);
  }
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...new Array<string>(zeros).fill('0'), ...back];
  if (groups.length !== 8) throw new Error(`not an IPv6 address: ${address}`);
  return groups.reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n);
}
