import { arnOf } from './identity.ts';
import { AwsError, text, type Operation } from './rpc.ts';

export interface Secrets {
  /** Sets the value in memory only: whoever starts the runner keeps its secrets. */
  ensure(secret: { name: string; value: string }): { arn: string };
  operations: Record<string, Operation>;
}

export function createSecrets(): Secrets {
  const values = new Map<string, string>();
  const prefix = arnOf('secretsmanager', 'secret:');

  return {
    ensure({ name, value }) {
      values.set(name, value);
      return { arn: prefix + name };
    },
    operations: {
      'secretsmanager.GetSecretValue': (input) => {
        const name = text(input, 'SecretId').replace(prefix, '');
        const value = values.get(name);
        if (value === undefined) {
          throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
        }
        return { ARN: prefix + name, Name: name, SecretString: value, VersionStages: ['AWSCURRENT'] };
      },
    },
  };
}
