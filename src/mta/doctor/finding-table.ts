/** How much a finding matters: `failure` is exit code 1, `warning` 3, the others 0. */
export type Severity = 'good' | 'info' | 'warning' | 'failure';

/** What is the same in every finding of a name. Words in capitals are filled in. */
export interface FindingKind {
  readonly severity: Severity;
  /** What was found. */
  readonly text: string;
  /** A command or a line that mends it; none where there is nothing to mend. */
  readonly cure?: string;
}

const FORWARD = 'send the questions of ZONE to the DNSBL at ENDPOINT: FORWARDING';

/**
 * Every finding that the doctor knows. The texts stand here and nowhere else: docs/mail-doctor.md
 * is made from them.
 */
export const FINDINGS = {
  'resolver-good': {
    severity: 'good',
    text: 'RESOLVER answers for ZONE as it should: A, TXT, IPv6, and nothing for 127.0.0.1',
  },
  'dnsbl-good': { severity: 'good', text: 'the DNSBL at ENDPOINT answers for ZONE' },
  'dnsbl-silent': {
    severity: 'failure',
    text: 'the DNSBL at ENDPOINT does not answer for ZONE (REASON): where it is dead, mail servers accept',
    cure: 'start `sekisho serve`, and see what it logs; dnsbl.listen says where it is to be',
  },
  'dnsbl-refuses': {
    severity: 'failure',
    text: 'the DNSBL at ENDPOINT refuses questions about ZONE from this host',
    cure: 'name this host in dnsbl.access; where the zone is new, restart `sekisho serve`',
  },
  'dnsbl-wrong': {
    severity: 'failure',
    text: 'the DNSBL at ENDPOINT answers REASON for the test entry of ZONE; expected EXPECTED',
    cure: 'restart `sekisho serve` with this configuration, and see what it logs about ZONE',
  },
  'port-taken': {
    severity: 'failure',
    text: 'the DNSBL is to be at ENDPOINT, and PROGRAM has that port',
    cure: "another address or port for the DNSBL, such as dnsbl.listen: ['127.0.0.2:53'], or 127.0.0.1:5300 with a resolver that forwards to it",
  },
  'nobody-at-port-53': {
    severity: 'failure',
    text: 'nobody listens at port 53 of RESOLVER, which RESOLV_CONF names; the DNSBL is at ENDPOINT, and resolv.conf knows no ports',
    cure: 'start a resolver there that sends the questions of ZONE to the DNSBL: FORWARDING',
  },
  'resolver-silent': {
    severity: 'failure',
    text: 'RESOLVER, which RESOLV_CONF names, does not answer for ZONE (REASON)',
    cure: 'start the resolver, or name another in RESOLV_CONF',
  },
  'not-forwarded': {
    severity: 'failure',
    text: 'RESOLVER answers REASON for the test entry of ZONE, so nobody is refused; expected EXPECTED',
    cure: FORWARD,
  },
  'nothing-to-forward': {
    severity: 'failure',
    text: 'RESOLVER answers REASON for the test entry of ZONE, so nobody is refused; the DNSBL itself does not answer as it should',
    cure: 'mend the DNSBL at ENDPOINT first, then run the doctor again',
  },
  stripped: {
    severity: 'failure',
    text: 'RESOLVER takes addresses in 127.0.0.0/8 out of the answers of ZONE (WHY), so nobody is refused',
    cure: 'PERMISSION',
  },
  'dnssec-fails': {
    severity: 'failure',
    text: 'RESOLVER answers SERVFAIL for ZONE, and the right answer where it is told not to validate (DNSSEC)',
    cure: 'UNSIGNED',
  },
  'everything-listed': {
    severity: 'failure',
    text: 'RESOLVER answers FOUND for 127.0.0.1 in ZONE, which must not be listed: it seems to answer for every name, and all mail would be refused',
    cure: FORWARD,
  },
  'not-nxdomain': {
    severity: 'warning',
    text: 'RESOLVER answers REASON for 127.0.0.1 in ZONE; expected NXDOMAIN',
    cure: FORWARD,
  },
  'txt-missing': {
    severity: 'warning',
    text: 'RESOLVER gives no TXT record for the test entry of ZONE: rblsmtpd refuses nobody, and no reply has a reason',
    cure: FORWARD,
  },
  'ipv6-missing': {
    severity: 'warning',
    text: 'RESOLVER answers REASON for the IPv6 test entry of ZONE (::ffff:127.0.0.2); expected EXPECTED',
    cure: FORWARD,
  },
  'key-unanswered': {
    severity: 'failure',
    text: 'WHO answers for ZONE below its first key, and FOUND for the test entry below key number NUMBER; expected EXPECTED',
    cure: 'restart `sekisho serve` where that key is new; and send the questions of the whole zone to the DNSBL, not those below one key',
  },
  'negative-ttl-long': {
    severity: 'warning',
    text: 'RESOLVER may keep for SECONDS s that an address is not in ZONE, so a new listing takes that long to be seen; expected 60 s or less',
    cure: 'dnsbl.zones: negative_ttl: 5s for ZONE; and no cache-min-ttl or neg-ttl in the resolver',
  },
  'resolvers-differ': {
    severity: 'warning',
    text: 'a library that asks RESOLVERS as RESOLV_CONF says gets FOUND for the test entry of ZONE; expected EXPECTED',
    cure: 'leave only resolvers in RESOLV_CONF that know ZONE: which one is asked is up to the program',
  },
  'public-resolver': {
    severity: 'warning',
    text: 'RESOLV_CONF names ADDRESS (OWNER): a public resolver does not know local zones, and sees every client that the mail server asks about',
    cure: 'a resolver of your own in RESOLV_CONF, such as unbound: nameserver 127.0.0.1',
  },
  'chroot-resolver': {
    severity: 'failure',
    text: 'Postfix runs SERVICES in a chroot, where CHROOT_FILE names FOUND as resolver; RESOLV_CONF names EXPECTED',
    cure: 'cp RESOLV_CONF CHROOT_FILE && postfix reload',
  },
  'chroot-no-resolver': {
    severity: 'failure',
    text: 'Postfix runs SERVICES in a chroot without CHROOT_FILE, so that they ask 127.0.0.1, which RESOLV_CONF does not name',
    cure: 'cp RESOLV_CONF CHROOT_FILE && postfix reload',
  },
  'mail-server': { severity: 'good', text: 'PROGRAM, configured by PLACE' },
  'no-mail-server': {
    severity: 'warning',
    text: 'no mail server was found (MISSING)',
    cure: 'install one; or name it, with its configuration where that is in an unusual place: sekisho mta doctor NAME --file FILE',
  },
  'zone-missing': {
    severity: 'failure',
    text: 'ZONE is not in the configuration of SERVERS, so it refuses nobody',
    cure: 'sekisho mta print NAME',
  },
  'zone-used': { severity: 'good', text: 'PROGRAM asks ZONE in PLACE' },
  'filter-missing': {
    severity: 'warning',
    text: 'PROGRAM asks ZONE in PLACE without a filter for return codes, so any answer would count as a listing, also that of a resolver that lies',
    cure: 'FILTERED',
  },
  'codes-unused': {
    severity: 'warning',
    text: 'PROGRAM asks ZONE, but does nothing on CODES (LISTS)',
    cure: 'sekisho mta print NAME, which has every code',
  },
  'codes-for-good': {
    severity: 'info',
    text: 'postscreen asks ZONE and refuses for good only, so whom CODES lists (LISTS) passes it: those lists refuse for now, which smtpd behind it can',
  },
  'country-zone-as-list': {
    severity: 'failure',
    text: 'PROGRAM asks ZONE in PLACE as a list, which answers for every address that there is',
    cure: 'take ZONE out of PLACE; use a zone of kind list with the countries that you mean',
  },
  'postscreen-ignores': {
    severity: 'warning',
    text: 'postscreen asks ZONE and lets listed clients in: postscreen_dnsbl_action is ACTION',
    cure: "postconf -e 'postscreen_dnsbl_action = enforce' && postfix reload",
  },
  'key-in-reply': {
    severity: 'failure',
    text: 'ZONE has a key, and PROGRAM tells it to every client that it refuses (PLACE)',
    cure: 'sekisho mta print NAME, which gives every zone a reply of its own',
  },
  'would-refuse': {
    severity: 'good',
    text: 'PROGRAM would answer "REPLY" to a client in ZONE with CODE (asked: ASKED)',
  },
  'would-log': {
    severity: 'info',
    text: 'PROGRAM only logs clients in ZONE with CODE (WHY)',
  },
  'would-pass': {
    severity: 'warning',
    text: 'PROGRAM would not refuse a client in ZONE with CODE: "REPLY" (asked: ASKED)',
    cure: 'compare its configuration with what `sekisho mta print NAME` prints',
  },
  'would-approve': {
    severity: 'good',
    text: 'PROGRAM lets a client in ZONE with CODE pass before it asks other zones',
  },
  'not-checked': { severity: 'info', text: 'not checked: WHAT (REASON)' },
} as const satisfies Record<string, FindingKind>;

export type FindingName = keyof typeof FINDINGS;
