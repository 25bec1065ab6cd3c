import { describe, expect, test } from '@jest/globals';
import { cursorAt, positionIn, type List } from '../../shared/domain/cursor.ts';

const list: List = { name: '["attempts",[["tenant","acme"]],[]]', key: Buffer.alloc(32, 1) };
const POSITION = '2026-03-04T05:06:07.890Z#evt_1#0001#0001';
const cursor = cursorAt(list, POSITION);

const bytes = Buffer.from(cursor, 'base64url');
const withByte = (at: number): string => {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed.toString('base64url');
};

test.each([POSITION, 'x', 'é 🚀', '\n', 'sub_1'])('a cursor gives back its position: %j', (position) => {
  expect(positionIn(list, cursorAt(list, position))).toBe(position);
});

test('a cursor can stand in a URL as it is', () => {
  for (let i = 0; i < 50; i++) expect(cursorAt(list, `${POSITION}${i}`)).toMatch(/^[A-Za-z0-9_-]+$/);
});

describe('a cursor is refused', () => {
  test.each([
    ['by a list of another name', { ...list, name: '["attempts",[["tenant","other"]],[]]' }],
    ['by a list with another filter', { ...list, name: '["attempts",[["tenant","acme"]],[["outcome","rejected"]]]' }],
    ['by another deployment', { ...list, key: Buffer.alloc(32, 2) }],
  ])('%s', (_, other) => {
    expect(positionIn(other, cursor)).toBeUndefined();
  });

  test('with any byte of it changed', () => {
    const changed = Array.from(bytes, (_, at) => positionIn(list, withByte(at)));
    expect(changed).toEqual(Array.from(bytes, () => undefined));
  });

  test('with any part of its end cut off', () => {
    const cut = Array.from(bytes, (_, length) => positionIn(list, bytes.subarray(0, length).toString('base64url')));
    expect(cut).toEqual(Array.from(bytes, () => undefined));
  });

  test.each([
    ['empty', ''],
    ['a position without a seal', Buffer.from(POSITION).toString('base64url')],
    ['a position behind zeros', Buffer.concat([Buffer.alloc(16), Buffer.from(POSITION)]).toString('base64url')],
    ['the seal of nothing', cursorAt(list, '')],
    ['no base64 at all', '💥'],
    ['the word undefined', 'undefined'],
    ['something behind it', `${cursor}AAAA`],
    ['padding behind it', `${cursor}=`],
    ['a space in it', `${cursor.slice(0, 4)} ${cursor.slice(4)}`],
  ])('when it is %s', (_, forged) => {
    expect(positionIn(list, forged)).toBeUndefined();
  });

  test('with a part of the name moved into the position', () => {
    const other = { name: `${list.name}\nx`, key: list.key };
    expect(positionIn(list, cursorAt(other, POSITION))).toBeUndefined();
  });
});
