import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Citation, citationsIn, readCitations } from './citations.ts';
import { renderCoverage } from './page.ts';
import { type Rfc, rfc } from './requirement.ts';
import { RFCS } from './requirements/index.ts';

const citations = readCitations();

describe('the coverage of the RFCs', () => {
  it('is the page in docs; `npm run docs` writes it anew', async () => {
    await expect(renderCoverage(RFCS, citations)).toMatchFileSnapshot('../../docs/rfc-coverage.md');
  });

  it('has a test for every requirement that is said to be met, and none for what is not', () => {
    expect(wrongRequirements(RFCS, citations)).toEqual([]);
  });

  it('is cited for requirements that there are, by their section', () => {
    expect(wrongCitations(RFCS, citations)).toEqual([]);
  });

  it('names code that is there', () => {
    expect(wrongCode(RFCS)).toEqual([]);
  });

  it('names each requirement once', () => {
    const names = RFCS.flatMap(({ number, requirements }) =>
      requirements.map(({ name }) => `${number} ${name}`),
    );
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

describe('the checks of that coverage', () => {
  const seeded = [
    rfc(9999, 'Seeded', {
      server: [
        ['shown', '1', 'MUST', 'Is shown.', 'wire/text.ts'],
        ['unshown', '2', 'MUST', 'Is not shown.', 'wire/none.ts'],
        ['shown-though-not', '3', 'MUST', 'Is not there.', { no: 'a reason' }],
      ],
    }),
  ];
  it('find what they look for', () => {
    const found = [cited('shown', '7'), cited('shown-though-not', '3'), cited('nobody', '1')];
    expect(wrongRequirements(seeded, found)).toEqual([
      'RFC 9999 [unshown] has no test',
      'RFC 9999 [shown-though-not] is said not to be met, but has a test',
    ]);
    expect(wrongCitations(seeded, found)).toEqual([
      'test/x.test.ts cites RFC 9999 §7 [shown], which is §1',
      'test/x.test.ts cites RFC 9999 §1 [nobody], which there is not',
    ]);
    expect(wrongCode(seeded)).toEqual(['wire/none.ts is not there, for RFC 9999 §2 [unshown]']);
  });

  it('read citations above tests of every form', () => {
    const text = [
      '// RFC 1 §2 [a]',
      "test('one', async () => {});",
      '  // RFC 1 §2.3 [b, c]',
      "  test.each([['x', /y/]])('two %s', (_, pattern) => {});",
    ].join('\n');
    expect(citationsIn('f', text)).toEqual([
      { rfc: 1, section: '2', name: 'a', file: 'f', test: 'one' },
      { rfc: 1, section: '2.3', name: 'b', file: 'f', test: 'two %s' },
      { rfc: 1, section: '2.3', name: 'c', file: 'f', test: 'two %s' },
    ]);
  });
});

function cited(name: string, section: string): Citation {
  return { rfc: 9999, section, name, file: 'test/x.test.ts', test: 'a sentence' };
}

function wrongRequirements(rfcs: readonly Rfc[], found: readonly Citation[]): string[] {
  return rfcs.flatMap(({ number, requirements }) =>
    requirements.flatMap(({ name, no }) => {
      const shown = found.some((citation) => citation.rfc === number && citation.name === name);
      if (no !== undefined && shown) return [`RFC ${number} [${name}] is said not to be met, but has a test`];
      return no === undefined && !shown ? [`RFC ${number} [${name}] has no test`] : [];
    }),
  );
}

function wrongCitations(rfcs: readonly Rfc[], found: readonly Citation[]): string[] {
  return found.flatMap(({ rfc: number, section, name, file }) => {
    const cites = `${file} cites RFC ${number} §${section} [${name}]`;
    const requirement = rfcs
      .find((candidate) => candidate.number === number)
      ?.requirements.find((candidate) => candidate.name === name);
    if (requirement === undefined) return [`${cites}, which there is not`];
    return requirement.section === section ? [] : [`${cites}, which is §${requirement.section}`];
  });
}

function wrongCode(rfcs: readonly Rfc[]): string[] {
  return rfcs.flatMap(({ number, requirements }) =>
    requirements.flatMap(({ name, section, code }) => {
      return code === undefined || existsSync(join('src', code))
        ? []
        : [`${code} is not there, for RFC ${number} §${section} [${name}]`];
    }),
  );
}
