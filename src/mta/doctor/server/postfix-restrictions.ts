import { type Effect, type ZoneUse, plainHost } from './mail-server.js';

/** Parameters of Postfix, by name. */
export type Parameters = ReadonlyMap<string, string>;

/** A zone as main.cf writes it, which is also its key in reply maps. */
export interface PostfixUse extends ZoneUse {
  readonly key: string;
}

/** What `postconf` prints: `name = value`, a line each; `-P` has `service/type/name`. */
export function parseParameters(text: string): Map<string, string> {
  const lines = text.matchAll(/^(\S+) = ?(.*)$/gm);
  return new Map([...lines].map(([, name = '', value = '']) => [name, value.trim()]));
}

const RESTRICTIONS: Readonly<Record<string, Effect>> = {
  reject_rbl_client: 'refuse',
  permit_dnswl_client: 'pass',
};

/** Zones in restrictions of smtpd (postconf(5), `reject_rbl_client`). */
export function restrictionUses(parameters: Parameters): PostfixUse[] {
  return [...parameters].flatMap(([place, value]) => {
    const words = value.split(/[\s,]+/);
    return words.flatMap((word, at) => {
      const effect = RESTRICTIONS[word];
      const site = words[at + 1];
      if (effect === undefined || site === undefined) return [];
      const isDry = words[at - 1] === 'warn_if_reject' && effect === 'refuse';
      return [{ ...parseSite(site), place, effect: isDry ? 'log' : effect }];
    });
  });
}

/** Zones of postscreen: `zone=filter*weight`, where a negative weight approves. */
export function postscreenUses(parameters: Parameters): PostfixUse[] {
  const place = 'postscreen_dnsbl_sites';
  const words = (parameters.get(place) ?? '').split(/[\s,]+/).filter((word) => word !== '');
  const isEnforced = /^(?:enforce|drop)$/.test(parameters.get('postscreen_dnsbl_action') ?? '');
  return words.map((word) => {
    const [site = '', weight = '1'] = word.split('*');
    const refusal = isEnforced ? 'refuse' : 'log';
    const effect = Number(weight) < 0 ? 'pass' : refusal;
    return { ...parseSite(site), place, effect, isForGoodOnly: true };
  });
}

function parseSite(site: string): Pick<PostfixUse, 'host' | 'codes' | 'key'> {
  const [host = '', filter] = site.split('=');
  return { host: plainHost(host), codes: filter === undefined ? undefined : [filter], key: site };
}

/** A line of master.cf(5). */
export interface Service {
  readonly name: string;
  readonly command: string;
  readonly isChrooted: boolean;
}

/**
 * What `postconf -M` prints.
 *
 * @param isChrootDefault what `-` means: before compatibility level 1, a chroot
 */
export function parseServices(text: string, isChrootDefault: boolean): Service[] {
  return text.split('\n').flatMap((line) => {
    const [name, , , , chroot, , , command] = line.trim().split(/\s+/);
    if (name === undefined || chroot === undefined || command === undefined) return [];
    return [{ name, command, isChrooted: chroot === 'y' || (chroot === '-' && isChrootDefault) }];
  });
}
