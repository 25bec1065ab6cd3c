import * as z from 'zod';

/**
 * What the schemas of this provider share. They check the scalar types that its samples show and the ids without which an
 * event names nothing. Everything else may be absent, and any member may be added: fields appear without a new
 * `event_schema`. Misspelt names (`sesion_id`, `TherapistId`, `recieve_lp_stmt`) are the contract and stay as they are.
 * Times are plain strings: with and without a zone, seven-digit fractions, or a space for the T.
 * Numbers are never `z.int()`, which refuses ids beyond 2^53.
 */

/** The ways to say "none" that the provider's samples use, even side by side for one member. */
const NONE = [null, '', -1, '0', '0001-01-01T00:00:00', '00000000-0000-0000-0000-000000000000'] as const;

/** One of several types, for what the provider spells differently from event to event. */
export const either = (...options: readonly z.ZodType[]) => z.union(options);

/** A member that may be absent, or present and "none" in any spelling. */
export const maybe = (schema: z.ZodType) => {
  const spellings = NONE.filter((none) => !schema.safeParse(none).success);
  return either(schema, z.literal(spellings)).optional();
};

/** An id without which the event names nothing. Any case and any form: a published center id is not even hexadecimal. */
export const id = z.string().min(1);
export const numericId = z.number();

export const text = maybe(z.string());
export const num = maybe(z.number());
export const flag = maybe(z.boolean());
/** Published as null or "" alone, so that nothing is known of its type. */
export const unseen = z.unknown().optional();

export const part = (members: z.core.$ZodLooseShape) => maybe(z.looseObject(members));
export const list = (element: z.ZodType) => maybe(z.array(element));

const phoneDigits = maybe(either(z.string(), z.number()));
/** A string in an invoice, null or an object elsewhere; its number is a string in one event and a number in another. */
export const phoneObject = z.looseObject({ phone_code: phoneDigits, country_code: phoneDigits, number: phoneDigits });
export const phone = maybe(either(z.string(), phoneObject));

export const named = part({ id: text, name: text });

export const price = part({ currency_id: num, sales: num, tax: num, final: num, discount: num });
export const purchase = part({ price, date: text });

/** `start_time` is UTC and `start_time_in_center` local, both without a zone; older events have the first alone. */
export const appointments = list(
  z.looseObject({
    id,
    invoice_item_id: text,
    service_name: text,
    service_id: text,
    start_time: text,
    end_time: text,
    start_time_in_center: text,
    end_time_in_center: text,
    creation_date: text,
    last_updated_on: text,
    service_duration_in_minutes: num,
    serviceduration_in_miutes: num, // its name in 2022
    has_add_ons: flag,
    is_add_on: flag,
    therapist_name: text,
    therapist_id: text,
    TherapistId: text, // its name in 2022
    is_recurring: flag,
    show_in_calendar: flag,
    appointment_type: num,
    therapist_request_type: num,
    room_name: text,
    room_id: text,
    equipment_name: text,
    equipment_id: text,
    appointment_progress: num,
  }),
);
