// Requests to the API that config.json names.

export const config = fetch("/config.json").then((response) => response.json());

export class ApiError extends Error {
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export async function fetchJson(path, parameters = {}, signal = undefined) {
  const query = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
  const { api } = await config;
  const response = await fetch(`${api}${path}?${new URLSearchParams(query)}`, { signal });
  const body = await response.json();
  if (!response.ok) throw new ApiError(body);
  return body;
}

export async function fetchPrices(ticker, adjusted) {
  const prices = { dates: [], closes: [], currency: "" };
  let cursor = null;
  do {
    const page = await fetchJson(`/assets/${encodeURIComponent(ticker)}/prices`,
      { format: "columns", adjusted, limit: 10000, cursor });
    prices.dates.push(...page.items.date);
    prices.closes.push(...page.items.close);
    prices.currency = page.currency;
    cursor = page.nextCursor;
  } while (cursor);
  return prices;
}
