/** A secret as somebody might leak it: as it stands, its bytes, and both in the ways that texts carry bytes. */
export function spellingsOf(secret: string): string[] {
  const raw = secret.replace(/^whs(ec|k)_/, '');
  const bytes = [Buffer.from(secret), Buffer.from(raw), Buffer.from(raw, 'base64')].filter(({ length }) => length >= 8);
  const encoded = bytes.flatMap((one) => [one.toString('hex'), unpadded(one.toString('base64')), one.toString('base64url'), one.toString('latin1')]); // prettier-ignore
  return [...new Set([secret, raw, encodeURIComponent(raw), JSON.stringify(raw).slice(1, -1), ...encoded])];
}

const unpadded = (base64: string): string => base64.replace(/=+$/, '');

/** Which of the secrets, by name, stand in the text in one of their spellings. */
export const leaksIn = (text: string, secrets: Readonly<Record<string, string>>): string[] =>
  Object.entries(secrets)
    .filter(([, secret]) => spellingsOf(secret).some((spelling) => text.toLowerCase().includes(spelling.toLowerCase())))
    .map(([name]) => name);
