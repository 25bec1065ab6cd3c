import { afterAll, describe, jest } from '@jest/globals';
import { busCases } from './bus-cases.ts';
import { answerCases, requestCases } from './http-cases.ts';
import { mappingCases } from './mapping-cases.ts';
import { patternCases } from './pattern-cases.ts';
import { openProbe } from './probe.ts';
import { queueCases } from './queue-cases.ts';

// Bounds, for whatever waits for a condition; most of it waits for visibility time-outs.
jest.setTimeout(60_000);

const probe = await openProbe();
afterAll(probe.close);

describe('what a function behind the HTTP API gets', () => requestCases(probe));
describe('what its caller gets', () => answerCases(probe));
describe('what a bus takes and gives', () => busCases(probe));
describe('which events a rule takes', () => patternCases(probe));
describe('what becomes of a batch', () => mappingCases(probe));
describe('what a message is', () => queueCases(probe));
