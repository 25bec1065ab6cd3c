import * as z from 'zod';
import type { EventType } from '../define.ts';
import { flag, id, list, named, num, part, purchase, text, unseen } from './parts.ts';
import packageCreation from './samples/Guest.Package.Creation.json' with { type: 'json' };
import packageRedemption from './samples/Guest.Package.Redemption.json' with { type: 'json' };
import packageRedemptionReversal from './samples/Guest.Package.RedemptionReversal.json' with { type: 'json' };
import packageStatusUpdate from './samples/Guest.Package.StatusUpdate.json' with { type: 'json' };
import packageValidityUpdate from './samples/Guest.Package.ValidityUpdate.json' with { type: 'json' };

/** What a guest bought, as every package event shows it. */
const userPackage = z.looseObject({
  user_package_id: id,
  status: num,
  user_package_state: num,
  invoice: part({ id: text, no: text, receipt_no: text, status: num }),
  package: part({ id: text, name: text, code: text, is_OTP_required: flag, type: num }),
  purchase,
  date: part({ start: text, end: text, end_date_with_grace: text }),
  schedule: part({ completed_schedules: num, next_schedule_date: text }),
  center: named,
  is_refunded: flag,
  sale_invoice: part({ id: text, no: text }),
  lookup_package_user_id: unseen,
  start_validity_at_first_redemption: flag,
  never_expires: flag,
  has_first_redemption: flag,
  expiration_days: num,
});

const packageCreated = userPackage.extend({
  services: list(
    z.looseObject({
      service_type_info: part({
        service_category_type: num,
        id: text,
        name: text,
        duration: num,
        has_segments: flag,
      }),
      exists_in_current_center: flag,
      total: num,
      used: num,
      balance: num,
      balance_amount: num,
      price: unseen,
      package_service_price: num,
      sale_as_part_of_package_or_membership_only: flag,
      book_with_partial_balance: num,
    }),
  ),
});

const redemption = z.looseObject({
  invoice: part({ id: text, no: text, item_id: text, status: num }),
  therapist: named,
  usage_date: text, // with a space for the T
  center: named,
});

const services = list(
  redemption.extend({
    service: named,
    service_type_info: part({ service_category_type: num, id: text, name: text }),
  }),
);

const products = list(
  redemption.extend({
    product: named,
    product_type_info: part({ product_category_type: num, id: text, name: text }),
  }),
);

const packageRedeemed = userPackage.extend({ service_redemptions: services, product_redemptions: products });

const redemptionReversed = userPackage.extend({
  service_redemptions_reversal: services,
  product_redemptions_reversal: products,
});

export const guestPackageEvents: Record<string, EventType> = {
  'Guest.Package.Creation': {
    group: 'GuestPackage',
    description: 'A guest bought a package.',
    schema: packageCreated,
    sample: packageCreation,
    sampleSource: 'completed',
    nameSource: 'proposed',
  },
  'Guest.Package.Redemption': {
    group: 'GuestPackage',
    description: 'Services or products of a package were used.',
    schema: packageRedeemed,
    sample: packageRedemption,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
  'Guest.Package.RedemptionReversal': {
    group: 'GuestPackage',
    description: 'The use of services or products of a package was taken back.',
    schema: redemptionReversed,
    sample: packageRedemptionReversal,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
  'Guest.Package.StatusUpdate': {
    group: 'GuestPackage',
    description:
      'The status of a package changed. The data has the shape of ValidityUpdate: only the type tells them apart.',
    schema: userPackage,
    sample: packageStatusUpdate,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
  'Guest.Package.ValidityUpdate': {
    group: 'GuestPackage',
    description:
      'The validity of a package changed. The data has the shape of StatusUpdate: only the type tells them apart.',
    schema: userPackage,
    sample: packageValidityUpdate,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
};
