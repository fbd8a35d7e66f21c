import { MAIL, type Scenario } from './scenario.ts';

const HEAD = `# Hostile servers

What a server may do wrong, by mistake or on purpose, and what Mailferry makes of it. This page is written by
\`test/torture/hostile.test.ts\` from the very table that the test runs, against the built program.

Unless a row says otherwise there are ${MAIL.length} messages, the account has \`delete: after-delivery\` and one Maildir, and when
the server is good again the next poll carries everything exactly once, octet by octet, and leaves nothing behind.
Nothing that a server says reaches the terminal or the log unescaped, and no message is ever stored half. The
exit statuses are those of \`mailferry --help\`.

Where a row has a list of faults, the included server does it: write the list to a file and give it to
\`mailferry serve --faults FILE\`, or to \`createServer\` of \`mailferry/server\`. That works for testing any other
POP3 client too. *Stored* are the messages at the destination after the poll, *left* those on the server.
`;

/** The page for people: every scenario with its outcome. */
export function hostilePage(groups: readonly (readonly [string, readonly Scenario[]])[]): string {
  const sections = groups.map(([title, scenarios]) => {
    const rows = scenarios.map((scenario) => row(scenario));
    return `## ${title}\n\n| the server … | exit | what is said | stored | left |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return [HEAD, ...sections].join('\n');
}

function row({ title, faults = [], insist, outcome }: Scenario): string {
  const { status, code, says, stored, left, polls = 1 } = outcome;
  const how = faults.length === 0 ? '' : `<br>${inCode(JSON.stringify(faults).replaceAll(UNUSUAL, escaped))}`;
  const times = insist === undefined ? '' : ` (polled ${insist} times)`;
  const said = says === null ? 'nothing: all is well' : `\`${code}\`: ${text(says)}`;
  const after = polls === 1 ? '' : ` (then ${polls} polls)`;
  return `| ${text(title)}${times}${how} | ${status} | ${said} | ${stored} | ${left}${after} |`;
}

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const UNUSUAL = /[\u007f-\uffff]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function text(words: string): string {
  return words.replaceAll(/[\\|<>*_[\]`]/g, '\\$&');
}

function inCode(words: string): string {
  return `\`${words.replaceAll('|', '\\|')}\``;
}
