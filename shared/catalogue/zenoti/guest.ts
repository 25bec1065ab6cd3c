import * as z from 'zod';
import type { EventType } from '../define.ts';
import { either, flag, id, list, maybe, num, part, phone, phoneObject, text, unseen } from './parts.ts';
import created from './samples/Guest.Created.json' with { type: 'json' };
import updated from './samples/Guest.Updated.json' with { type: 'json' };
import deleted from './samples/Guest.Deleted.json' with { type: 'json' };
import merged from './samples/Guest.Merged.json' with { type: 'json' };
import optedIn from './samples/Guest.OptedIn.json' with { type: 'json' };
import optedOut from './samples/Guest.OptedOut.json' with { type: 'json' };

const guest = z.looseObject({
  id,
  _id: num,
  code: text,
  center_id: text,
  center_name: text,
  created_date: text,
  personal_info: part({
    user_name: text,
    first_name: text,
    last_name: text,
    middle_name: text,
    email: text,
    mobile_phone: phone,
    work_phone: phone,
    home_phone: phone,
    gender: num,
    date_of_birth: unseen,
    is_minor: flag,
    nationality_id: num,
    anniversary_date: text,
    lock_guest_custom_data: flag,
    pan: text,
    dob_incomplete_year: unseen,
  }),
  address_info: part({
    address_1: text,
    address_2: text,
    city: text,
    country_id: num,
    state_id: num, // -1 for none
    state_other: text,
    zip_code: text,
  }),
  preferences: part({
    receive_transactional_email: flag,
    receive_transactional_sms: flag,
    receive_marketing_email: flag,
    receive_marketing_sms: flag,
    recieve_lp_stmt: flag,
    opt_in_for_loyalty_program: flag,
    transactional_sms_optin: num,
    transactional_email_optin: num,
    marketing_sms_optin: num,
    marketing_email_optin: num,
    transactional_whatsapp_optin: num,
    receive_transactional_whatsapp: flag,
  }),
});

const channels = part({ email: text, sms: text, whatsapp: text });

const communicationChoice = z.looseObject({
  id,
  _id: maybe(either(z.number(), z.string())), // the documents show a placeholder in quotes, other guest events a number
  timestamp: text,
  details: part({
    first_name: text,
    last_name: text,
    email: text,
    phone: list(phoneObject.extend({ type: text })),
  }),
  preference_update: part({ category: text, channel: text }),
  current_preferences: part({ marketing: channels, transactional: channels }),
});

export const guestEvents: Record<string, EventType> = {
  'Guest.Created': {
    group: 'Guest',
    description: 'A guest was created.',
    schema: guest,
    sample: created,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Guest.Updated': {
    group: 'Guest',
    description: 'A guest was changed. The data is the whole guest and does not say what changed.',
    schema: guest,
    sample: updated,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Guest.Deleted': {
    group: 'Guest',
    description: 'A guest was deleted. The data is the whole guest as it last was.',
    schema: guest,
    sample: deleted,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Guest.Merged': {
    group: 'Guest',
    description: 'Two guest profiles became one. The provider lists the event and shows no data; a guest is assumed.',
    schema: guest,
    sample: merged,
    sampleSource: 'completed',
    nameSource: 'proposed',
  },
  'Guest.OptedIn': {
    group: 'Guest',
    description: 'A guest agreed to a kind of message on a channel.',
    schema: communicationChoice,
    sample: optedIn,
    sampleSource: 'completed',
    nameSource: 'published',
  },
  'Guest.OptedOut': {
    group: 'Guest',
    description: 'A guest declined a kind of message on a channel.',
    schema: communicationChoice,
    sample: optedOut,
    sampleSource: 'completed',
    nameSource: 'published',
  },
};
