/**
 * The digest that an `.md5` file names, in small letters: md5sum's form (`<hex>  name`), BSD's
 * (`MD5 (name) = <hex>`) or the digest alone, with or without a final newline. The file name in
 * it is not compared: ARIN's names the dated file. Undefined where there is no digest or more
 * than one.
 */
export function parseMd5(text: string): string | undefined {
  const digests = new Set<string>();
  for (const line of text.split(/\r?\n/)) {
    const match =
      /^MD5 ?\(.*\) ?= ?([0-9a-f]{32})\s*$/i.exec(line) ?? /^([0-9a-f]{32})(?:\s.*)?$/i.exec(line);
    if (match?.[1] !== undefined) digests.add(match[1].toLowerCase());
  }
  const [digest] = digests;
  return digests.size === 1 ? digest : undefined;
}
