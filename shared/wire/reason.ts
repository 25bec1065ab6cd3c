import type { UnreachableReason } from '../domain/outcome.ts';
import { NameNotResolved } from './address-guard.ts';

const BY_CODE: Record<string, UnreachableReason> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  ECONNABORTED: 'connection_reset',
  EPIPE: 'connection_reset',
  UND_ERR_SOCKET: 'closed_early',
  EHOSTUNREACH: 'network_unreachable',
  EHOSTDOWN: 'network_unreachable',
  ENETUNREACH: 'network_unreachable',
  EADDRNOTAVAIL: 'network_unreachable',
  EACCES: 'network_unreachable',
  EPERM: 'network_unreachable',
  ETIMEDOUT: 'timeout_connect',
  UND_ERR_CONNECT_TIMEOUT: 'timeout_connect',
  UND_ERR_HEADERS_OVERFLOW: 'headers_too_large',
  // What undici makes of a content-length that is not a number.
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'malformed_response',
  CERT_HAS_EXPIRED: 'tls_certificate_expired',
  CERT_NOT_YET_VALID: 'tls_certificate_expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_hostname_mismatch',
  HOSTNAME_MISMATCH: 'tls_hostname_mismatch',
};

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes names the certificate's faults. */
const BY_PATTERN: [RegExp, UnreachableReason][] = [
  [/^(?:UNABLE_TO_|CERT_|CRL_|ERROR_IN_C|SELF_SIGNED|DEPTH_ZERO|INVALID_|PATH_LENGTH)/, 'tls_untrusted'],
  [/^(?:ERR_SSL_|ERR_TLS_|EPROTO$)/, 'tls_failed'],
];

/** undici gives these the code of a closed connection. */
const BY_MESSAGE: Record<string, UnreachableReason> = {
  'bad response': 'malformed_response',
  'bad upgrade': 'upgrade_refused',
};

/** Errors that say nothing about the other side: a bad header of ours, or a process out of file descriptors. */
const OURS =
  /^(?:UND_ERR_INVALID_ARG|UND_ERR_REQ_CONTENT_LENGTH_MISMATCH|UND_ERR_CLOSED|EMFILE|ENFILE|ENOBUFS|ENOMEM)$/;

export const isOurs = (error: Error): boolean => OURS.test(codeOf(error));

export function reasonOf(error: Error): UnreachableReason {
  if (error instanceof NameNotResolved) return 'dns_failed';
  if (error.name === 'HTTPParserError') return 'malformed_response';
  const code = codeOf(error);
  const byPattern = BY_PATTERN.find(([pattern]) => pattern.test(code))?.[1];
  return BY_MESSAGE[error.message] ?? BY_CODE[code] ?? byPattern ?? 'connection_failed';
}

/** Where several addresses were tried in vain, the first one's error speaks for all. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('errors' in error && Array.isArray(error.errors)) return codeOf(error.errors[0]);
  return 'code' in error ? String(error.code) : '';
}
