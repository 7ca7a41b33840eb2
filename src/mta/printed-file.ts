import type { MailSettings } from './settings.js';

/** A piece of a mail server's configuration. */
export interface PrintedFile {
  /** Name in the folder that is written, with `/` between parts. */
  readonly name: string;
  readonly text: string;
}

/** Writes one mail server's configuration. Pure. */
export interface ConfigurationPrinter {
  readonly name: string;
  /** One line for help and documentation. */
  readonly summary: string;
  /** The map of `mta.maps` that it can ask instead of zones. */
  readonly map?: MapKind;
  /**
   * @throws UsageError where this mail server cannot do what the settings ask
   */
  print(settings: MailSettings): readonly PrintedFile[];
}

export type MapKind = 'postfix-cidr' | 'sendmail-access' | 'tcprules';

/** A text of the configuration with the address as this mail server writes it. */
export function expandText(text: string, address: string): string {
  // a function, since `$&` in a text would mean what was found
  return text.replaceAll('$address', () => address);
}

/** The same where no place for an address is: `Client [$address] is refused` loses it. */
export function textWithoutAddress(text: string): string {
  return text.replace(/ ?\[\$address\]| ?\(\$address\)| ?\$address/g, '').trim();
}

/** Comment lines: what it is, where it goes, and what the settings make a reader wonder about. */
export function head(mark: string, lines: readonly string[], settings: MailSettings): string {
  const dry = settings.isDryRun ? ['Dry run: nobody is refused.'] : [];
  return commentLines(mark, [...lines, ...dry, ...new Set(settings.remarks)]);
}

/** The same for a piece beside the first, which has told the rest. */
export function commentLines(mark: string, lines: readonly string[]): string {
  return lines.map((line) => `${mark} ${line}\n`).join('');
}
