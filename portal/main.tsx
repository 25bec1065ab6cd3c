import { render } from 'preact';
import { App } from './app.tsx';
import { takeToken } from './session.ts';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no place for the app');

const show = (): void => render(<App key={Date.now()} token={takeToken()} />, root);

/** A second link opened in the same tab changes the fragment and loads nothing. */
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) show();
});
show();
