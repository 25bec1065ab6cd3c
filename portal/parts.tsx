import { cloneElement, type ComponentChildren, type VNode } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Pages, Refusal } from './ask.ts';
import { linkTo } from './places.ts';
import { useSession } from './session.ts';

export type Tone = 'good' | 'bad' | 'wait' | 'off';

export const Badge = ({ tone, children }: { tone: Tone; children: ComponentChildren }) => (
  <span class={`badge ${tone}`}>{children}</span>
);

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** In the reader's own zone; the exact one is the title. */
export const Time = ({ at }: { at: string }) => (
  <time dateTime={at} title={at}>
    {moment.format(new Date(at))}
  </time>
);

/** Why something was refused, with the place of each fault. */
export const Refused = ({ refusal }: { refusal: Refusal | undefined }) =>
  refusal === undefined ? null : (
    <div class="refused" role="alert">
      <p>{refusal.detail}</p>
      {refusal.errors !== undefined && (
        <ul>
          {refusal.errors.map((error) => (
            <li key={JSON.stringify(error)}>
              <code>{'pointer' in error ? error.pointer : error.parameter}</code> {error.detail}
            </li>
          ))}
        </ul>
      )}
    </div>
  );

/** Text as it is. It may be wider than the page, so keys must reach it to scroll it. */
export const Verbatim = ({ text, label }: { text: string; label: string }) => (
  <pre tabIndex={0} aria-label={label}>
    {text}
  </pre>
);

const Waiting = () => (
  <p class="quiet" role="status">
    Loading …
  </p>
);

/** Stands where an answer will be, or says why there is none. */
export const NotYet = ({ refusal }: { refusal: Refusal | undefined }) =>
  refusal === undefined ? <Waiting /> : <Refused refusal={refusal} />;

export interface Column<T> {
  title: string;
  of(item: T): ComponentChildren;
}

/** Asks for the list anew, from its beginning. */
export const Refresh = ({ pages: { busy, again } }: { pages: Pick<Pages<unknown>, 'busy' | 'again'> }) => (
  <button type="button" disabled={busy} onClick={again}>
    Refresh
  </button>
);

interface TableProps<T> {
  pages: Pages<T>;
  columns: readonly Column<T>[];
  keyOf(item: T): string;
  /** Said where there is nothing. */
  none: ComponentChildren;
}

/** A list with its way on. On a phone its rows are cards, which would take the roles from its parts. */
export function Table<T>({ pages, columns, keyOf, none }: TableProps<T>) {
  const { items, refusal, busy, more } = pages;
  return (
    <>
      <Refused refusal={refusal} />
      {items === undefined ? (
        refusal === undefined && <Waiting />
      ) : items.length === 0 && more === undefined ? (
        <p class="none">{none}</p>
      ) : (
        <div class="scrolls">
          <table role="table">
            <thead role="rowgroup">
              <tr role="row">
                {columns.map(({ title }) => (
                  <th key={title} role="columnheader" scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody role="rowgroup">
              {items.map((item) => (
                <tr key={keyOf(item)} role="row">
                  {columns.map(({ title, of }) => (
                    <td key={title} role="cell" data-title={title}>
                      {of(item)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {more !== undefined && (
        <button type="button" disabled={busy} onClick={more}>
          {busy ? 'Loading …' : 'Show more'}
        </button>
      )}
    </>
  );
}

/** A link to an event, for whoever may see it. */
export function EventLink({ id, children }: { id: string; children: ComponentChildren }) {
  const { may } = useSession();
  return may('events:read') ? <a href={linkTo('events', id)}>{children}</a> : <>{children}</>;
}

/** A link to a subscription, for whoever may see it. */
export function SubscriptionLink({ id }: { id: string }) {
  const { may } = useSession();
  const name = <code>{id}</code>;
  return may('subscriptions:read') ? <a href={linkTo('subscriptions', id)}>{name}</a> : name;
}

interface AskFirstProps {
  /** On the button. */
  label: string;
  /** What will happen. */
  children: ComponentChildren;
  /** Whether it takes something away. */
  isDanger?: boolean;
  disabled?: boolean;
  onYes(): void;
}

/** A button that asks before it does anything. `window.confirm` is not there in a frame. */
export function AskFirst({ label, children, isDanger = true, disabled = false, onYes }: AskFirstProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const look = isDanger ? 'danger' : '';
  return (
    <>
      <button type="button" class={look} disabled={disabled} onClick={() => dialog.current?.showModal()}>
        {label}
      </button>
      <dialog ref={dialog} aria-label={label}>
        <form method="dialog">
          <p>{children}</p>
          <div class="row end">
            <button>Cancel</button>
            <button class={look} onClick={onYes}>
              {label}
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}

/** Text that is to be carried elsewhere. Where the browser lets nobody near the clipboard, it can be selected. */
export function Copyable({ text }: { text: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => setCopied(false), [text]);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <span class="row">
      <code class="copyable">{text}</code>
      <button type="button" class="small" onClick={() => void copy().catch(() => undefined)}>
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </span>
  );
}

interface ControlAttributes {
  id: string;
  'aria-describedby': string;
}

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  children: VNode<Partial<ControlAttributes>>;
}

/** A control with its name, and with a hint that describes it. */
export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {cloneElement(children, { id, ...(hint !== undefined && { 'aria-describedby': hintId }) })}
      {hint !== undefined && <small id={hintId}>{hint}</small>}
    </div>
  );
}

/** Links: each is a place of its own. */
export const Tabs = ({
  tabs,
  here,
}: {
  tabs: readonly { name: string; label: string; href: string }[];
  here: string;
}) => (
  <nav class="tabs" aria-label="Of this subscription">
    {tabs.map(({ name, label, href }) => (
      <a key={name} href={href} aria-current={name === here ? 'page' : undefined}>
        {label}
      </a>
    ))}
  </nav>
);
