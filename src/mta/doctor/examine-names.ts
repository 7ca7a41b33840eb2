import type { Endpoint } from '../../config/network-values.js';
import type { LoadedConfig } from '../../config/load.js';
import { checkKeys } from './check/keys.js';
import { checkLibrary } from './check/library.js';
import { checkPublicResolvers } from './check/public-resolver.js';
import { checkResolver } from './check/resolver.js';
import { checkService, endpointText, isHeldBy } from './check/service.js';
import { judgeTest } from './check/verdict.js';
import type { DoctorOptions } from './doctor-options.js';
import { type Finding, finding } from './finding.js';
import { ask } from './look/ask.js';
import { askLibrary } from './look/library.js';
import { type PortHolder, readPortHolders } from './look/port-holders.js';
import { type SystemResolvers, readSystemResolvers } from './look/resolv-conf.js';
import { type ZoneAnswers, askAboutZone } from './look/zone-answers.js';
import { publicResolverOwner } from './public-resolvers.js';
import type { ResolverSigns } from './resolver-software.js';
import type { ExpectedZone } from './zones.js';

/** Everything that goes over DNS. */
export async function examineNames(
  { config }: LoadedConfig,
  zones: readonly ExpectedZone[],
  { questionTimeoutMs: timeoutMs }: DoctorOptions,
): Promise<Finding[]> {
  const resolvers = readSystemResolvers();
  const places = (config.dnsbl?.listen ?? []).map(askable);
  const holders = readPortHolders(new Set([53, ...places.map(({ port }) => port)]));
  const [signs, ...perZone] = await Promise.all([
    Promise.all(resolvers.servers.map((address) => signsOf(address, holders, timeoutMs))),
    ...zones.map((zone) => answersOf(zone, places, resolvers, timeoutMs)),
  ]);
  const unreadable = resolvers.unreadable;
  return [
    ...(unreadable === undefined
      ? []
      : [finding('not-checked', { WHAT: resolvers.file, REASON: unreadable })]),
    ...checkPublicResolvers(resolvers),
    ...perZone.flatMap((one) => findingsOf(one, { places, resolvers, signs, holders })),
  ];
}

/** Answers about one zone: of each place of ours, of each resolver, of a library. */
interface Answers {
  readonly zone: ExpectedZone;
  readonly direct: readonly ZoneAnswers[];
  /** Undefined for a resolver that is not asked. */
  readonly resolved: readonly (ZoneAnswers | undefined)[];
  readonly library: Awaited<ReturnType<typeof askLibrary>> | undefined;
}

async function answersOf(
  zone: ExpectedZone,
  places: readonly Endpoint[],
  { servers, upstreams }: SystemResolvers,
  timeoutMs: number,
): Promise<Answers> {
  const wouldTellKey = (address: string): boolean =>
    zone.isSecret && publicResolverOwner(address) !== undefined;
  const [direct, resolved, library] = await Promise.all([
    Promise.all(places.map((at) => askAboutZone(at, zone, timeoutMs))),
    Promise.all(
      servers.map((address) =>
        wouldTellKey(address)
          ? Promise.resolve(undefined)
          : askAboutZone({ address, port: 53 }, zone, timeoutMs),
      ),
    ),
    [...servers, ...upstreams].some(wouldTellKey) ? undefined : askLibrary(zone, timeoutMs),
  ]);
  return { zone, direct, resolved, library };
}

interface Surroundings {
  readonly places: readonly Endpoint[];
  readonly resolvers: SystemResolvers;
  readonly signs: readonly ResolverSigns[];
  readonly holders: readonly PortHolder[];
}

function findingsOf(answers: Answers, surroundings: Surroundings): Finding[] {
  const { zone, direct, resolved, library } = answers;
  const { places, resolvers, signs, holders } = surroundings;
  const own = direct.map((one, at) => {
    const place = places[at] as Endpoint;
    return [
      ...checkService({ at: place, zone, answers: one, holders }),
      ...checkKeys(`the DNSBL at ${endpointText(place)}`, zone, one),
    ];
  });
  const best = direct.findIndex(({ test }) => judgeTest(test, zone) === 'right');
  const dnsbl = places[Math.max(best, 0)] as Endpoint;
  const others = resolved.map((one, at) => {
    const address = resolvers.servers[at] as string;
    if (one === undefined) {
      const WHAT = `what ${address} answers for ${zone.shown}`;
      const REASON = 'it is public, and would see the key of the zone';
      return [finding('not-checked', { WHAT, REASON })];
    }
    const found = checkResolver({
      ...{ file: resolvers.file, zone, answers: one, direct: direct[best], dnsbl },
      signs: signs[at] as ResolverSigns,
      isPortHeld: holders.some((holder) => isHeldBy({ address, port: 53 }, holder)),
    });
    return [...found, ...checkKeys(`resolver ${address}`, zone, one)];
  });
  const isRightSomewhere = resolved.some(
    (one) => one !== undefined && judgeTest(one.test, zone) === 'right',
  );
  return [
    ...own.flat(),
    ...others.flat(),
    ...(library === undefined
      ? []
      : checkLibrary({ resolvers, zone, reply: library, isRightSomewhere })),
  ];
}

async function signsOf(
  address: string,
  holders: readonly PortHolder[],
  timeoutMs: number,
): Promise<ResolverSigns> {
  const at = { address, port: 53 };
  const program = holders.find((holder) => isHeldBy(at, holder))?.program;
  const isPublic = publicResolverOwner(address) !== undefined;
  const version = isPublic
    ? undefined
    : (await ask(at, { name: 'version.bind', type: 'TXT', class: 'CH' }, timeoutMs)).records[0];
  return {
    address,
    ...(version !== undefined && { version }),
    ...(program !== undefined && { program }),
  };
}

/** A server that listens everywhere is asked at loopback. */
function askable({ address, port }: Endpoint): Endpoint {
  if (address === '0.0.0.0') return { address: '127.0.0.1', port };
  return { address: /^[0:]+$/.test(address) ? '::1' : address, port };
}
