/** The account and region everything local pretends to live in; fauxqs knows no other account. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';

export const arnOf = (service: string, resource: string): string =>
  `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
