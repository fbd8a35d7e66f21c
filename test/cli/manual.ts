import type { Argument, Command, Option } from 'commander';
import { roffOfMarkdown, roffText } from './roff.ts';

/** A manual page: its file name and its source for man(7). */
export interface ManualPage {
  readonly file: string;
  readonly text: string;
}

const FILES: readonly (readonly [string, string])[] = [
  ['~/.config/mailferry/config.yaml', 'The configuration of a user, see mailferry.yaml(5).'],
  ['/etc/mailferry/config.yaml', 'The configuration of the system.'],
  ['~/.local/state/mailferry', 'The ledger of what was carried, where "stateDir" does not say otherwise.'],
];

/**
 * The manual: a page for the program, one for each command, and one for the configuration file, made of the same texts as
 * `--help` and the reference of the configuration (given as Markdown). Pure.
 */
export function manualPages(program: Command, configurationReference: string): readonly ManualPage[] {
  return [
    { file: 'mailferry.1', text: programPage(program) },
    ...program.commands.map((command) => ({
      file: `mailferry-${command.name()}.1`,
      text: commandPage(command, program),
    })),
    { file: 'mailferry.yaml.5', text: configurationPage(configurationReference) },
  ];
}

function programPage(program: Command): string {
  return page('mailferry', 1, [
    section('NAME', 'mailferry \\- carries mail from POP3 maildrops to places of yours'),
    section('SYNOPSIS', '.B mailferry\n.I command\n[\\fIoptions\\fR] [\\fIwords\\fR]'),
    section('DESCRIPTION', roffText(program.description())),
    section(
      'COMMANDS',
      program.commands
        .map(
          (command) => `.TP\n.BR mailferry\\-${roffText(command.name())} (1)\n${roffText(command.summary())}`,
        )
        .join('\n'),
    ),
    section('OPTIONS', optionList(optionsOf(program))),
    section('EXIT STATUS', exitStatus(program)),
    section('FILES', FILES.map(([path, text]) => `.TP\n.I ${roffText(path)}\n${roffText(text)}`).join('\n')),
    section('SEE ALSO', '.BR mailferry.yaml (5)'),
  ]);
}

function commandPage(command: Command, program: Command): string {
  const { registeredArguments } = command;
  const name = `mailferry-${command.name()}`;
  const usage = command.createHelp().commandUsage(command);
  return page(name, 1, [
    section('NAME', `${roffText(name)} \\- ${roffText(command.summary())}`),
    section('SYNOPSIS', `.B ${roffText(usage)}`),
    section('DESCRIPTION', roffText(command.description())),
    ...(registeredArguments.length === 0
      ? []
      : [section('ARGUMENTS', registeredArguments.map(argumentItem).join('\n'))]),
    section(
      'OPTIONS',
      optionList([
        ...optionsOf(command),
        ...optionsOf(program).filter(({ long }) => long !== '--version' && long !== '--help'),
      ]),
    ),
    section('EXIT STATUS', [...ownExitStatus(command), exitStatus(program)].join('\n.PP\n')),
    section('SEE ALSO', '.BR mailferry (1),\n.BR mailferry.yaml (5)'),
  ]);
}

function configurationPage(reference: string): string {
  const [, body = ''] = /^[^]*?\n# Configuration\n([^]*)$/.exec(reference) ?? [];
  return page('mailferry.yaml', 5, [
    section('NAME', 'mailferry.yaml \\- the configuration of mailferry'),
    section('DESCRIPTION', roffOfMarkdown(body)),
    section('SEE ALSO', '.BR mailferry (1),\n.BR mailferry\\-check (1),\n.BR mailferry\\-init (1)'),
  ]);
}

function optionsOf(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

function optionList(options: readonly Option[]): string {
  return options
    .map(({ flags, description, argChoices, envVar }) => {
      const more = [
        argChoices === undefined ? '' : ` One of: ${argChoices.join(', ')}.`,
        envVar === undefined ? '' : ` Environment: ${envVar}.`,
      ].join('');
      return `.TP\n.B ${roffText(flags)}\n${roffText(`${description}.${more}`)}`;
    })
    .join('\n');
}

function argumentItem(argument: Argument): string {
  const { argChoices } = argument;
  const more = argChoices === undefined ? '' : ` One of: ${argChoices.join(', ')}.`;
  return `.TP\n.I ${roffText(argument.name())}\n${roffText(`${argument.description}.${more}`)}`;
}

/** The table that `--help` shows, as it stands there. */
function exitStatus(program: Command): string {
  const [, table = ''] = /\nExit status[^\n]*\n([^]*?)\n*$/.exec(helpOf(program)) ?? [];
  const rows = table.split('\n').flatMap((line) => {
    const [, statuses, meaning] = /^ {2}(\d+) +(.*)$/.exec(line) ?? [];
    return statuses === undefined ? [] : [`.TP\n.B ${statuses}\n${roffText(meaning ?? '')}`];
  });
  return `The worst over all accounts:\n${rows.join('\n')}\n.PP\nEnded by a signal: 128 + its number.`;
}

/** What `--help` says of the statuses of this command in particular. */
function ownExitStatus(command: Command): readonly string[] {
  const [, sentence] = /\n(Exit status \d[^]*?)\n*$/.exec(helpOf(command)) ?? [];
  return sentence === undefined ? [] : [`${roffText(sentence.replaceAll('\n', ' '))} In general:`];
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (written) => (text += written) });
  command.outputHelp();
  return text;
}

function page(name: string, number: number, sections: readonly string[]): string {
  return `.\\" Made by: npm run docs\n.TH ${roffText(name.toUpperCase())} ${number} "" "Mailferry"\n.nh\n.ad l\n${sections.join('\n')}\n`;
}

function section(title: string, body: string): string {
  return `.SH ${title}\n${body}`;
}
