import type { Answer, Request } from '../../shared/runtime/http.ts';
import { paged, type Page } from '../../shared/runtime/paging.ts';
import type { World } from './world.ts';

/** Answers the page of a list that is asked for. @throws Problem 400 as `paged` does */
export async function listed(
  request: Request,
  { vault }: Pick<World, 'vault'>,
  read: (page: Page) => Promise<{ items: readonly unknown[]; after: string | undefined }>,
): Promise<Answer> {
  return { status: 200, body: await paged(request, () => vault.signingKey('cursors'), read) };
}
