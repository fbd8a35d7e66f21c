import type { Argument, Command, Option } from 'commander';

export type Shell = 'bash' | 'zsh' | 'fish';

/** What a shell must know of a command to complete its words. */
interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option[];
  /** What its words may be: fixed ones, accounts, or files. */
  readonly words: readonly string[];
  readonly takesAccounts: boolean;
}

/** A script that completes the commands, options and accounts of this program in a shell. Pure. */
export function completionScript(program: Command, shell: Shell): string {
  const globals = optionsOf(program);
  const entries = program.commands.map((command) => entryOf(command, globals));
  switch (shell) {
    case 'bash':
      return bash(entries, globals);
    case 'zsh':
      return zsh(entries, globals);
    case 'fish':
      return fish(entries, globals);
  }
  return '';
}

function optionsOf(command: Command): readonly Option[] {
  const helper = command.createHelp();
  return helper.visibleOptions(command);
}

function entryOf(command: Command, globals: readonly Option[]): Entry {
  const { registeredArguments } = command;
  return {
    name: command.name(),
    summary: command.summary(),
    options: [
      ...optionsOf(command),
      ...globals.filter(({ long }) => long !== '--help' && long !== '--version'),
    ],
    words: registeredArguments.flatMap(({ argChoices }: Argument) => argChoices ?? []),
    takesAccounts: registeredArguments.some((argument) => argument.name() === 'account'),
  };
}

function flags({ short, long }: Option): readonly string[] {
  return [short, long].filter((flag) => flag !== undefined);
}

/** Whether a word follows the option. */
function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

/** Accounts are asked of the program itself, which knows its configuration. */
const ACCOUNTS = 'mailferry completion accounts 2>/dev/null';

function bash(entries: readonly Entry[], globals: readonly Option[]): string {
  const names = entries.map(({ name }) => name).join(' ');
  const choices = [
    ...new Map(entries.flatMap(({ options }) => options).map((option) => [option.long, option])).values(),
  ];
  const values = choices.filter(takesValue).map((option) => {
    const { argChoices } = option;
    const reply =
      argChoices === undefined
        ? `COMPREPLY=($(compgen -f -- "$word"))`
        : `COMPREPLY=($(compgen -W "${argChoices.join(' ')}" -- "$word"))`;
    return `    ${flags(option).join('|')}) ${reply}; return ;;`;
  });
  const commands = entries.map(({ name, options, words, takesAccounts }) => {
    const all = options.flatMap(flags).join(' ');
    const more = [...words, takesAccounts ? `$(${ACCOUNTS})` : ''].filter((it) => it !== '').join(' ');
    return `    ${name}) options="${all}"; words="${more}" ;;`;
  });
  return `# bash completion for mailferry, made by: mailferry completion bash
_mailferry() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="" options="" words="" index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "\${COMP_WORDS[index]}" in -*) ;; *) case " ${names} " in *" \${COMP_WORDS[index]} "*) command="\${COMP_WORDS[index]}"; break ;; esac ;; esac
  done
  case "$before" in
${values.join('\n')}
  esac
  case "$command" in
${commands.join('\n')}
    *) options="${globals.flatMap(flags).join(' ')}"; words="${names}" ;;
  esac
  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$word"))
  else COMPREPLY=($(compgen -W "$words" -- "$word")); fi
}
complete -o default -F _mailferry mailferry
`;
}

function zsh(entries: readonly Entry[], globals: readonly Option[]): string {
  const described = entries.map(({ name, summary }) => `    ${single(`${name}:${summary}`)}`);
  const cases = entries.map(({ name, options, words, takesAccounts }) => {
    const specs = options.flatMap(zshOption).map((spec) => `        ${single(spec)} \\`);
    const rest = takesAccounts
      ? `'*:account:{compadd -- \${(f)"$(${ACCOUNTS})"}}'`
      : words.length > 0
        ? `'1:word:(${words.join(' ')})' '*:file:_files'`
        : `'*:file:_files'`;
    return `      ${name})\n        _arguments -s -S \\\n${specs.join('\n')}\n        ${rest} ;;`;
  });
  return `#compdef mailferry
# zsh completion for mailferry, made by: mailferry completion zsh
_mailferry() {
  local -a commands
  local state line
  commands=(
${described.join('\n')}
  )
  _arguments -C \\
${globals
  .flatMap(zshOption)
  .map((spec) => `    ${single(spec)} \\`)
  .join('\n')}
    '1:command:->command' '*::word:->words'
  case $state in
    command) _describe command commands ;;
    words)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac
}
if [ "$funcstack[1]" = _mailferry ]; then _mailferry "$@"; else compdef _mailferry mailferry; fi
`;
}

/** One specification for each name of an option; whoever wrote one is not offered the other. */
function zshOption(option: Option): readonly string[] {
  const { description, argChoices } = option;
  const names = flags(option);
  const group = names.length > 1 ? `(${names.join(' ')})` : '';
  const text = description.replaceAll(/[[\]:]/g, ' ').replaceAll("'", '');
  const value = takesValue(option)
    ? argChoices === undefined
      ? ':value:_files'
      : `:value:(${argChoices.join(' ')})`
    : '';
  return names.map((name) => {
    const joined = value !== '' && name.startsWith('--') ? '=' : '';
    return `${group}${name}${joined}[${text}]${value}`;
  });
}

function fish(entries: readonly Entry[], globals: readonly Option[]): string {
  const lines = [
    '# fish completion for mailferry, made by: mailferry completion fish',
    'complete -c mailferry -f',
  ];
  const none = single(`not ${seenOf(entries.map(({ name }) => name))}`);
  for (const option of globals) lines.push(`complete -c mailferry ${fishOption(option)}`);
  for (const { name, summary, options, words, takesAccounts } of entries) {
    lines.push(`complete -c mailferry -n ${none} -a ${name} -d ${single(summary)}`);
    const seen = `complete -c mailferry -n ${single(seenOf([name]))}`;
    const own = options.filter((option) => !globals.includes(option));
    for (const option of own) lines.push(`${seen} ${fishOption(option)}`);
    if (words.length > 0) {
      const first = single(`${seenOf([name])}; and not ${seenOf(words)}`);
      lines.push(`complete -c mailferry -n ${first} -a ${single(words.join(' '))}`);
    }
    if (takesAccounts) lines.push(`${seen} -a '(${ACCOUNTS})'`);
    else if (name === 'import') lines.push(`${seen} -F`);
  }
  return `${lines.join('\n')}\n`;
}

/** The condition that one of these words stands in the line already. */
function seenOf(words: readonly string[]): string {
  return `__fish_seen_subcommand_from ${words.join(' ')}`;
}

function fishOption(option: Option): string {
  const { short, long, description, argChoices } = option;
  const parts = [
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    `-d ${single(description)}`,
    ...(takesValue(option)
      ? [argChoices === undefined ? '-r -F' : `-x -a ${single(argChoices.join(' '))}`]
      : []),
  ];
  return parts.join(' ');
}

/** A word in single quotes, as all three shells read it. */
function single(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
