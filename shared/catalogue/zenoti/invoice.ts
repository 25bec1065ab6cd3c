import * as z from 'zod';
import type { EventType } from '../define.ts';
import { appointments, flag, id, list, num, part, phone, price, text } from './parts.ts';
import closed from './samples/Invoice.Closed.json' with { type: 'json' };

const item = z.looseObject({
  invoice_item_id: text,
  id: text,
  name: text,
  type: num,
  code: text,
  price,
  quantity: num,
  sale_by_id: text,
  therapist_name: text,
});

/** The one event whose `data` wraps its resource once more. */
const invoiceClosed = z.looseObject({
  invoice: z.looseObject({
    id,
    invoice_number: text,
    receipt_number: text, // "0" for none
    appointment_group_id: text,
    group_invoice_id: text, // null unless the invoice belongs to a group of them
    lock: flag,
    is_closed: flag, // may be false, despite the name of the event
    is_refund: flag,
    invoice_date: text,
    center_id: text,
    total_price: part({ currency_id: num, net_price: num, tax: num, rounding_adjustment: num, sum_total: num }),
    guest: part({
      id: text,
      first_name: text,
      last_name: text,
      gender: num,
      code: text,
      mobile_phone: phone,
      guest_email: text, // so in the documents
      email: text, // so in what receivers read
    }),
    invoice_items: list(item),
    appointments,
    transactions: list(z.looseObject({ amount_paid: num, total_amount_paid: num })),
  }),
});

export const invoiceEvents: Record<string, EventType> = {
  'Invoice.Closed': {
    group: 'Invoice',
    description: 'An invoice was closed. Refunds come as negative amounts, and `is_closed` may still be false.',
    schema: invoiceClosed,
    sample: closed,
    sampleSource: 'completed',
    nameSource: 'published',
  },
};
