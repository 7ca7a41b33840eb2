import { UsageError } from '../util/errors.js';
import type { Format, FormatOptions } from './format.js';

/**
 * What the administrator wants behind each address, or the format's default.
 * @throws UsageError for an empty text and for control characters, which would end the line
 */
export function actionOf(
  { name, action }: Pick<Format, 'name' | 'action'>,
  options: FormatOptions,
): string {
  const text = options.action ?? action?.default ?? '';
  if (text.trim() !== '' && !/[\u0000-\u001f\u007f]/.test(text)) return text;
  throw new UsageError(
    `${name}: the action is ${JSON.stringify(text)}; ` +
      `expected one line of text: ${action?.meaning ?? 'none'}, such as ${action?.default ?? ''}`,
  );
}
