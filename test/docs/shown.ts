import { readdirSync, readFileSync } from 'node:fs';

/** The documents for people who use it. */
export const FILES: readonly string[] = [
  'README.md',
  'examples/README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** The blocks of a document in this language. */
export function blocks(file: string, language: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(
    ([, block]) => block ?? '',
  );
}

/** Every command line of ours, in blocks and within the text, with examples in place of what stands for a value. */
export const COMMANDS: readonly (readonly [file: string, line: string])[] = FILES.flatMap((file) => {
  const inText = [
    ...readFileSync(file, 'utf8')
      .replaceAll(/^```[^]*?^```/gm, '')
      .matchAll(/`(?:[^`]* )?(mailferry [^`]+)`/g),
  ].map(([, line]) => line ?? '');
  const inBlocks = blocks(file, 'sh')
    .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
    .flatMap((line) => line.split(/&&|;|\|\||(?<=\s)\|(?=\s)/))
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line.startsWith('mailferry '));
  return [...inText, ...inBlocks].map((line) => [file, line] as const);
});
