import { fold } from './nearest.ts';

/** What switches the check of certificates off elsewhere, folded. */
const UNCHECKED = [
  'rejectunauthorized',
  'insecure',
  'allowinsecure',
  'verify',
  'sslverify',
  'tlsverify',
  'sslcertck',
  'tlscertcheck',
];

/** What other programs call a key, folded; by what it is called here. */
const OTHER_WORDS: Readonly<Record<string, readonly string[]>> = {
  host: ['server', 'hostname'],
  user: ['username', 'login', 'email', 'mail'],
  password: ['pass', 'passwd', 'passwordeval', 'passwordcommand', 'passwordfile', 'token'],
  tls: ['ssl', 'secure', 'encryption', 'starttls', 'stls', 'security'],
  caFile: ['ca', 'sslcertfile', 'tlstrustfile', 'cafile', 'cacerts', 'cert', 'certificate', ...UNCHECKED],
  deliver: ['maildir', 'mbox', 'mda', 'destination', 'delivery', 'path', 'folder', 'output', 'target'],
  delete: ['keep', 'nokeep', 'deleteafter', 'retention', 'expire', 'leaveonserver'],
  schedule: ['interval', 'poll', 'cron', 'every', 'frequency'],
  preconnect: ['pre', 'prepoll', 'precommand', 'beforepoll', 'beforeconnect', 'presynchook', 'prehook'],
  afterMail: [
    'post',
    'postconnect',
    'postpoll',
    'postcommand',
    'postsynchook',
    'posthook',
    'hook',
    'hooks',
    'afterpoll',
    'afterdelivery',
    'onmail',
    'onnewmail',
    'exec',
  ],
  limits: ['limit', 'maxsize', 'maxmessagesize', 'messagesize', 'fetchlimit'],
  stateDir: ['state', 'ledger', 'database', 'datadir'],
};

/** The known key for which `word` stands in other programs, or undefined. */
export function otherWord(word: string, known: readonly string[]): string | undefined {
  const folded = fold(word);
  return known.find((key) => Object.hasOwn(OTHER_WORDS, key) && OTHER_WORDS[key]?.includes(folded));
}

/** Whether the key would switch the check of certificates off, which nothing does here. */
export function switchesChecksOff(word: string): boolean {
  return UNCHECKED.includes(fold(word));
}
