import * as z from 'zod';

import { configSchema } from './schema.js';

/** An option as the schema has it, for the example and the reference page. */
export interface OptionDescription {
  /** Keys from the top; `<name>` stands for a name of the user's, `[]` for an item of a list. */
  readonly path: readonly string[];
  readonly description: string;
  /** What may stand there, in words. */
  readonly expected: string;
  readonly default?: unknown;
  readonly example?: unknown;
  /** Options below this one. */
  readonly children: readonly OptionDescription[];
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
}

/** Every option at the top, with those below it. */
export function describeOptions(): readonly OptionDescription[] {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    unrepresentable: 'any',
    // an example is left out where a value is transformed, though ours are of what is written
    override({ zodSchema, jsonSchema }) {
      const examples = z.globalRegistry.get(zodSchema)?.['examples'];
      if (Array.isArray(examples)) jsonSchema.examples = examples;
    },
  });
  return describe([], schema as JsonSchema).children;
}

function describe(path: readonly string[], schema: JsonSchema): OptionDescription {
  return {
    path,
    description: schema.description ?? '',
    expected: expectedText(schema),
    ...(schema.default !== undefined && { default: schema.default }),
    ...(schema.examples && { example: schema.examples[0] }),
    children: childrenOf(path, schema),
  };
}

function childrenOf(path: readonly string[], schema: JsonSchema): OptionDescription[] {
  if (schema.properties) {
    return Object.entries(schema.properties).map(([key, value]) => describe([...path, key], value));
  }
  if (schema.additionalProperties) {
    return childrenOf([...path, '<name>'], schema.additionalProperties);
  }
  return schema.items ? childrenOf([...path, '[]'], schema.items) : [];
}

function expectedText(schema: JsonSchema): string {
  if (schema.anyOf) return schema.anyOf.map(expectedText).join(' or ');
  if (schema.enum) return schema.enum.map(String).join(', ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  switch (schema.type) {
    case 'array':
      return schema.items?.type === 'object' ? 'list of options' : `list of ${itemText(schema)}`;
    case 'object':
      return schema.additionalProperties ? 'names and their values' : 'options';
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `whole number from ${schema.minimum ?? 0}${rangeEnd(schema.maximum)}`;
    case 'number':
      return `number from ${schema.minimum ?? 0}${rangeEnd(schema.maximum)}`;
    default:
      return stringText(schema);
  }
}

function itemText({ items = {} }: JsonSchema): string {
  const text = expectedText(items);
  return text === 'text' ? 'texts' : text;
}

function rangeEnd(maximum: number | undefined): string {
  return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`;
}

/** Patterns that the schema uses, in words. */
function stringText({ pattern = '', format }: JsonSchema): string {
  if (format === 'uri') return 'URL';
  if (pattern.includes('MiB')) return 'size, such as 64MiB';
  if (pattern.includes('(s|m|h|d)')) return 'duration, such as 30s, 5m, 12h, 7d';
  if (pattern.includes('%')) return 'share, such as 10%';
  return 'text';
}
