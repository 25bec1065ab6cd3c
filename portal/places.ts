import { useEffect, useState } from 'preact/hooks';

/** Where in the page somebody is, as the fragment says it: `#/subscriptions/sub_1/attempts`. */
export type Place = readonly string[];

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

const placeIn = (hash: string): Place =>
  hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);

export const linkTo = (...place: string[]): string => `#/${place.map(encodeURIComponent).join('/')}`;

export function goTo(...place: string[]): void {
  location.hash = linkTo(...place);
}

export function usePlace(): Place {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return placeIn(hash);
}
