import type { MailMapRule } from '../config/schema.js';
import { SystemError } from '../util/errors.js';
import { type RunResult, runProgram } from '../util/run-program.js';

/** What makes a text into what a mail server reads. */
export interface MapCompiler {
  /** Behind the name of the text in the name of what is made; none where the text is read itself. */
  readonly suffix?: string;
  /**
   * @param path where `text` was written; the product is made at `path` and the suffix
   * @throws SystemError where the program is missing, or does not take the text
   */
  compile(path: string, text: string): Promise<void>;
  /** Our lines and the administrator's own, so that his count. */
  joinOwn(ours: string, own: string): string;
}

export const MAP_COMPILERS: Readonly<Record<MailMapRule['kind'], MapCompiler>> = {
  'postfix-cidr': {
    // Postfix reads the text. A line that it does not understand it skips with a warning
    async compile(path) {
      const question = ['-q', '192.0.2.1', `cidr:${path}`];
      const result = await runProgram('postmap', question, { origin: 'Postfix' });
      // 1: it is not in the table
      if (result.code > 1 || result.stderr.includes(path)) throw refused('postmap', result);
    },
    joinOwn: (ours, own) => own + ours,
  },
  'sendmail-access': {
    suffix: '.db',
    async compile(path, input) {
      // -r: of two lines with one key the later counts
      const result = await runProgram('makemap', ['-r', 'hash', path], {
        input,
        origin: 'sendmail',
      });
      if (result.code !== 0) throw refused('makemap', result);
    },
    joinOwn: (ours, own) => ours + own,
  },
  tcprules: {
    suffix: '.cdb',
    async compile(path, input) {
      const files = [`${path}.cdb`, `${path}.cdb.tmp`];
      const result = await runProgram('tcprules', files, { input, origin: 'ucspi-tcp' });
      if (result.code !== 0) throw refused('tcprules', result);
    },
    // of two rules with one address the first counts
    joinOwn: (ours, own) => own + ours,
  },
};

function refused(program: string, { code, stderr }: RunResult): SystemError {
  const [first = 'without a word'] = stderr.trim().split('\n');
  return new SystemError(`${program} does not take it (exit code ${code}): ${first}`);
}
