import { useState } from 'preact/hooks';
import { useAction } from '../ask.ts';
import { AskFirst, Copyable, Field, Refused, Time } from '../parts.tsx';
import { pathOf, useSession } from '../session.ts';
import type { PartProps } from './subscription.tsx';

const OVERLAPS = [
  { seconds: 86_400, label: 'a day' },
  { seconds: 3_600, label: 'an hour' },
  { seconds: 0, label: 'not at all' },
];

/** What requests are signed with: shown when asked for, and changed. */
export function Secret({ subscription: { id, signing }, onChange }: PartProps) {
  const { api, tenant } = useSession();
  const params = pathOf(tenant, { id });
  const [shown, setShown] = useState<{ secret: string; previousUntil?: string | null }>();
  const [publicKey, setPublicKey] = useState<string>();
  const [overlap, setOverlap] = useState(OVERLAPS[0]?.seconds ?? 0);
  const { busy, refusal, run } = useAction();

  const reveal = (): void =>
    run(async () => {
      const said = await api.GET('/v1/tenants/{tenant}/subscriptions/{id}/secret', { params });
      if (said.data !== undefined) setShown(said.data);
      return said;
    });
  const revealPublic = (): void =>
    run(async () => {
      const said = await api.GET('/v1/tenants/{tenant}/subscriptions/{id}/public-key', { params });
      if (said.data !== undefined) setPublicKey(said.data.public_key);
      return said;
    });
  const rotate = (): void =>
    run(async () => {
      const body = { overlap_seconds: overlap };
      const said = await api.POST('/v1/tenants/{tenant}/subscriptions/{id}/secret/rotate', { params, body });
      if (said.data !== undefined) {
        setShown({ secret: said.data.secret, previousUntil: said.data.previous_expires_at });
        setPublicKey(undefined);
        onChange();
      }
      return said;
    });

  return (
    <>
      <p>
        Every request has a signature by the Standard Webhooks scheme ({signing === 'v1a' ? 'Ed25519' : 'HMAC-SHA256'}),
        in <code>webhook-signature</code>. Verify it with a library, and take nothing that has none.
      </p>
      <Refused refusal={refusal} />
      {shown === undefined ? (
        <button type="button" disabled={busy} onClick={reveal}>
          Show the secret
        </button>
      ) : (
        <Copyable text={shown.secret} />
      )}
      {typeof shown?.previousUntil === 'string' && (
        <p>
          The secret before signs as well until <Time at={shown.previousUntil} />.
        </p>
      )}
      {signing === 'v1a' &&
        (publicKey === undefined ? (
          <p>
            <button type="button" disabled={busy} onClick={revealPublic}>
              Show the public key
            </button>
          </p>
        ) : (
          <Copyable text={publicKey} />
        ))}
      <h2>Change it</h2>
      <div class="row bottom">
        <Field label="The present one signs as well for">
          <select value={overlap} onChange={({ currentTarget }) => setOverlap(Number(currentTarget.value))}>
            {OVERLAPS.map(({ seconds, label }) => (
              <option key={seconds} value={seconds}>
                {label}
              </option>
            ))}
          </select>
        </Field>
        <AskFirst label="Make a new secret" disabled={busy} onYes={rotate}>
          Whoever verifies signatures needs the new secret{overlap === 0 ? ' at once' : ''}.
        </AskFirst>
      </div>
    </>
  );
}
