import { expect, test } from 'vitest';

import { onCalendar } from '../../src/install/on-calendar.js';
import { missing } from '../helpers/programs.js';
import { run } from '../helpers/run.js';

const CASES: readonly (readonly [schedule: string, events: readonly string[]])[] = [
  ['17 4 * * *', ['*-*-* 4:17:00']],
  ['*/15 * * * *', ['*-*-* *:0/15:00']],
  ['5,35 8-18/2 * * *', ['*-*-* 8..18/2:5,35:00']],
  ['0 3 1 jan,jul *', ['*-1,7-1 3:0:00']],
  ['0 3 */10 * *', ['*-*-1/10 3:0:00']],
  ['30 2 * * 1-5', ['Mon,Tue,Wed,Thu,Fri *-*-* 2:30:00']],
  ['30 2 * * 5-7', ['Fri,Sat,Sun *-*-* 2:30:00']],
  ['30 2 * * sun,Monday', ['Sun,Mon *-*-* 2:30:00']],
  ['30 2 * * */3', ['Sun,Wed,Sat *-*-* 2:30:00']],
  // cron(8): either of the two
  ['0 0 13 * 5', ['*-*-13 0:0:00', 'Fri *-*-* 0:0:00']],
];

test.each(CASES)('%s', (schedule, events) => {
  expect(onCalendar(schedule)).toEqual(events);
});

test.skipIf(missing('systemd-analyze') !== undefined)('systemd takes them', async () => {
  const events = CASES.flatMap(([, each]) => each);
  const { code, stderr } = await run('systemd-analyze', ['calendar', ...events]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const wrong = await run('systemd-analyze', ['calendar', '*-*-* 25:00:00']);
  expect(wrong.code).not.toBe(0);
});
