/** GET with a limit, for the stores that `make find` asks. */

/** @returns the JSON answer @throws {Error} when it is no 2xx, or late */
export async function get(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.json();
}
