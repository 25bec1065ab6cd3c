import { describe, expect, test } from '@jest/globals';
import { idInKey } from '../../shared/domain/key.ts';
import { isSessionText, sessionIn, sessionText, type Session } from '../../shared/domain/portal-session.ts';
import { AT, later } from '../support/make.ts';

const key = Buffer.alloc(32, 7);
const session: Session = {
  id: 'pst_1',
  tenant: 'acme',
  scopes: ['subscriptions:read'],
  created_at: AT,
  expires_at: later(60),
};
const text = sessionText(session, key);
const at = (seconds: number) => new Date(later(seconds));

describe('a portal session', () => {
  test('is a key of its tenant with its scopes until its time is over', () => {
    expect(sessionIn(text, { key, now: at(59) })).toMatchObject({
      id: 'pst_1',
      tenant: 'acme',
      scopes: ['subscriptions:read'],
      expires_at: later(60),
    });
    expect(sessionIn(text, { key, now: at(60) })).toBeUndefined();
  });

  test('is never taken for an access key', () => {
    expect(isSessionText(text)).toBe(true);
    expect(idInKey(text)).toBeUndefined();
  });

  const forged = sessionText({ ...session, tenant: 'other' }, Buffer.alloc(32, 8));
  test.each([
    ['signed by another deployment', forged],
    ['with the signature of another one', `${forged.split('~')[0]!}~${text.split('~')[1]!}`],
    ['cut short', text.slice(0, -1)],
    ['with something behind it', `${text}A`],
    ['without a signature', text.split('~')[0]!],
    ['with nothing but its prefix', 'pst_'],
    ['with a signature alone', `pst_~${text.split('~')[1]!}`],
  ])('%s is none', (_, given) => {
    expect(sessionIn(given, { key, now: at(0) })).toBeUndefined();
  });
});
