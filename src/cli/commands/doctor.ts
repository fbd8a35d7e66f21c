import { connectTo } from '../../app.ts';
import { examine } from '../../doctor/examine.ts';
import type { Examination } from '../../doctor/step.ts';
import { systemRuntime } from '../../runtime.ts';
import type { CommandRun } from '../command.ts';
import { statusOf, worstStatus } from '../exit-status.ts';
import { loadSelected } from '../load.ts';
import { signalControl } from '../signals.ts';
import { processTerminal, type Terminal } from '../terminal.ts';
import { showStep } from '../words/step-text.ts';

/** `mailferry doctor`: goes the way of a poll step by step, and names the first thing that is wrong and its remedy. */
export const doctor: CommandRun<{ readonly json?: boolean }> = async (options, names) => {
  const terminal = processTerminal();
  const { configuration, accounts } = await loadSelected(options, names);
  using control = signalControl();
  const examinations = await examine(configuration, accounts, {
    open: (account, how) => connectTo(account, how),
    control,
    runtime: systemRuntime,
    onDone: (examination) => {
      if (options.json === true) terminal.out(JSON.stringify(examination));
      else show(examination, terminal);
    },
  });
  return control.status ?? worstStatus(examinations.map(statusOfExamination));
};

function statusOfExamination({ steps }: Examination): number {
  const code = steps.find(({ state }) => state === 'wrong')?.code ?? null;
  return code === null ? 0 : statusOf(code);
}

function show({ account, healthy, steps }: Examination, terminal: Terminal): void {
  terminal.out(
    `${account}: ${healthy ? terminal.style('green', 'good') : terminal.style('red', 'something is wrong')}`,
  );
  for (const step of steps) showStep(step, terminal);
}
