/** What the service tells of itself. They are in no group, and `*` does not mean them: each has to be named. */
export const NOTICES = {
  'Subscription.Disabled': 'A subscription was disabled, by its failures or by somebody',
  'Subscription.Recovered': 'A subscription that failed answers again',
  'DeadLetter.Created': 'Deliveries were given up',
};
