import type { Citation } from './citations.ts';
import type { Requirement, Rfc } from './requirement.ts';

const HEAD = `<!-- Made by \`npm run docs\` from test/rfc and the citations in the tests; edit it there. -->

# RFC coverage

What the RFCs of POP3 ask of a client and of a server, in words of our own, whether Mailferry does it, where, and which
tests show it. The page is made from the list in \`test/rfc/requirements\` and from the citations in the tests, comments
like \`// RFC 1939 §5 [dele-twice]\` above a test. A test fails when the page is stale, when a requirement that is said to
be met has no test, and when a citation names no requirement.

*Server* is \`mailferry serve\` and \`mailferry/server\`, *client* is \`mailferry fetch\` and \`mailferry/client\`. *Strength* is
the word of the RFC; small letters where it demands without a key word.
`;

/** The text of `docs/rfc-coverage.md`. */
export function renderCoverage(rfcs: readonly Rfc[], citations: readonly Citation[]): string {
  return [HEAD, summary(rfcs), ...rfcs.map((rfc) => section(rfc, citations))].join('\n');
}

function summary(rfcs: readonly Rfc[]): string {
  const rows = rfcs.map(({ number, title, requirements }) => {
    const counts = (['yes', 'partly', 'no'] as const).map(
      (answer) => requirements.filter((requirement) => answerTo(requirement) === answer).length,
    );
    return `| [RFC ${number}](https://www.rfc-editor.org/rfc/rfc${number}): ${title} | ${counts.join(' | ')} |`;
  });
  return ['| RFC | yes | partly | no |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function section(rfc: Rfc, citations: readonly Citation[]): string {
  const sides = (['server', 'client'] as const).flatMap((side) => {
    const rows = rfc.requirements.filter((requirement) => requirement.side === side);
    if (rows.length === 0) return [];
    const head = '| § | strength | what | done | where | shown by |\n|---|---|---|---|---|---|';
    const title = side === 'server' ? 'Server' : 'Client';
    return [`### ${title}\n\n${head}\n${rows.map((row) => line(row, rfc, citations)).join('\n')}\n`];
  });
  return [`## RFC ${rfc.number}: ${rfc.title}\n`, ...sides].join('\n');
}

function line(requirement: Requirement, rfc: Rfc, citations: readonly Citation[]): string {
  const { name, section: number, strength, text, code, no, partly } = requirement;
  const reason = no ?? partly;
  const done = `${answerTo(requirement)}${reason === undefined ? '' : `: ${reason}`}`;
  const where = code === undefined ? '' : `[${code}](../src/${code})`;
  const tests = citations
    .filter((citation) => citation.rfc === rfc.number && citation.name === name)
    .map(({ file, test }) => `[${cell(test)}](../${file})`);
  const cells = [number, strength, `${cell(text)} <sub>${name}</sub>`, cell(done), where, tests.join('<br>')];
  return `| ${cells.join(' | ')} |`;
}

function answerTo({ no, partly }: Requirement): 'yes' | 'partly' | 'no' {
  if (no !== undefined) return 'no';
  return partly === undefined ? 'yes' : 'partly';
}

function cell(text: string): string {
  return text.replaceAll(/[|[\]<>*_`]/g, '\\$&').replaceAll('\n', ' ');
}
