import * as z from 'zod';
import type { Fields } from '../../src/config/fields/kinds.ts';
import { ACCOUNT_NAME, accountFields, generalFields } from '../../src/config/schema.ts';
import { SMALLEST_CONFIGURATION } from '../../src/config/smallest.ts';

/** The text of `docs/mailferry.schema.json`, by which editors complete and check a configuration. */
export function renderSchema(): string {
  return `${JSON.stringify(configurationSchema(), undefined, 2)}\n`;
}

/** The text of `docs/configuration.md`: every key with its type, its default and what it means. */
export function renderReference(): string {
  const schema = configurationSchema();
  const account = part(part(schema, 'definitions'), 'account');
  return [
    INTRODUCTION,
    section('## At the top', schema),
    ...details('###', schema),
    '## Accounts',
    'These are the keys of each account, and of `defaults`. What stands in an account wins over `defaults`; `limits` ' +
      'and `timeouts` are merged key by key, everything else is replaced as a whole. An account needs at least ' +
      '`host`, `user`, `password`, `deliver` and `delete`.',
    table(account),
    ...details('###', account),
    CONCLUSION,
  ].join('\n\n');
}

function section(heading: string, mapping: JsonSchema): string {
  return `${heading}\n\n${table(mapping)}`;
}

/** One section for each key whose value is or may be a mapping, and for each form that a list in it may hold. */
function details(level: string, mapping: JsonSchema, within = ''): readonly string[] {
  return Object.entries(part(mapping, 'properties')).flatMap(([key, value]) => {
    const name = `${within}${key}`;
    return mappingsOf(asSchema(value)).flatMap((form) => {
      const { title } = form;
      // What has no name of its own is explained where it first stands, as the sources of a password are.
      if (within !== '' && typeof title !== 'string') return [];
      const named = typeof title === 'string' ? ` (${title})` : '';
      return [section(`${level} \`${name}\`${named}`, form), ...details(level, form, `${name}.`)];
    });
  });
}

function table(mapping: JsonSchema): string {
  const rows = Object.entries(part(mapping, 'properties')).map(([key, value]) => {
    const schema = asSchema(value);
    const fallback =
      'default' in schema ? `\`${JSON.stringify(schema['default']).replaceAll('"', '')}\`` : '';
    return `| \`${key}\` | ${cell(typeOf(schema))} | ${fallback} | ${cell(textOf(schema['description']))} |`;
  });
  return ['| key | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function mappingsOf(schema: JsonSchema): readonly JsonSchema[] {
  if (schema['properties'] !== undefined) return [schema];
  return alternatives(schema).flatMap(mappingsOf);
}

function typeOf(schema: JsonSchema): string {
  const { title, type, minimum, maximum } = schema;
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => `\`${value}\``).join(', ');
  if (schema['const'] !== undefined) return `\`${textOf(schema['const'])}\``;
  if (type === 'object' || schema['allOf'] !== undefined) return 'mapping';
  if (typeof title === 'string') return title;
  if (type === 'boolean') return '`true`, `false`';
  if (type === 'integer') {
    const upper = maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${String(maximum)}`;
    return `number from ${String(minimum)}${upper}`;
  }
  if (type === 'array') return 'list';
  if (type === 'string') return 'text';
  return [...new Set(alternatives(schema).map(typeOf))].join(' or ');
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const list = schema['anyOf'] ?? schema['oneOf'];
  return Array.isArray(list) ? list.map(asSchema) : [];
}

function part(schema: JsonSchema, key: string): JsonSchema {
  return asSchema(schema[key]);
}

function asSchema(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

const INTRODUCTION = `<!-- Made by \`npm run docs\` from src/config; edit it there. -->

# Configuration

Mailferry reads one file, in YAML or JSON. It is the first of these that is there:

1. the file that \`--config\` names
2. the file that \`$MAILFERRY_CONFIG\` names
3. \`mailferry.yaml\`, \`mailferry.yml\` or \`mailferry.json\` in the current folder, if it is yours or root's and nobody
   else may write to it
4. \`$XDG_CONFIG_HOME/mailferry/config.yaml\`, that is \`~/.config/mailferry/config.yaml\` for most
5. \`/etc/mailferry/config.yaml\`

The smallest useful one:

\`\`\`yaml
${SMALLEST_CONFIGURATION}\`\`\`

\`mailferry check\` reads it and explains everything that is wrong at once, each with file, line and column. Longer ones
are in [\`examples\`](../examples). Editors complete and check a file that begins with this line (the path may be a URL):

\`\`\`yaml
# yaml-language-server: $schema=/path/to/mailferry/docs/mailferry.schema.json
\`\`\`

**Values.** A *path* is relative to the folder of the configuration; \`~/\` is the home folder. A *duration* is a whole
number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`: \`30s\`, \`5m\`, \`30d\`. A *size* is a number of octets, or a whole number with a
unit: \`KB\`, \`MB\`, \`GB\` and \`TB\` count in thousands, \`KiB\`, \`MiB\`, \`GiB\` and \`TiB\` in 1024s. A *text* that YAML would
take for a number or for true or false, such as a password of digits only, must be in quotes.`;

const CONCLUSION = `## Passwords

A password is fetched anew at each poll. As plain text it may stand in the configuration only when no other user can
read that file (\`chmod 600\`); the same holds for the file of \`password: { file: … }\`. A file under \`/run/secrets\` or in
\`$CREDENTIALS_DIRECTORY\` counts as private whatever its mode, as container engines and systemd mount secrets there. A
read-only mount elsewhere does not: it says who may write, not who may read.

Commands get the environment of Mailferry without the variables that other accounts take their passwords from.

## Schedules

\`every 5m\` is an interval. A cron expression has five fields: minute, hour, day of the month, month, day of the week; a
sixth in front would be the seconds. \`@hourly\`, \`@daily\`, \`@weekly\`, \`@monthly\` and \`@yearly\` are the names of
some. Put it in quotes, as \`*\` and \`@\` mean something else to YAML. What programs understand differently is refused: a
day of the month and a day of the week together, and steps larger than their field (\`*/90\`
minutes). Where clocks change, a local time that does not exist is left out that day, and one that comes twice is taken
twice; intervals and \`timezone: UTC\` know no such days.
`;

function checksOf<T>(fields: Fields<T>): Record<string, z.ZodType> {
  const entries = Object.entries<() => z.ZodType>(fields);
  return Object.fromEntries(entries.map(([key, make]) => [key, make()]));
}

/** A JSON Schema, or a part of one, as it is written. */
type JsonSchema = Readonly<Record<string, unknown>>;

/** The configuration as a JSON Schema (draft 7, which editors know best), with the same texts and defaults. */
function configurationSchema(): JsonSchema {
  const account = z.strictObject(checksOf(accountFields)).partial().meta({ id: 'account' });
  const whole = z
    .strictObject({
      ...z.strictObject(checksOf(generalFields)).partial().shape,
      defaults: account.optional().meta({
        description: 'Any keys of an account, for all accounts that do not say otherwise.',
      }),
      accounts: z.record(z.string().regex(ACCOUNT_NAME), account).meta({
        description:
          'The accounts by name. A name has 1 to 64 letters, digits or any of `. _ - @ +`; the ledger knows an ' +
          'account by it, so that a new name is a new account.',
      }),
    })
    .meta({ title: 'Mailferry configuration', description: 'What Mailferry carries, from where to where.' });
  const registry = z.globalRegistry;
  const schema = z.toJSONSchema(whole, {
    io: 'input',
    target: 'draft-7',
    override: ({ zodSchema, jsonSchema }) => {
      const fallback = registry.get(zodSchema)?.['default'];
      if (fallback !== undefined) Object.assign(jsonSchema, { default: fallback });
    },
  });
  registry.remove(account);
  return { $id: 'urn:mailferry:configuration', ...schema };
}
