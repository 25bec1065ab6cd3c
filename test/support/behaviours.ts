import { gzipSync } from 'node:zlib';
import type { Outcome, UnreachableReason } from '../../shared/domain/outcome.ts';
import { makeCertificate } from './certificate.ts';
import type { Script } from './subscriber.ts';

type Expected = Partial<Outcome> & Pick<Outcome, 'kind'>;
/** Name, what it does, what becomes of a request to it. */
export type Behaviour = [name: string, does: Script, expected: Expected];

const shows = (response_excerpt?: string) => (response_excerpt === undefined ? {} : { response_excerpt });
const accepted = (status = 200, excerpt?: string): Expected => ({ kind: 'accepted', status, ...shows(excerpt) });
const rejected = (status: number, excerpt?: string): Expected => ({ kind: 'rejected', status, ...shows(excerpt) });
const unreachable = (reason: UnreachableReason): Expected => ({ kind: 'unreachable', reason });

const says = (text: string | Buffer): Script => ({ asked: (peer) => peer.send(text) });
const saysAndEnds = (text: string): Script => ({ asked: (peer) => peer.send(text).then(() => peer.end()) });
const saysAndResets = (text: string): Script => ({ asked: (peer) => peer.send(text).then(() => peer.reset()) });
const floods = (start: string, piece: string | Buffer): Script => ({
  asked: (peer) => peer.send(start).then(() => peer.flood(piece)),
});
const drips = (start: string, rest: string): Script => ({
  asked: (peer) => peer.send(start).then(() => peer.drip(rest, 5)),
});

const answer = (status: number | string, headers = '', body = ''): string =>
  `HTTP/1.1 ${status}\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;
const OK = 'HTTP/1.1 200 OK\r\n';
const forever = 'x'.repeat(64 * 1024);

const STATUSES: Behaviour[] = [
  ...[200, 201, 202, 203, 205, 206, 226, 299].map((status): Behaviour => [
    `answers ${status}`,
    says(answer(status)),
    accepted(status),
  ]),
  ...[300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 403, 404, 405, 408, 409, 410, 413, 418, 421, 422, 425].map(
    (status): Behaviour => [`answers ${status}`, says(answer(status, 'location: /elsewhere\r\n')), rejected(status)],
  ),
  ...[500, 501, 502, 503, 504, 511, 599, 600, 999].map((status): Behaviour => [
    `answers ${status}`,
    says(answer(status)),
    rejected(status),
  ]),
  ['answers 204', says('HTTP/1.1 204 No Content\r\n\r\n'), accepted(204)],
  ['answers 204 and a body', says(answer(204, '', 'hello')), accepted(204)],
  ['answers 204 and bytes that nothing announced', says('HTTP/1.1 204 No Content\r\n\r\nhello'), accepted(204)],
  ['gives no reason phrase', says('HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n'), accepted()],
  ['speaks HTTP/1.0', saysAndEnds('HTTP/1.0 200 OK\r\n\r\nfine'), accepted()],
  [
    'asks for patience',
    says(answer(429, 'retry-after: 120\r\n')),
    { kind: 'rejected', status: 429, retry_after: '120' },
  ],
  [
    'asks for patience until a date',
    says(answer(503, 'Retry-After: Fri, 31 Dec 2027 23:59:59 GMT\r\n')),
    { kind: 'rejected', status: 503, retry_after: 'Fri, 31 Dec 2027 23:59:59 GMT' },
  ],
  [
    'asks for patience twice',
    says(answer(503, 'retry-after: 7\r\nretry-after: 9\r\n')),
    { kind: 'rejected', status: 503, retry_after: '7' },
  ],
  ['tells why it refuses', says(answer(422, '', 'no such centre')), rejected(422, 'no such centre')],
  ['sets a cookie', says(answer(200, 'set-cookie: session=1\r\n')), accepted()],
  ['offers another protocol in passing', says(answer(200, 'connection: upgrade\r\nupgrade: h2\r\n')), accepted()],
];

const INTERIM: Behaviour[] = [
  ['says 100 first', says(`HTTP/1.1 100 Continue\r\n\r\n${answer(200)}`), accepted()],
  ['says 100 and refuses then', says(`HTTP/1.1 100 Continue\r\n\r\n${answer(500)}`), rejected(500)],
  ['says 100 byte by byte', drips('', `HTTP/1.1 100 Continue\r\n\r\n${answer(201)}`), accepted(201)],
  [
    'says 102, 103 and 100 first',
    says(
      `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${answer(200)}`,
    ),
    accepted(),
  ],
  ['says 100 and no more', says('HTTP/1.1 100 Continue\r\n\r\n'), unreachable('timeout_headers')],
  ['says 100 and closes', saysAndEnds('HTTP/1.1 100 Continue\r\n\r\n'), unreachable('closed_early')],
  [
    'says 103 without end',
    floods('', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100)),
    unreachable('headers_too_large'),
  ],
  [
    'says 103 with headers without end',
    floods('HTTP/1.1 103 Early Hints\r\n', 'a: b\r\n'.repeat(1000)),
    unreachable('headers_too_large'),
  ],
  [
    'switches protocols',
    says('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
    unreachable('upgrade_refused'),
  ],
  [
    'says 101 and nothing of a protocol',
    says('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
    unreachable('upgrade_refused'),
  ],
  ['says 099', says(answer('099 Odd')), unreachable('malformed_response')],
  ['says 000', says(answer('000 Odd')), unreachable('malformed_response')],
];

const HEADS: Behaviour[] = [
  ...Object.entries({
    'sends no status line': 'HELLO\r\n\r\n',
    'greets like SSH': 'SSH-2.0-OpenSSH_9.6\r\n',
    'greets like SMTP': '220 mail.example ESMTP\r\n',
    'speaks ICY': 'ICY 200 OK\r\n\r\n',
    'speaks HTTP/0.9': '<html>hello</html>',
    'has a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
    'has a status of letters': 'HTTP/1.1 abc OK\r\n\r\n',
    'has a header without a colon': `${OK}nonsense\r\n\r\n`,
    'has a NUL in a header': `${OK}a: b\0c\r\n\r\n`,
    'has a space before the colon': `${OK}a : b\r\ncontent-length: 0\r\n\r\n`,
    'has a length that is no number': `${OK}content-length: many\r\n\r\n`,
    'has a negative length': `${OK}content-length: -1\r\n\r\n`,
    'has two lengths': `${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nab`,
    'has a length beyond counting': `${OK}content-length: 99999999999999999999999\r\n\r\n`,
    'has a length and chunks': `${OK}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  }).map(([name, text]): Behaviour => [name, says(text), unreachable('malformed_response')]),
  ['sends binary noise', says(Buffer.from('16030100020202feff000180', 'hex')), unreachable('malformed_response')],
  ['has one header of 20 KiB', says(answer(200, `a: ${'x'.repeat(20_480)}\r\n`)), unreachable('headers_too_large')],
  ['has 5,000 headers', says(answer(200, 'a: bcdefg\r\n'.repeat(5_000))), unreachable('headers_too_large')],
  ['has headers without end', floods(OK, 'a: bcdefg\r\n'.repeat(1_000)), unreachable('headers_too_large')],
  ['has one header without end', floods(`${OK}a: `, forever), unreachable('headers_too_large')],
  ['has a status line without end', floods('HTTP/1.1 200 O', forever), unreachable('headers_too_large')],
  ['has headers of 12 KiB', says(answer(200, `a: ${'x'.repeat(12_288)}\r\n`)), accepted()],
];

const SILENCES: Behaviour[] = [
  ['never answers', {}, unreachable('timeout_headers')],
  ['reads and never answers', says(''), unreachable('timeout_headers')],
  ['stops in the status line', says('HTTP/1.1 2'), unreachable('timeout_headers')],
  ['stops in the headers', says(`${OK}content-`), unreachable('timeout_headers')],
  ['drips headers without end', drips(OK, 'a: b\r\n'.repeat(10_000)), unreachable('timeout_headers')],
  ['drips an answer in time', drips('', answer(200)), accepted()],
  ['resets at once', { connected: (peer) => peer.reset() }, unreachable('connection_reset')],
  ['resets after the request', saysAndResets(''), unreachable('connection_reset')],
  ['resets in the status line', saysAndResets('HTTP/1.1 2'), unreachable('connection_reset')],
  ['resets in the headers', saysAndResets(`${OK}a: b\r\n`), unreachable('connection_reset')],
  ['closes at once', { connected: (peer) => peer.end() }, unreachable('closed_early')],
  ['closes after the request', saysAndEnds(''), unreachable('closed_early')],
  ['closes in the status line', saysAndEnds('HTTP/1.1 2'), unreachable('closed_early')],
  ['closes in the headers', saysAndEnds(`${OK}a: b\r\n`), unreachable('closed_early')],
];

const chunked = (framed: string): string => `${OK}transfer-encoding: chunked\r\n\r\n${framed}`;

const BODIES: Behaviour[] = [
  ['sends chunks', says(chunked('5\r\nhello\r\n0\r\n\r\n')), accepted(200, 'hello')],
  ['sends chunks and trailers', says(chunked('5\r\nhello\r\n0\r\na: b\r\n\r\n')), accepted()],
  ['frames chunks badly', says(chunked('zz\r\nhello\r\n')), accepted()],
  ['writes a chunk size without end', floods(chunked(''), '0'.repeat(1_000)), accepted()],
  ['writes a chunk extension without end', floods(chunked('5;'), forever), accepted()],
  ['writes trailers without end', floods(chunked('0\r\n'), 'a: bcdefg\r\n'.repeat(1_000)), accepted()],
  ['closes before the announced length', saysAndEnds(`${OK}content-length: 99\r\n\r\nhello`), accepted()],
  ['stops before the announced length', says(`${OK}content-length: 99\r\n\r\nhello`), accepted(200, 'hello')],
  ['sends more than the announced length', says(`${OK}content-length: 2\r\n\r\nhello`), accepted(200, 'he')],
  ['sends a second answer', says(answer(200) + answer(500)), accepted()],
  ['resets in the body', saysAndResets(`${OK}content-length: 99\r\n\r\nhello`), accepted()],
  [
    'refuses and resets in the body',
    saysAndResets('HTTP/1.1 500 No\r\ncontent-length: 99\r\n\r\nhello'),
    rejected(500),
  ],
  ['sends a body without end', floods(`${OK}\r\n`, forever), accepted()],
  ['refuses with a body without end', floods('HTTP/1.1 503 No\r\n\r\n', forever), rejected(503)],
  ['sends chunks without end', floods(chunked(''), `400\r\n${'x'.repeat(1024)}\r\n`), accepted()],
  ['drips a body without end', drips(`${OK}\r\n`, 'x'.repeat(10_000)), accepted()],
  ['redirects with a body without end', floods('HTTP/1.1 302 Found\r\nlocation: /a\r\n\r\n', forever), rejected(302)],
  ['sends a zip bomb', floods(`${OK}content-encoding: gzip\r\n\r\n`, gzipSync(Buffer.alloc(1024 * 1024))), accepted()],
  [
    'writes to the terminal',
    says(answer(500, '', 'a\x1b[2J\0b\r\n\tc\x7f')),
    rejected(500, 'a\\u{1b}[2J\\u{0}b c\\u{7f}'),
  ],
];

const authority = makeCertificate({ hosts: ['event-fanout tests'], kind: 'authority' });
/** What a test has to trust for the good ones among the TLS subscribers. */
export const trusted = authority.cert;
const HERE = ['127.0.0.1', 'hooks.example.com'];
const secured = (wanted: Parameters<typeof makeCertificate>[0], more: Script = {}): Script => {
  const { key, cert } = makeCertificate(wanted);
  return { ...says(answer(200)), ...more, tls: { key, cert, ...more.tls } };
};
const good = { hosts: HERE, issuer: authority };
/** For a subscriber on 127.0.0.1 or hooks.example.com whose certificate is `trusted`. */
export const goodTls = (): Script => ({ tls: makeCertificate(good) });
/** Takes the connection and talks no TLS, though the URL says https. */
const plain = (does: Script): Script => ({ ...does, scheme: 'https' });

const TLS: Behaviour[] = [
  ['has a good certificate', secured(good), accepted()],
  ['has a self-signed certificate', secured({ hosts: HERE }), unreachable('tls_untrusted')],
  [
    'has a certificate of an unknown authority',
    secured({ hosts: HERE, issuer: makeCertificate({ hosts: ['nobody'], kind: 'authority' }) }),
    unreachable('tls_untrusted'),
  ],
  [
    'has a certificate that ran out',
    secured({ ...good, from: -30, until: -1 }),
    unreachable('tls_certificate_expired'),
  ],
  [
    'has a certificate for next month',
    secured({ ...good, from: 20, until: 30 }),
    unreachable('tls_certificate_expired'),
  ],
  [
    'has a certificate for another host',
    secured({ ...good, hosts: ['other.example.com'] }),
    unreachable('tls_hostname_mismatch'),
  ],
  [
    'speaks TLS 1.1 at best',
    secured(good, { tls: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } }),
    unreachable('tls_failed'),
  ],
  ['speaks TLS 1.2 at best', secured(good, { tls: { maxVersion: 'TLSv1.2' } }), accepted()],
  [
    'asks for our certificate',
    secured(good, { tls: { requestCert: true, rejectUnauthorized: true } }),
    { kind: 'unreachable' },
  ],
  [
    'drops the TLS connection after the request',
    secured(good, { asked: (peer) => peer.socket.destroy() }),
    unreachable('closed_early'),
  ],
  [
    'talks plain text on the TLS port',
    plain({ connected: (peer) => peer.send(answer(200)) }),
    unreachable('tls_failed'),
  ],
  ['is silent on the TLS port', plain({}), unreachable('timeout_connect')],
  ['closes in the handshake', plain({ connected: (peer) => peer.end() }), unreachable('connection_reset')],
];

export const behaviours: Behaviour[] = [...STATUSES, ...INTERIM, ...HEADS, ...SILENCES, ...BODIES, ...TLS];
