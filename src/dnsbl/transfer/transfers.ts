import { setImmediate as nextTurn } from 'node:timers/promises';

import { decode } from 'dns-packet';

import type { Endpoint } from '../../config/network-values.js';
import type { AddressSet } from '../../ip/address-set.js';
import { formatAddress } from '../../ip/address.js';
import { hasAddress } from '../../ip/address-set.js';
import type { Client } from '../answer/client.js';
import { Query, READ } from '../answer/query.js';
import type { CompiledZone, CompiledZones } from '../index/compile.js';
import { findZone } from '../index/zone-table.js';
import { CLASS, TYPE } from '../wire/codes.js';
import { formatName } from '../wire/name.js';
import { noticeSource, notifySecondary } from './notify.js';
import { transferMessages, upToDateMessage } from './transfer-messages.js';

export interface TransferSettings {
  /** Who may transfer zones. */
  readonly clients: AddressSet;
  /** Who is told when a zone has changed. */
  readonly notify: readonly Endpoint[];
  /** What is served on: where notices come from. */
  readonly listen: readonly Endpoint[];
  readonly report: (level: 'warning' | 'info', text: string) => void;
}

/** Where the messages of a transfer go; resolves when the next one may be given. */
export interface MessageStream {
  send(message: Uint8Array): Promise<void>;
}

/** Zone transfers (AXFR, RFC 5936) for secondary servers, and word to them of changes (RFC 1996). */
export class Transfers {
  readonly #settings: TransferSettings;
  readonly #query = new Query();
  readonly #serials = new Map<string, number>();
  readonly #notices = new Map<string, AbortController>();
  #zones: CompiledZones | undefined;

  constructor(settings: TransferSettings) {
    this.#settings = settings;
  }

  /** Transfers come from these zones from now on; secondaries are told of those that changed. */
  serve(zones: CompiledZones): void {
    this.#zones = zones;
    for (const zone of zones.zones) {
      if (zone.state !== 'ready' || zone.soa.length === 0) continue;
      const name = formatName(zone.name);
      const serial = serialOf(zone.soa);
      if (this.#serials.get(name) === serial) continue;
      this.#serials.set(name, serial);
      // a zone behind keys has names that are to be kept secret, also from the way to a secondary
      if (isServedByName(zones, zone)) this.#tell(name);
    }
  }

  /** Ends what is under way. */
  stop(): void {
    for (const notice of this.#notices.values()) notice.abort();
    this.#notices.clear();
  }

  /**
   * Sends a zone to a client that may have it. An IXFR gets the whole zone, too, or the SOA where
   * the client has what there is (RFC 1995 4).
   *
   * @returns undefined where the question is to be answered as any other, which refuses it
   */
  answer(message: Uint8Array, client: Client, stream: MessageStream): Promise<void> | undefined {
    const zones = this.#zones;
    const query = this.#query;
    if (!zones || !this.#isAllowed(client)) return undefined;
    if (query.read(message, 0, message.length) !== READ.ok || query.opcode !== 0) return undefined;
    if (query.klass !== CLASS.IN) return undefined;
    const name = findZone(zones.table, query);
    if (name < 0 || (zones.table.names[name] as Uint8Array).length !== query.nameEnd) {
      return undefined;
    }
    const zone = zones.zones[zones.table.zones[name] as number] as CompiledZone;
    const isServed = zone.state === 'ready' && zone.expiresAtMs > Date.now();
    if (!isServed || zone.soa.length === 0) return undefined;
    const isCurrent = query.type === TYPE.IXFR && isUpToDate(message, serialOf(zone.soa));
    const messages = isCurrent
      ? [upToDateMessage(zone, message, query.questionEnd)]
      : transferMessages(zones, zone, message, query.questionEnd);
    const told = `zone ${formatName(zone.name)}, serial ${serialOf(zone.soa)}`;
    return send(messages, stream).then((count) => {
      const what = isCurrent ? 'is what the secondary has' : `was sent in ${count} messages`;
      this.#settings.report('info', `${told}, ${what}: ${addressText(client)}`);
    });
  }

  #isAllowed({ family, words }: Client): boolean {
    const address = { family, words: family === 4 ? words.subarray(0, 1) : words };
    return hasAddress(this.#settings.clients, address);
  }

  #tell(zone: string): void {
    const { notify, listen, report } = this.#settings;
    for (const secondary of notify) {
      const key = `${zone} ${secondary.address} ${secondary.port}`;
      this.#notices.get(key)?.abort();
      const notice = new AbortController();
      this.#notices.set(key, notice);
      const source = noticeSource(secondary, listen);
      void notifySecondary(secondary, zone, source, notice.signal).then((reason) => {
        if (this.#notices.get(key) === notice) this.#notices.delete(key);
        if (reason === undefined || notice.signal.aborted) return;
        report(
          'warning',
          `secondary ${secondary.address} port ${secondary.port} was told that zone ${zone} ` +
            `changed, and did not take it: ${reason}`,
        );
      });
    }
  }
}

function addressText({ family, words }: Client): string {
  return formatAddress({ family, words: family === 4 ? words.subarray(0, 1) : words });
}

/** @returns how many were sent */
async function send(messages: Iterable<Uint8Array>, stream: MessageStream): Promise<number> {
  let count = 0;
  for (const message of messages) {
    await stream.send(message);
    // a client that reads as fast as this goes must not keep all others from being answered
    await nextTurn();
    count++;
  }
  return count;
}

/** Whether an IXFR's SOA has this serial, or one that comes after it (RFC 1982). */
function isUpToDate(message: Uint8Array, serial: number): boolean {
  const theirs = serialAsked(message);
  return theirs !== undefined && ((theirs - serial) | 0) >= 0;
}

function serialAsked(message: Uint8Array): number | undefined {
  try {
    const soa = decode(Buffer.from(message)).authorities?.find(({ type }) => type === 'SOA');
    return soa?.type === 'SOA' ? soa.data.serial : undefined;
  } catch {
    return undefined; // without a serial that can be read, the whole zone is the answer
  }
}

function isServedByName(zones: CompiledZones, zone: CompiledZone): boolean {
  const own = zone.name.length - 1;
  return zones.table.names.some(
    (name, k) => zones.zones[zones.table.zones[k] as number] === zone && name.length === own,
  );
}

/** The serial in an SOA record without owner: five numbers stand at its end. */
function serialOf(soa: Uint8Array): number {
  return new DataView(soa.buffer, soa.byteOffset, soa.byteLength).getUint32(soa.length - 20);
}
