import { afterAll, describe, expect, test } from '@jest/globals';
import { targetsVariable } from '../../infra/targets.ts';
import { Synthesis } from './synthesis.ts';

const stack = new Synthesis({ stage: 'dev', targetPorts: '8080', targetAllow: '10.1.0.0/16', catalogueAccess: 'key' });
afterAll(() => stack.remove());

const told = (variable: string): Record<string, unknown> =>
  Object.fromEntries(
    stack
      .all('AWS::Lambda::Function')
      .map(({ id, Properties }) => [id, Properties.Environment.Variables[variable]])
      .filter(([, value]) => value !== undefined),
  );

describe('where subscribers may be', () => {
  test('is told to whoever checks a URL and to whoever dials it, and to both the same', () => {
    const values = Object.values(told('TARGETS'));
    // The lane's deliver, the deferred one, and the control plane.
    expect(values).toEqual(Array.from({ length: 3 }, () => '{"ports":[8080],"allow":["10.1.0.0/16"]}'));
  });

  test.each([
    [{ ports: [0] }, 'targets: ports.0'],
    [{ ports: [65_536] }, 'targets: ports.0'],
    [{ ports: [NaN] }, 'targets: ports.0'],
    [{ allow: ['10.0.0.1'] }, 'targets: allow.0'],
    [{ deny: ['10.0.0.0/33'] }, 'targets: deny.0'],
    [{ deny: ['inside'] }, 'targets: deny.0'],
  ])('cannot be %j', (targets, fault) => {
    expect(() => targetsVariable(targets)).toThrow(fault);
  });
});

describe('a catalogue that needs a key', () => {
  test('has no routes that anybody may call', () => {
    const routes = stack.all('AWS::ApiGatewayV2::Route').map(({ Properties }) => Properties.RouteKey);
    expect(routes).toContain('GET /healthz');
    expect(routes.filter((route) => /event-types|event-groups|asyncapi/.test(route))).toEqual([]);
    expect(Object.values(told('CATALOGUE_ACCESS'))).toEqual(['key']);
  });
});
