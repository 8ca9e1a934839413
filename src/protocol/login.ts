/** The login in a broker's URL, by which the broker and the gateways of a deployment know who publishes. */

/** RabbitMQ's own where the URL has none; undefined where it leaves the name empty, as for OAuth 2, or is no URL. */
export function loginOf(amqpUrl: string): string | undefined {
  if (!URL.canParse(amqpUrl)) return undefined;
  const { username, password } = new URL(amqpUrl);
  if (username !== '') return decodeURIComponent(username);
  return password === '' ? 'guest' : undefined;
}
