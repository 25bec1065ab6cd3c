import * as z from 'zod';

/**
 * A text of so many characters, counted as JSON Schema counts them: zod takes some, as most emoji, for two. Half of such a one has no
 * spelling in UTF-8, so that it could not be kept and given back.
 */
export const text = (least: number, most: number) =>
  z
    .string()
    .refine((value) => value.isWellFormed(), 'must not hold half a surrogate pair')
    .refine(
      (value) => {
        // What is that long in code units is too long in characters as well, and need not be counted.
        const length = value.length > 2 * most ? Infinity : Array.from(value).length;
        return least <= length && length <= most;
      },
      `must be ${least === 0 ? '' : `${least} to `}${most} characters${least === 0 ? ' at most' : ''}`,
    )
    .meta({ minLength: least, maxLength: most });
