import { fstatSync } from 'node:fs';

import pino from 'pino';

import type { Config } from '../config/schema.js';
import type { Report } from '../util/report.js';

export type LogSettings = Config['log'];

/** How a line looks: JSON, or text as it suits who reads it. */
export type LogStyle = 'json' | 'terminal' | 'journal' | 'file';

type Level = Parameters<Report>[0];

const PINO_LEVELS: Readonly<Record<Level, pino.Level>> = {
  error: 'error',
  warning: 'warn',
  info: 'info',
};
/** Of syslog(3), as systemd reads them at the start of a line (sd-daemon(3)). */
const PRIORITIES: Readonly<Record<Level, number>> = { error: 3, warning: 4, info: 6 };

/**
 * The log of a service: a line for each report, or one for each line of its text, on standard
 * error. What is reported holds no secrets; nothing else is written.
 *
 * @param write given whole lines; standard error where left out
 */
export function openServiceLog(
  { level }: LogSettings,
  style: LogStyle,
  write: (text: string) => void = (text) => void process.stderr.write(text),
): Report {
  const logger = pino(
    {
      base: { pid: process.pid },
      level: PINO_LEVELS[level],
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label === 'warn' ? 'warning' : label }) },
    },
    {
      write: (line) => {
        write(style === 'json' ? line : textOf(line, style));
      },
    },
  );
  return (of, text) => {
    for (const line of text.split('\n')) logger[PINO_LEVELS[of]](line);
  };
}

/** The style of a format on this process's standard error. */
export function logStyle(
  { format }: LogSettings,
  environment: NodeJS.ProcessEnv = process.env,
): LogStyle {
  if (format === 'json') return 'json';
  if (isJournal(environment['JOURNAL_STREAM'])) return 'journal';
  return process.stderr.isTTY && format === 'auto' ? 'terminal' : 'file';
}

/** Whether standard error is the stream that systemd connected with the journal (systemd.exec(5)). */
function isJournal(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(2);
  return stream === `${dev}:${ino}`;
}

function textOf(line: string, style: Exclude<LogStyle, 'json'>): string {
  const { level, time, msg } = JSON.parse(line) as { level: Level; time: string; msg: string };
  if (style === 'terminal') return `sekisho: ${msg}\n`;
  if (style === 'journal') return `<${PRIORITIES[level]}>${msg}\n`;
  return `${time} ${level}: ${msg}\n`;
}
