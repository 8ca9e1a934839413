/** Secrets out of texts that people and logs are shown: the one place that knows where a URL keeps them. */

/** Parameters of a URL whose values are secrets. */
const secretParameter = /([?&][^=&#]*(?:password|secret|token|key)[^=&#]*=)[^&#]*/gi;

/**
 * The URL without password: `amqp://user:***@host`. Up to the last `@`, as a password that nobody encoded
 * may hold any character; hidden is rather too much than too little.
 */
export function maskedUrl(url: string): string {
  const user = /^([a-z][a-z0-9+.-]*:\/\/)([^:@/]*)(?::.*)?@/is;
  return url.replace(user, '$1$2:***@').replace(secretParameter, '$1***');
}
/** A text in which these URLs, wherever they are quoted, bear no passwords. */
export function withoutSecrets(text: string, urls: readonly (string | undefined)[]): string {
  return urls.reduce<string>(
    (masked, url) => (url === undefined ? masked : masked.replaceAll(url, maskedUrl(url))),
    text,
  );
}
