import type { Step } from '../../doctor/step.ts';
import { printable } from '../../wire/text.ts';
import { paragraph, type Terminal } from '../terminal.ts';

const SIGNS = { good: ['green', '✓'], doubtful: ['yellow', '!'], wrong: ['red', '✗'] } as const;

/** Shows what was found at one step, and what to do about it. */
export function showStep({ step, state, found, remedy }: Step, terminal: Terminal): void {
  const [colour, sign] = SIGNS[state];
  const { stdout } = process;
  const first = `  ${terminal.style(colour, sign)} ${step.padEnd(11)}  `;
  terminal.out(paragraph(first, printable(found, 1000), stdout));
  if (remedy !== null) terminal.out(paragraph(`    ${terminal.style('yellow', '→')} `, remedy, stdout));
}
