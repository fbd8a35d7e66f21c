import { execFileSync } from 'node:child_process';
import { openSession } from '../../../src/pop3-client/index.ts';
import { createServer } from '../../../src/pop3-server/index.ts';

// Key and certificate, one behind the other, for two days and for this machine.
const request =
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout - -days 2 ' +
  '-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1';
const pem = execFileSync('openssl', request.split(' '), { encoding: 'utf8', stdio: 'pipe' });

await using server = await createServer({
  users: { alice: { password: 'secret' } },
  tls: { key: pem, cert: pem }, // STLS
  tlsPort: 0, // and TLS from the first octet, at `server.tlsAddress`
});
const account = { user: 'alice', password: 'secret', ca: [pem] };
await using stls = await openSession({ ...server.address, ...account, tls: 'starttls' });
await stls.quit();
console.log(server.tlsAddress);
