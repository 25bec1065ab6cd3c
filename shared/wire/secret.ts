import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

export const openSecrets = (): SecretsManagerClient => new SecretsManagerClient({});

const KEPT_MS = 5 * 60 * 1000;

/** A secret's value, read once in five minutes, so that a rotation needs no new deployment. `now` is milliseconds. */
export function secretFrom(
  client: SecretsManagerClient,
  { arn, now }: { arn: string; now: () => number },
): () => Promise<string> {
  let kept: { value: string; until: number } | undefined;
  return async () => {
    if (kept !== undefined && kept.until > now()) return kept.value;
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    if (SecretString === undefined) throw new Error('the secret holds no text');
    kept = { value: SecretString, until: now() + KEPT_MS };
    return SecretString;
  };
}
