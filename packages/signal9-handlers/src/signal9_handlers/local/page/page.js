// One company at a time: identity, prices, reports and news, all from the API.

import { config, fetchJson, fetchPrices, ApiError } from "./api.js";
import { Chart, svgElement } from "./chart.js";
import "./search.js";
import {
  amount, countOf, day, dayOfYear, longDay, element, monthAndYear, emptyNote, percent, share, shortDay,
  signed, titleCase, decimal, integer, sentenceCase, year,
} from "./format.js";

const HOME = "AAPL";
const find = (id) => document.getElementById(id);
const state = { ticker: HOME, turn: 0, months: 12, report: "income_statement", period: "annual", cursor: null };

// The company

async function show(ticker) {
  const turn = ++state.turn;
  const current = () => turn === state.turn;
  find("company").setAttribute("aria-busy", "true");
  try {
    const company = await fetchJson(`/assets/${encodeURIComponent(ticker)}`);
    if (!current()) return;
    state.ticker = company.ticker;
    find("message").hidden = true;
    find("company").hidden = false;
    showIdentity(company);
    showFreshness(company.freshness);
    await Promise.all([showPrices(company, current), showReports(current), showNews(current)]);
  } catch (error) {
    if (current()) await showError(error);
  } finally {
    if (current()) find("company").setAttribute("aria-busy", "false");
  }
}

async function showError(error) {
  const isApiError = error instanceof ApiError;
  const message = find("message");
  if (error.problem?.status === 401) {
    message.textContent = await signedOut();
    find("search").hidden = true;
  } else if (!isApiError) {
    message.textContent = "The server does not respond. Is it still running?";
  } else if (error.problem.nearest?.length) {
    message.replaceChildren(`Unknown ticker ${tickerInAddress()}. Did you mean `, ...error.problem.nearest.flatMap(
      (ticker, at) => [at ? ", " : "", element("a", { href: `#${encodeURIComponent(ticker)}`, textContent: ticker })]), "?");
  } else {
    const isEmpty = error.problem.status === 404 && !(await fetchJson("/assets", { limit: 1 })).items.length;
    message.textContent = isEmpty ? "Nothing is stored yet. On a laptop, start the server with: signal9 serve --ingest" : error.message;
  }
  message.hidden = false;
  find("company").hidden = isApiError;
}

// What a person can do who is not signed in.
async function signedOut() {
  const { api, issuer } = await config;
  const health = await fetchJson("/health").catch(() => null);
  return [
    "Companies are shown to signed-in users only, and this page cannot sign in yet.",
    issuer ? `The API at ${new URL(api, location)} accepts tokens of ${issuer}.` : "This stage has no token issuer, so its API refuses everybody.",
    health ? `Stage ${health.stage}, version ${health.version}, health: ${health.status}.` : "The health of the API is not known.",
  ].join(" ");
}

async function showConfig() {
  const { docs, notice } = await config;
  find("notice").textContent = notice ?? "";
  find("links").hidden = !docs;
  if (docs) find("docs").href = docs;
}

function showIdentity(company) {
  const name = company.name ?? company.ticker;
  document.title = `${company.ticker}: ${name} | Signal9`;
  find("name").textContent = name;
  find("listing").textContent = [company.ticker, company.exchange].filter(Boolean).join(" · ");
  find("business").textContent = [company.sector, company.industry].filter(Boolean).map(titleCase).join(" · ");
  find("description").textContent = company.description ?? "No description of this company is stored.";
  const facts = {
    "Market capitalization": company.marketCapitalization && amount(company.marketCapitalization),
    Country: company.country,
    Currency: company.currency,
    "Fiscal year ends in": company.fiscalYearEnd,
    "SEC number (CIK)": company.cik,
    Listing: company.status === "active" ? "Active" : "No longer listed",
  };
  find("facts").replaceChildren(...Object.entries(facts).filter(([, value]) => value)
    .map(([name, value]) => element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value }))));
}

function showFreshness(freshness) {
  const units = { prices: "bar", news: "article", financials: "report" };
  const rows = Object.entries(freshness).map(([name, each]) => element("li", {}, titleCase(name.toUpperCase()), element("span", {
    textContent: [name in units ? countOf(each.count, units[name]) : null, `as of ${shortDay(each.asOf)}`,
      each.complete ? null : "incomplete"].filter(Boolean).join(" · "),
    title: `From ${each.source}, fetched ${shortDay(each.fetchedAt)}`,
  })));
  find("freshness").replaceChildren(...(rows.length ? rows : [element("li", {}, element("span", { textContent: "Only the listing is stored." }))]));
}

function showInsights(insights, last) {
  const { sentiment, range52Weeks: range, noRangeReason: reason } = insights;
  const parts = [];
  if (sentiment) {
    const { score } = sentiment;
    parts.push(insight("News sentiment", score == null ? "Insufficient" : `${sentiment.label.replace("-", " ")} (${signed.format(score)})`,
      score == null ? null : gauge((score + 1) / 2, { middle: true }), ends([["Bearish", ""], ["Bullish", ""]]),
      `${countOf(sentiment.sampleSize, "article")} in ${sentiment.windowDays} days to ${shortDay(sentiment.asOf)}`));
  }
  if (range) parts.push(insight(range.incomplete ? `Range since ${shortDay(range.first)}` : "52-week range", "adjusted for splits",
    last === null ? null : gauge((last - range.low) / (range.high - range.low || 1)),
    ends([[decimal.format(range.low), shortDay(range.lowOn)], [decimal.format(range.high), shortDay(range.highOn)]]),
    `To ${shortDay(range.asOf)}`));
  else if (reason) parts.push(insight("52-week range", "", reason));
  parts.push(...figures(insights));
  find("insights").replaceChildren(...(parts.length ? parts : [element("p", { className: "insight muted", textContent: "No insights yet." })]));
}

function figures({ prices, income, cashFlow, earnings }) {
  const money = (value, { currency }) => `${amount(value)} ${currency ?? ""}`;
  const ratio = (value) => share.format(value);
  const change = (value) => percent.format(value);
  return [
    [prices, "Change of the day", "relativeChange", change],
    [prices, "Volatility of a year", "volatility", ratio],
    [prices, "Largest loss in the year", "maximumDrawdown", (value) => change(-value)],
    [prices, "Price to earnings", "priceToEarnings", (value) => decimal.format(value)],
    [prices, "Dividend yield", "dividendYield", ratio],
    [income, "Revenue", "revenue", money],
    [income, "Growth of revenue", "revenueGrowth", change],
    [income, "Net income", "netIncome", money],
    [income, "Net margin", "netMargin", ratio],
    [cashFlow, "Free cash flow", "freeCashFlow", money],
    [earnings, "Earnings per share", "eps", money],
  ].flatMap(([group, name, key, format]) => {
    if (group?.[key] != null) return [insight(name, format(group[key], group), `${group.periods ? "Twelve months to " : ""}${shortDay(group.asOf)}`)];
    const reason = group?.insufficient[key];
    return reason ? [insight(name, "Insufficient", reason)] : [];
  });
}

function insight(name, value, ...rest) {
  const note = rest.pop();
  return element("div", { className: "insight" },
    element("div", { className: "bar" }, element("b", { textContent: name }), element("span", { textContent: value })),
    ...rest, element("p", { className: "muted", textContent: note }));
}

function gauge(share, { middle = false } = {}) {
  const at = `${2 + Math.max(0, Math.min(1, share)) * 96}%`;
  const picture = svgElement("svg", { class: "gauge", "aria-hidden": "true" },
    svgElement("rect", { x: 0, y: 5, width: "100%", height: 4, rx: 2 }));
  if (middle) picture.append(svgElement("rect", { class: "mid", x: "50%", y: 2, width: 1, height: 10 }));
  picture.append(svgElement("circle", { cx: at, cy: 7, r: 6 }));
  return picture;
}

const ends = (sides) => element("div", { className: "ends" },
  ...sides.map(([text, note]) => element("span", {}, text, note && element("small", { textContent: note }))));

// Prices

const chart = new Chart(find("chart"), {
  texts: {
    price: (value) => decimal.format(value),
    day: longDay,
    mark: (date, bars) => (bars > 1300 ? year : bars > 130 ? monthAndYear : dayOfYear)(date),
    reading: (date, value) => `${longDay(date)}: ${decimal.format(value)}`,
  },
  read: (text) => { find("reading").textContent = text; },
});
const NONE = { dates: [], closes: [], currency: "" };
let prices = { traded: NONE, adjusted: NONE };

// Only adjusted prices of different days are compared: a split would look like a loss.
async function showPrices(company, current) {
  const [traded, adjusted] = await Promise.all([fetchPrices(company.ticker, false), fetchAdjusted(company.ticker)]);
  if (!current()) return;
  prices = { traded, adjusted };
  find("adjusted").disabled = !adjusted?.dates.length;
  showInsights(company.insights, traded.closes.at(-1) ?? null);
  showQuote();
  showRange();
}

async function fetchAdjusted(ticker) {
  try {
    return await fetchPrices(ticker, true);
  } catch (error) {
    if (error instanceof ApiError) return null; // a split or a dividend may be missing
    throw error;
  }
}

function showQuote() {
  const { dates, closes, currency } = prices.traded;
  const last = closes.at(-1), before = prices.adjusted?.closes.at(-2);
  find("close").replaceChildren(...(last === undefined ? [] : [decimal.format(last), " ", element("small", { textContent: currency })]));
  const change = before === undefined ? "" : element("span", { className: last < before ? "down" : "up",
    textContent: `${signed.format(last - before)} (${percent.format(last / before - 1)})` });
  find("change").replaceChildren(change, last === undefined ? "" : ` close of ${longDay(dates.at(-1))}`);
}

function showRange() {
  const isAdjusted = find("adjusted").checked && prices.adjusted !== null;
  const { dates, closes, currency } = isAdjusted ? prices.adjusted : prices.traded;
  if (!dates.length) {
    find("reading").textContent = "";
    chart.say("No prices of this company are stored.");
    find("chart").setAttribute("aria-label", "Price chart, empty");
    return;
  }
  const start = state.months ? firstOf(dates, state.months) : 0;
  chart.show(dates.slice(start), closes.slice(start));
  const days = `${longDay(dates[start])} to ${longDay(dates.at(-1))}`;
  const summary = isAdjusted ? `${days}: ${percent.format(closes.at(-1) / closes[start] - 1)}` : days;
  const method = isAdjusted ? "adjusted for splits and dividends"
    : prices.adjusted === null ? "as traded, since splits and dividends are not known" : "as traded";
  find("reading").textContent = `${summary}, ${method}, in ${currency}`;
  find("chart").setAttribute("aria-label", `Price chart, ${summary}. Arrow keys read single days.`);
}

function firstOf(dates, months) {
  const from = day(dates.at(-1));
  from.setUTCMonth(from.getUTCMonth() - months);
  const text = from.toISOString().slice(0, 10);
  return Math.max(0, dates.findIndex((date) => date >= text));
}

// Reports

async function showReports(current) {
  const selection = `${state.report} ${state.period}`;
  const { items } = await fetchJson(`/financials/${encodeURIComponent(state.ticker)}`,
    { report: state.report, period: state.period, limit: 8 });
  if (!current() || selection !== `${state.report} ${state.period}`) return;
  const names = [...new Set(items.flatMap((item) => Object.keys(item.values)))]
    .filter((name) => items.some((item) => item.values[name] !== null && item.values[name] !== undefined));
  find("statement").replaceChildren(items.length ? table(items, names) : emptyNote("No reports of this kind are stored."));
}

function table(items, names) {
  const currencies = [...new Set(items.map((item) => item.currency).filter(Boolean))].join(", ");
  return element("table", {},
    element("thead", {}, element("tr", {}, element("th", { scope: "col", textContent: currencies && `In ${currencies}` }),
      ...items.map((item) => element("th", { scope: "col", textContent: shortDay(item.fiscalDateEnding) })))),
    element("tbody", {}, ...names.map((name) => element("tr", {}, element("th", { scope: "row", textContent: sentenceCase(name) }),
      ...items.map((item) => cell(item.values[name]))))));
}

const cell = (value) => (value === null || value === undefined
  ? element("td", { className: "none", textContent: "–", title: "Not reported" })
  : element("td", { textContent: amount(value), title: integer.format(value) }));

// News

async function showNews(current, more = false) {
  const { items, nextCursor } = await fetchJson("/news", { ticker: state.ticker, limit: 6, cursor: more ? state.cursor : null });
  if (!current()) return;
  const list = find("articles");
  if (!more) list.replaceChildren();
  list.append(...items.map(article));
  if (!list.children.length) list.append(element("li", {}, emptyNote("No news about this company is stored.")));
  state.cursor = nextCursor;
  find("more").hidden = !nextCursor;
}

function article({ title, summary, url, source, publishedAt, tickers, scoredBy, label: overall }) {
  const about = tickers.find((each) => each.ticker === state.ticker);
  const label = about?.label ?? overall;
  const safe = url && /^https?:/.test(url);
  const heading = safe ? element("a", { href: url, textContent: title, rel: "noopener noreferrer", target: "_blank" }) : title;
  return element("li", {},
    element("time", { dateTime: publishedAt, textContent: shortDay(publishedAt) }),
    element("div", {}, element("p", {}, heading), summary && element("p", { className: "muted", textContent: summary }),
      element("p", { className: "muted", textContent: source })),
    label && element("span", {
      className: `tone ${label.endsWith("Bullish") ? "up" : label.endsWith("Bearish") ? "down" : ""}`,
      textContent: label.replace("-", " "),
      title: scoredBy ? `Sentiment by ${scoredBy}` : "Sentiment given by the source",
    }));
}

// Navigation

function tickerInAddress() {
  const text = location.hash.slice(1);
  try {
    return decodeURIComponent(text) || HOME;
  } catch {
    return text;
  }
}

function onChoice(group, take) {
  find(group).addEventListener("click", async ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    for (const each of find(group).children) each.setAttribute("aria-pressed", each === button);
    take(button.dataset);
  });
}

function currentShow() {
  const turn = state.turn;
  return () => turn === state.turn;
}

onChoice("ranges", ({ months }) => { state.months = Number(months); showRange(); });
onChoice("reports", ({ report }) => { state.report = report; showReports(currentShow()).catch(showError); });
onChoice("periods", ({ period }) => { state.period = period; showReports(currentShow()).catch(showError); });
find("adjusted").addEventListener("change", showRange);
find("more").addEventListener("click", () => showNews(currentShow(), true).catch(showError));
addEventListener("hashchange", () => show(tickerInAddress()));
showConfig().catch(showError);
show(tickerInAddress());
