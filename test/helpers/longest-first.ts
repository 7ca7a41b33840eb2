import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take half a minute and more, the longest first. */
const LONGEST = [
  'firewall-contract',
  'firewall-commands',
  'dnsbl-secondaries',
  'quickstart',
  'firewall-timeouts',
  'dnsbl-against-rbldnsd',
  'firewall-forwarded',
  'dnsbl-resolvers',
];

/**
 * Begins with the files that take long, so that no worker is left with one of them at the end.
 * Vitest does so by itself only where it remembers an earlier run.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
