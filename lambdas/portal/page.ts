/** The page as the build makes it (infra/portal-page.ts), which puts it in the place of this name. */
declare const PORTAL_PAGE: {
  html: string;
  gzipped: string;
  scriptHash: string;
  styleHash: string;
  etag: string;
};

export const page = PORTAL_PAGE;
