/** A reason not to go on that whoever started us can do something about: shown as it is, without a stack. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
