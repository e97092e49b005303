// What this page asks of the API of this server.

export class Refusal extends Error {
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export async function ask(path, parameters = {}, signal = undefined) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
  const response = await fetch(`/api/v1${path}?${new URLSearchParams(given)}`, { signal });
  const body = await response.json();
  if (!response.ok) throw new Refusal(body);
  return body;
}

export async function pricesOf(ticker, adjusted) {
  const whole = { dates: [], closes: [], currency: "" };
  let cursor = null;
  do {
    const page = await ask(`/assets/${encodeURIComponent(ticker)}/prices`,
      { format: "columns", adjusted, limit: 10000, cursor });
    whole.dates.push(...page.items.date);
    whole.closes.push(...page.items.close);
    whole.currency = page.currency;
    cursor = page.nextCursor;
  } while (cursor);
  return whole;
}
