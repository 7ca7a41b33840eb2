import { describe, expect, test } from 'vitest';

import { compilePattern } from '../../../src/mta/milter/rules/posix-pattern.js';
import { parseRules } from '../../../src/mta/milter/rules/parse-rules.js';
import { RuleRun } from '../../../src/mta/milter/rules/rule-run.js';
import { rules } from '../../helpers/milter-settings.js';

describe('regular expressions of POSIX', () => {
  const matches = (pattern: string, text: string, isExtended: boolean): boolean => {
    const compiled = compilePattern(pattern, { isExtended, ignoresCase: false });
    if ('expected' in compiled) throw new Error(compiled.expected);
    return compiled.test(text);
  };

  test.each([
    ['a+', 'a+', true],
    ['a+', 'aa', false],
    ['a\\{2\\}', 'aa', true],
    ['a{2}', 'aa', false],
    ['\\(ab\\)*c', 'ababc', true],
    ['^\\(a\\|b\\)$', 'b', true],
    ['(a)', '(a)', true],
    ['a|b', 'b', false],
    ['*a', '*a', true],
    ['\\(*a\\)', '*a', true],
    ['a^b$c', 'a^b$c', true],
    ['[\\.]', '\\', true],
    ['[]a]x', ']x', true],
    ['[^]a]', 'b', true],
    ['[[:digit:]]\\{3\\}', '123', true],
    ['a$', 'a\n', false],
    ['a.b', 'a\nb', true],
    ['\\.', 'x', false],
    ['\\[.*\\]', '[192.0.2.1]', true],
    ['[^.]*', '', true],
  ])('basic %s on %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text, false)).toBe(expected);
  });

  test.each([
    ['a+', 'aa', true],
    ['^(a|b){2}$', 'ab', true],
    ['a{,b', 'a{,b', true],
    ['a*?b', 'b', true],
    ['\\.', 'x', false],
    ['[[:alpha:]_-]+$', 'a_-', true],
    ['[\\w]', 'w', true],
    ['[\\w]', 'x', false],
    ['\\$5', '$5', true],
    ['[[:<:]]cat[[:>:]]', 'a cat!', true],
  ])('extended %s on %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text, true)).toBe(expected);
  });

  test.each(['(a)\\1', '[a', '(', 'a{2,1}', '(?i)a'])('extended %s is refused', (pattern) => {
    const flags = { isExtended: true, ignoresCase: false };
    expect(compilePattern(pattern, flags)).toHaveProperty('expected');
  });

  test('takes no more than linear time', () => {
    const text = `${'a'.repeat(50_000)}!`;
    const startedMs = performance.now();
    expect(matches('^(a+)+$', text, true)).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });
});

describe('what a rule may cost', () => {
  const expectedOf = (text: string): string => {
    const parsed = parseRules(text);
    return 'expected' in parsed ? `${parsed.line}: ${parsed.expected}` : 'taken';
  };

  test.each([
    [
      '(a{1,100}){1,100}',
      '2: at most 400 instructions of regular expressions, and this one is far',
    ],
    ['((a{1,30}){1,30}){1,30}', '2: at most 400 instructions'],
    [
      '(a{1,30}){1,30}b',
      '2: at most 400 instructions of regular expressions, and this compiles to 1',
    ],
    ['[a-z]{1,500}!', '2: at most 400 instructions'],
    ['(.*a){90}b', '2: at most 400'],
    ['(.*a){70}b', 'taken'],
  ])('/%s/e: %s', (pattern, answer) => {
    expect(expectedOf(`reject "x"\nheader /x/ /${pattern}/e\n`).slice(0, answer.length)).toBe(
      answer,
    );
  });

  test('conditions of one rule about the same text count together, those of several do not', () => {
    const word = (k: number): string => `header /s/ /${'x'.repeat(30)}${k}/i`;
    const lines = Array.from({ length: 20 }, (_, k) => word(k));
    expect(expectedOf(`reject "x"\n${lines.join(' or\n')}\n`)).toMatch(/^2: .*several expressions/);
    expect(expectedOf(`reject "x"\n${lines.join('\n')}\n`)).toBe('taken');
    expect(
      expectedOf(`reject "x"\n${lines.slice(0, 9).join(' or\n')} and helo /${'y'.repeat(300)}/\n`),
    ).toBe('taken');
  });

  test('the larger, the less of a text is looked at, and a line of a message always whole', () => {
    const looksAt = (pattern: string): number => {
      const run = (length: number): boolean =>
        new RuleRun(rules(`reject "x"\nhelo /${pattern}/e`)).tell(
          'helo',
          `${'b'.repeat(length - 1)}!`,
        ) !== undefined;
      let [sees, misses] = [1, 10_000];
      while (misses - sees > 1) {
        const middle = (sees + misses) >>> 1;
        if (run(middle)) sees = middle;
        else misses = middle;
      }
      return sees;
    };
    expect(looksAt('!')).toBe(8192);
    const large = looksAt('x{1,195}|!');
    expect(large).toBeGreaterThanOrEqual(1000);
    expect(large).toBeLessThan(1100);
  });

  test.each([
    '(.*a){65}b',
    '(a?){65}a{65}b',
    'a{1,190}b',
    '(a|aa|a?){40}b',
    '([a-z]*[a-y]*){60}!',
    '(a|b|ab|ba){44}$',
    '^(a+)+$',
    '[[:alpha:]]{3,160}[0-9]',
  ])('/%s/ei takes less than 50 ms of a text of its length', (pattern) => {
    const run = new RuleRun(rules(`reject "x"\nhelo /${pattern}/ei`));
    const costs = ['a', 'ab', 'ABCab ', 'äa'].map((piece) => {
      const text = piece.repeat(8192 / piece.length);
      const before = process.cpuUsage();
      run.tell('helo', text);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    });
    expect(Math.max(...costs)).toBeLessThan(50);
  });
});

/** The example of milter-regex(8)'s own distribution, in its shape. */
const EXAMPLE = `# /etc/milter-regex.conf

accept
connect // /127.0.0.1/

accept
helo /allowed/
envfrom /shop\\.com/i
header /Subject/ /item/i

discard
header /^From$/ /^Mail Delivery System <Mailer-Daemon@relay.example>$/

tempfail "Sender IP address not resolving"
connect /\\[.*\\..*\\]/ //

reject "Malformed HELO (not a domain, no dot)"
helo /\\./n

reject "Malformed RCPT TO (not an email address, not <.*@.*>)"
envrcpt /<(.*@.*|Postmaster)>/ein

reject "HTML mail not accepted"
( header ,^Content-Type$,i ,^text/html,i or \\
body ,^Content-Type: text/html,i ) and not \\
header ,^From$, ,friend,

friends = header /^Received$/ /^from [^ ]*(ork\\.net|home\\.com)/e
types   = header ,^Content-Type$, ,multipart/mixed,

reject 'attachment from non-friends'
$types and not $friends

reject "Worm (caps)"
header /^(TO|FROM|SUBJECT)$/e // and \\
    not header /^From$/i /telus.example/
`;

describe('rule file', () => {
  test('is read as milter-regex has it; what looks at the body is left out and told', () => {
    const parsed = parseRules(EXAMPLE);
    expect(parsed).not.toHaveProperty('expected');
    if ('expected' in parsed) return;
    expect(parsed.rules.map(({ line, action: { kind } }) => [line, kind])).toEqual([
      [4, 'accept'],
      [7, 'accept'],
      [8, 'accept'],
      [9, 'accept'],
      [12, 'discard'],
      [15, 'tempfail'],
      [18, 'reject'],
      [21, 'reject'],
      [32, 'reject'],
      [35, 'reject'],
    ]);
    expect(parsed.leftOut).toEqual([24]);
    expect(parsed.rules.at(-1)?.action.reply).toBe('554 5.7.1 Worm (caps)');
    expect(parsed.rules[5]?.action.reply).toBe('451 4.7.1 Sender IP address not resolving');
  });

  test.each([
    ['reject\nhelo /x/', 2, 'helo', 'a text in quotes behind reject'],
    ['reject "a"\nhelo x', 2, 'x', 'a regular expression between two delimiters'],
    ['reject "a"\nhelo /x', 2, '/x', 'a regular expression between two delimiters'],
    ['reject "a"\n\nhelo /x/q', 3, '/x/q', 'flags e (extended), i (ignore case) and n (not)'],
    ['reject "a"\nhelo /(/e', 2, '/(/e', 'a regular expression of POSIX'],
    ['reject "a"\nhelo /\\(a\\)\\1/', 2, '/\\(a\\)\\1/', 'without back-references'],
    ['reject "a"\nheader /x/', 2, 'the end of the file', 'a regular expression between'],
    ['reject "a"\n(helo /x/', 2, 'the end of the file', 'a closing parenthesis'],
    ['reject "a"\nhelo /x/ and', 2, 'the end of the file', 'connect, country, helo'],
    ['reject "a"\n$b', 2, 'b', 'the name of an expression that is defined before'],
    ['b = helo /x/\nb = helo /y/', 2, 'b', 'a name that is not defined yet'],
    ['refuse "a"\nhelo /x/', 1, 'refuse', 'reject, tempfail, discard, quarantine, accept'],
    ['helo /x/', 1, 'helo', 'reject, tempfail, discard'],
    ['reject "450 4.7.1 a"\nhelo /x/', 1, '450 4.7.1 a', 'codes that begin with 5'],
    ['reject "a\u00e9"\nhelo /x/', 1, 'a\u00e9', 'printable ASCII'],
    ['reject "a', 1, '"a', 'a text in quotes'],
    [`reject "a"\n${'('.repeat(5000)}`, 2, '(', 'at most 100 expressions'],
    [`reject "a"\n${'not '.repeat(5000)}`, 2, 'not', 'at most 100 expressions'],
  ])('%j: line %i, found %j, expected %s', (text, line, found, expected) => {
    expect(parseRules(text)).toEqual({
      line,
      found,
      expected: expect.stringContaining(expected) as string,
    });
  });

  test('an empty file has no rules', () => {
    expect(parseRules('# nothing\n')).toMatchObject({ rules: [], leftOut: [] });
  });
});

describe('evaluation', () => {
  test('a rule is true as soon as nothing that follows can change it', () => {
    const run = new RuleRun(rules('reject "a"\nhelo /x/ or header /a/ /b/\n'));
    expect(run.tell('helo', 'x')?.line).toBe(2);
    const both = new RuleRun(rules('reject "a"\nhelo /x/ and not header /a/ /b/\n'));
    expect(both.tell('helo', 'x')).toBeUndefined();
    expect(both.tellOne('header', 'c', 'd')).toBeUndefined();
    expect(both.tellEnd('header')?.line).toBe(2);
  });

  test('the first in the file of those that are true', () => {
    const run = new RuleRun(rules('reject "a"\nhelo /x/\naccept\nhelo /xy/\n'));
    expect(run.tell('helo', 'xy')?.line).toBe(2);
  });

  test('flag n; an empty expression matches everything', () => {
    const run = new RuleRun(rules('reject "a"\nconnect /good/n //\n'));
    expect(run.tell('connect', 'good.example', '192.0.2.1')).toBeUndefined();
    expect(run.tell('connect', 'other.example', '192.0.2.1')?.line).toBe(2);
  });
});
