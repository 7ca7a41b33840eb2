/** What stands in the place of a secret wherever a configuration is shown. */
export const HIDDEN = '(hidden)';

/** Options whose values let whoever knows them ask or fetch something. */
const SECRET_OPTIONS: ReadonlySet<PropertyKey> = new Set(['keys']);

/** Whether a path of the configuration names a secret, or something within one. */
export function isSecret(path: readonly PropertyKey[]): boolean {
  return path.some((key) => SECRET_OPTIONS.has(key));
}

/** A copy of a value of the configuration in which no secret stands, for people and logs. */
export function withoutSecrets(value: unknown, path: readonly PropertyKey[] = []): unknown {
  if (isSecret(path) && !Array.isArray(value)) return HIDDEN;
  if (typeof value === 'string') return withoutUserInfo(value);
  if (Array.isArray(value)) {
    return value.map((item, index): unknown => withoutSecrets(item, [...path, index]));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutSecrets(item, [...path, key])]),
  );
}

/**
 * Name and password of a URL are left out (RFC 3986 3.2.1), and the values of its query, which
 * often holds a key.
 */
function withoutUserInfo(text: string): string {
  return text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#@\s]*@/i, `$1${HIDDEN}@`)
    .replace(/^https?:[^?#\s]*\?[^#\s]*/i, (url) => url.replace(/=[^&]*/g, `=${HIDDEN}`));
}
