const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/**
 * The calendar events of systemd.time(7) that mean what a cron expression means. Where both day
 * and weekday are given, cron(8) takes either: that makes two events.
 *
 * @param schedule five fields, checked by the schema
 */
export function onCalendar(schedule: string): string[] {
  const [minute = '*', hour = '*', day = '*', month = '*', weekday = '*'] = schedule
    .trim()
    .toLowerCase()
    .split(/\s+/);
  const time = `${field(hour, 0)}:${field(minute, 0)}:00`;
  const months = field(withNumbers(month, MONTHS, 1), 1);
  const days = `*-${months}-${field(day, 1)} ${time}`;
  if (weekday === '*') return [days];
  const weekdays = `${weekdayNames(weekday)} *-${months}-* ${time}`;
  return day === '*' ? [weekdays] : [days, weekdays];
}

/** `*`, `5`, `1-5`, `1-9/2`, `*\/10`, and several with commas. */
function field(text: string, first: number): string {
  return text
    .split(',')
    .map((part) => {
      const [range = '*', step] = part.split('/');
      if (step === undefined) return range.replace('-', '..');
      return `${range === '*' ? first : range.replace('-', '..')}/${step}`;
    })
    .join(',');
}

function withNumbers(text: string, names: readonly string[], first: number): string {
  return text.replaceAll(/[a-z]+/g, (word) => {
    return String(names.findIndex((name) => word.startsWith(name.toLowerCase())) + first);
  });
}

/** systemd has no steps of weekdays, and its week begins with Monday, so each is named. */
function weekdayNames(text: string): string {
  const numbers = withNumbers(text, WEEKDAYS, 0)
    .split(',')
    .flatMap((part) => {
      const [range = '*', step = '1'] = part.split('/');
      const [from = '0', to = from] = range === '*' ? ['0', '6'] : range.split('-');
      const found: number[] = [];
      for (let at = Number(from); at <= Number(to); at += Number(step)) found.push(at % 7);
      return found;
    });
  return [...new Set(numbers)].map((number) => WEEKDAYS[number]).join(',');
}
