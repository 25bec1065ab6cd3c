/**
 * What came of one HTTP request to a subscriber. A failure on their side is a value like any other and never an
 * exception; times are milliseconds from the first dial to the verdict, which falls with the answer's last header.
 */
export type Outcome =
  | { kind: 'accepted'; status: number; duration_ms: number; response_excerpt?: string }
  | { kind: 'rejected'; status: number; retry_after?: string; duration_ms: number; response_excerpt?: string }
  | { kind: 'unreachable'; reason: UnreachableReason; duration_ms: number }
  | { kind: 'blocked'; reason: BlockedReason; duration_ms: number };

/** Every reason why no answer came, with what it means to the people who run the subscriber. */
export const UNREACHABLE = {
  dns_failed: 'The host name has no address.',
  connection_refused: 'Nothing listens on that port.',
  network_unreachable: 'There is no way to that address.',
  connection_failed: 'The connection failed in a way that has no name of its own here.',
  connection_reset: 'The connection was reset before the answer was complete.',
  closed_early: 'The connection was closed before the answer was complete.',
  timeout_connect: 'No connection was made in time, TLS included.',
  timeout_headers: 'The status line and headers were not complete in time.',
  tls_failed: 'TLS could not be agreed on: no common version or cipher, or no TLS at all on that port.',
  tls_certificate_expired: 'The certificate is out of date, or its time has not come yet.',
  tls_hostname_mismatch: 'The certificate is for another host name.',
  tls_untrusted:
    'The certificate does not lead to an authority that is publicly trusted; an intermediate may be missing.',
  malformed_response: 'The answer is not HTTP/1.1.',
  headers_too_large: 'The headers of the answer are larger than 16 KiB.',
  upgrade_refused: 'The answer asked to switch protocols.',
} as const;
export type UnreachableReason = keyof typeof UNREACHABLE;

/** Why nothing was sent. One reason for all addresses, so that it does not tell one private network from another. */
export const BLOCKED = {
  address_not_allowed: 'The URL does not lead to an address that may be sent to.',
} as const;
export type BlockedReason = keyof typeof BLOCKED;
