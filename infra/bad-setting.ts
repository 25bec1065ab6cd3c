/** A value that whoever starts the synthesis has to change. Its message is one line for them, and needs no stack trace. */
export class BadSetting extends Error {
  override readonly name = 'BadSetting';
}
