import type { AccountConfiguration } from '../../config/configuration.ts';
import { PasswordCommandError } from '../../config/secrets.ts';
import type { Terminal } from '../terminal.ts';

/** The same account, whose password command is quoted on this terminal when it fails: what it said is kept nowhere (I5). */
export function quotingPasswordCommand(
  configured: AccountConfiguration,
  terminal: Pick<Terminal, 'err' | 'style'>,
): AccountConfiguration {
  const { account } = configured;
  const password: typeof account.password = async (signal) => {
    try {
      return await account.password(signal);
    } catch (thrown) {
      if (thrown instanceof PasswordCommandError && thrown.said !== '') {
        const note = terminal.style('yellow', 'note:');
        terminal.err(`${account.name}: ${note} the password command said: ${thrown.said}`);
      }
      throw thrown;
    }
  };
  return { ...configured, account: { ...account, password } };
}
