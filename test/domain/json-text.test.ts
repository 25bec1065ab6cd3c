import { describe, expect, test } from '@jest/globals';
import { asciiJson, compactJson, elementsOf, JsonTextError, membersOf } from '../../shared/domain/json-text.ts';
import { randomJson } from '../support/random-json.ts';

const DEPTH = 100;

/** The text's tokens, told by a grammar that shares nothing with the scanner. */
const tokensOf = (text: string): string[] => text.match(/"(?:[^"\\]|\\[^])*"|[[\]{}:,]|[^\s[\]{}:,"]+/g) ?? [];

const refusal = (read: () => unknown): Pick<JsonTextError, 'code' | 'pointer'> | undefined => {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    return { code: error.code, pointer: error.pointer };
  }
};

describe('compact text', () => {
  test.each([
    ['a number beyond 2^53', '{"id":820982911946154508}'],
    ['zeros behind the point', '{"price":199.00}'],
    ['an exponent as it was spelt', '[1.0e2,1E400,1e-400,2E+05]'],
    ['minus zero', '[-0,-0.0]'],
    ['the order of members', '{"b":1,"a":2,"10":3,"9":4}'],
    ['characters beyond ASCII', '{"name":"Zoë 🚀 東京 \u2028"}'],
    ['escapes that need not be there', String.raw`{"a":"\u0041\/\u00e9\b\f\n\r\t"}`],
    ['surrogates that are escaped, in pairs and alone', String.raw`["\ud83d\ude80","\ud83d","\ude80\ud83d"]`],
    ['characters that look like structure inside strings', String.raw`{"[{\",:}]":["{","]","}","\"","\\",":,"]}`],
    ['backslashes in front of the closing quote', String.raw`["\\","\\\\","\\\"","a\\"]`],
    ['white space inside strings', '{" a b ":"  c  "}'],
    ['a string alone', '"a b"'],
    ['a number alone', '-12.50'],
    ['what is empty', '{"a":{},"b":[],"c":"","":0}'],
    ['names that are members of every object', '{"__proto__":1,"constructor":2,"toString":3}'],
    ['one name in different objects', '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}'],
    ['names that differ in case or in composition', '{"a":1,"A":2,"é":3,"e\u0301":4}'],
    ['a name that stands as a value as well', '{"a":"a","b":["a","a"]}'],
  ])('keeps %s', (_, text) => {
    expect(compactJson(text, DEPTH)).toBe(text);
  });

  test.each([
    ['spaces', ' { "a" : [ 1 , 2 ] } '],
    ['tabs', '\t{\t"a"\t:\t[\t1\t,\t2\t]\t}\t'],
    ['line feeds', '\n{\n"a"\n:\n[\n1\n,\n2\n]\n}\n'],
    ['carriage returns', '\r{\r"a"\r:\r[\r1\r,\r2\r]\r}\r'],
    ['all of them in a row', ' \t\n\r{ \t\n\r"a":[1, \t\n\r2] \t\n\r} \t\n\r'],
  ])('leaves out %s between tokens', (_, text) => {
    expect(compactJson(text, DEPTH)).toBe('{"a":[1,2]}');
  });

  test('has the tokens of any text in their order, and means the same', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const text = randomJson(seed);
      const compact = compactJson(text, DEPTH);
      expect({ seed, compact }).toEqual({ seed, compact: tokensOf(text).join('') });
      expect(JSON.parse(compact)).toEqual(JSON.parse(text));
    }
  });

  test('is its own compact text', () => {
    const compact = compactJson(randomJson(7), DEPTH);
    expect(compactJson(compact, DEPTH)).toBe(compact);
  });
});

describe('a member name that stands twice', () => {
  test.each([
    ['at the top', '{"a":1,"a":1}', '/a'],
    ['with other members between', '{"a":1,"b":{"c":[]},"a":2}', '/a'],
    ['deep inside', '{"x":[0,{"y":{"a":1,"a":2}}]}', '/x/1/y/a'],
    ['behind elements of an array', '[{},[1,2,3],"a,b",{"b":1,"b":2}]', '/3/b'],
    ['spelt with an escape the second time', String.raw`{"a":1,"\u0061":2}`, '/a'],
    ['spelt with an escape the first time', String.raw`{"\u0061":1,"a":2}`, '/a'],
    ['spelt with escapes in upper and lower case', String.raw`{"\u00E9":1,"\u00e9":2}`, '/é'],
    ['where its quotes are escaped', String.raw`{"\"":1,"\u0022":2}`, '/"'],
    ['where it is empty', '{"":1,"":2}', '/'],
    ['where it is __proto__', '{"__proto__":1,"__proto__":2}', '/__proto__'],
    ['where it is hasOwnProperty', '{"hasOwnProperty":1,"hasOwnProperty":2}', '/hasOwnProperty'],
    ['where a pointer must escape it', '{"a/b":{"c~d":1,"c~d":2}}', '/a~1b/c~0d'],
    ['among white space', '{ "a" : 1 ,\n "a" : 2 }', '/a'],
    ['behind an object that is closed', '{"a":{"b":1},"b":2,"b":3}', '/b'],
  ])('is refused %s', (_, text, pointer) => {
    expect(refusal(() => compactJson(text, DEPTH))).toEqual({ code: 'duplicate_member', pointer });
  });
});

describe('nesting', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

  test('is accepted up to the limit', () => {
    expect(refusal(() => compactJson(nested(DEPTH), DEPTH))).toBeUndefined();
    expect(refusal(() => compactJson('{"a":{"b":[]},"c":{"d":[]}}', 3))).toBeUndefined();
  });

  test.each([
    ['in arrays', nested(DEPTH + 1), DEPTH, '/0'.repeat(DEPTH)],
    ['in objects and arrays', '{"a":[1,{"b":[]}]}', 3, '/a/1/b'],
    ['behind elements that are not', '[[],[],[[]]]', 2, '/2/0'],
    ['at the top', '{}', 0, ''],
    ['by a hundred thousand levels', nested(100_000), 2, '/0/0'],
  ])('is refused beyond it %s', (_, text, limit, pointer) => {
    expect(refusal(() => compactJson(text, limit))).toEqual({ code: 'nesting_too_deep', pointer });
  });

  test('is counted in brackets, not in those that stand in strings', () => {
    expect(refusal(() => compactJson(`["${'['.repeat(500)}"]`, 1))).toBeUndefined();
  });
});

describe('the members of an object', () => {
  test('come with their exact texts, by their names without escapes', () => {
    const text = String.raw` { "id" : 820982911946154508 , "data":{ "a" : [ 1.0 , "}" ] } ,"\u0041\"":"x\"},{",  "e" : { } }  `;
    expect([...membersOf(text)]).toEqual([
      ['id', '820982911946154508'],
      ['data', '{ "a" : [ 1.0 , "}" ] }'],
      ['A"', String.raw`"x\"},{"`],
      ['e', '{ }'],
    ]);
  });

  test.each(['{}', ' { } ', '{\n}'])('are none in %j', (text) => {
    expect(membersOf(text).size).toBe(0);
  });

  test('are found by names that objects have of their own', () => {
    expect(membersOf('{"__proto__":1,"constructor":2}').get('__proto__')).toBe('1');
    expect(membersOf('{"a":1}').has('constructor')).toBe(false);
  });

  test.each([
    ['{"a":1,"a":2}', '/a'],
    [String.raw`{"data":{},"d\u0061ta":{}}`, '/data'],
    ['{"~/":1,"~/":2}', '/~0~1'],
  ])('may not share a name: %s', (text, pointer) => {
    expect(refusal(() => membersOf(text))).toEqual({ code: 'duplicate_member', pointer });
  });

  test('may share a name with members further inside', () => {
    expect(membersOf('{"a":{"a":1,"a":2}}').get('a')).toBe('{"a":1,"a":2}');
  });
});

describe('the elements of an array', () => {
  test('come with their exact texts', () => {
    expect(elementsOf(' [ 1.00 ,"a,]" , [ 2 , 3 ] ,\n{ "b" : [ ] }, null ] ')).toEqual([
      '1.00',
      '"a,]"',
      '[ 2 , 3 ]',
      '{ "b" : [ ] }',
      'null',
    ]);
  });

  test.each(['[]', ' [ ] ', '[\t\r\n]'])('are none in %j', (text) => {
    expect(elementsOf(text)).toEqual([]);
  });
});

test('members and elements of any text are, put together again, all of its tokens', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const text = randomJson(seed, 'object');
    const members = [...membersOf(text)];
    const value: object = JSON.parse(text);
    expect(members.map(([name]) => name).toSorted()).toEqual(Object.keys(value).toSorted());
    expect(members.map(([, value]) => tokensOf(value))).toEqual(membersByTokens(text));

    const array = `[${text} ,\n${text}\t]`;
    expect(elementsOf(array)).toEqual([text.trim(), text.trim()]);
  }
});

/** The tokens of each member's value, cut at the commas of the outermost level. */
function membersByTokens(text: string): string[][] {
  const values: string[][] = [];
  let depth = 0;
  for (const token of tokensOf(text).slice(1, -1)) {
    if (token === '}' || token === ']') depth--;
    if (depth === 0 && token === ':') values.push([]);
    else if (depth > 0 || token !== ',') values.at(-1)?.push(token);
    if (token === '{' || token === '[') depth++;
  }
  // Behind each value but the last stands the next one's name.
  return values.map((value, i) => (i < values.length - 1 ? value.slice(0, -1) : value));
}

describe('JSON in ASCII', () => {
  test.each([
    ['emoji', { a: '🚀', '🚀': 1 }],
    ['lone surrogates', ['\ud83d', '\ude80', 'x\udfffy']],
    ['the delete character and its neighbours', ['~\u007f\u0080']],
    ['the line separators of JavaScript', '\u2028\u2029'],
    ['the last character of a plane', ['\uffff', '\u{10ffff}']],
    ['a byte order mark', '\ufeff'],
    ['quotes, slashes and controls', { '"\\': '\u0000\u001f/\n' }],
    ['text that looks like an escape', String.raw`\u0041 \\u0041`],
  ])('holds %s and reads back the same', (_, value) => {
    const text = asciiJson(value);
    expect(text).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(text)).toEqual(value);
  });

  test('leaves what is ASCII as it is', () => {
    expect(asciiJson({ a: [1, 'b~'], c: null })).toBe('{"a":[1,"b~"],"c":null}');
  });

  test('spells a character as four digits for each of its halves', () => {
    expect(asciiJson('é🚀')).toBe(String.raw`"\u00e9\ud83d\ude80"`);
  });
});
