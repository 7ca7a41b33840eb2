/** Recipients whose mail is never refused. */
export interface ExemptRecipients {
  /** Local parts at whatever domain, such as `postmaster`. */
  readonly locals: ReadonlySet<string>;
  readonly domains: ReadonlySet<string>;
  readonly addresses: ReadonlySet<string>;
}

/**
 * Reads what the configuration names: `postmaster` (a local part), `user@example.net`,
 * `example.net` or `@example.net` (a domain). Case does not count.
 */
export function exemptRecipients(words: readonly string[]): ExemptRecipients {
  const locals = new Set<string>();
  const domains = new Set<string>();
  const addresses = new Set<string>();
  for (const word of words.map((text) => text.toLowerCase())) {
    if (word.startsWith('@')) domains.add(word.slice(1));
    else if (word.includes('@')) addresses.add(word);
    else if (word.includes('.')) domains.add(word);
    else locals.add(word);
  }
  return { locals, domains, addresses };
}

/** @param recipient as in RCPT TO: with or without angle brackets, quotes, a source route */
export function isExempt(recipient: string, exempt: ExemptRecipients): boolean {
  const address = bareAddress(recipient);
  const at = address.lastIndexOf('@');
  const local = at < 0 ? address : address.slice(0, at);
  return (
    exempt.locals.has(local) ||
    exempt.addresses.has(address) ||
    (at >= 0 && exempt.domains.has(address.slice(at + 1)))
  );
}

function bareAddress(recipient: string): string {
  const text = recipient.trim().toLowerCase();
  const inside = /^<(.*)>/.exec(text)?.[1] ?? text;
  const direct = inside.replace(/^@[^:]*:/, '');
  return unquoted(direct).replace(/\.$/, '');
}

/** `"post\master"@x` is postmaster@x (RFC 5321 4.1.2). */
function unquoted(address: string): string {
  const [whole, inside] = /^"((?:[^"\\]|\\.)*)"(?=@|$)/.exec(address) ?? [];
  if (whole === undefined || inside === undefined) return address;
  return inside.replaceAll(/\\(.)/g, '$1') + address.slice(whole.length);
}
