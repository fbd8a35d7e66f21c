import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Listens, and has so many connections already that the system answers no other: as if packets were lost. */
const LISTENER = `
import socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((sys.argv[1], int(sys.argv[2])))
listener.listen(0)
crowd = []
for _ in range(8):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(listener.getsockname())
    crowd.append(one)
print('full', flush=True)
sys.stdin.readline()
while True:
    crowd.append(listener.accept())
`;

/** An address of this machine that does not answer until it is woken. */
export interface SilentAddress extends Disposable {
  readonly wake: () => void;
}

export async function silentAddress(address: string, port: number): Promise<SilentAddress> {
  const child = spawn('python3', ['-c', LISTENER, address, String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    wake: () => void child.stdin.write('\n'),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}
