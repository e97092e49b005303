// One company at a time: who it is, its prices, reports and news, all from the API of this server.

import { ask, pricesOf, Refusal } from "/api.js";
import { Chart, drawn } from "/chart.js";
import "/search.js";
import {
  amount, counted, day, dayOfYear, longDay, made, monthAndYear, nothing, percent, shortDay,
  signed, titled, two, whole, worded, year,
} from "/format.js";

const HOME = "AAPL";
const find = (id) => document.getElementById(id);
const state = { ticker: HOME, turn: 0, months: 12, report: "income_statement", period: "annual", cursor: null };

// The company

async function show(ticker) {
  const turn = ++state.turn;
  const current = () => turn === state.turn;
  find("company").setAttribute("aria-busy", "true");
  try {
    const company = await ask(`/assets/${encodeURIComponent(ticker)}`);
    if (!current()) return;
    state.ticker = company.ticker;
    find("message").hidden = true;
    find("company").hidden = false;
    showIdentity(company);
    showFreshness(company.freshness);
    await Promise.all([showPrices(company, current), showReports(current), showNews(current)]);
  } catch (error) {
    if (current()) await explain(error);
  } finally {
    if (current()) find("company").setAttribute("aria-busy", "false");
  }
}

async function explain(error) {
  const refused = error instanceof Refusal;
  const message = find("message");
  if (!refused) {
    message.textContent = "The server does not answer. Is it still running?";
  } else if (error.problem.nearest?.length) {
    message.replaceChildren(`There is no company ${chosen()} here. Did you mean `, ...error.problem.nearest.flatMap(
      (ticker, at) => [at ? ", " : "", made("a", { href: `#${encodeURIComponent(ticker)}`, textContent: ticker })]), "?");
  } else {
    const { items } = await ask("/assets", { limit: 1 }).catch(() => ({ items: [] }));
    message.textContent = items.length ? error.message : "Nothing is stored yet. Start the server with: signal9 serve --ingest";
  }
  message.hidden = false;
  find("company").hidden = refused;
}

function showIdentity(company) {
  const name = company.name ?? company.ticker;
  document.title = `${company.ticker}: ${name} | Signal9`;
  find("name").textContent = name;
  find("listing").textContent = [company.ticker, company.exchange].filter(Boolean).join(" · ");
  find("business").textContent = [company.sector, company.industry].filter(Boolean).map(titled).join(" · ");
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
    .map(([name, value]) => made("div", {}, made("dt", { textContent: name }), made("dd", { textContent: value }))));
}

function showFreshness(freshness) {
  const units = { prices: "bar", news: "article", financials: "report" };
  const rows = Object.entries(freshness).map(([name, each]) => made("li", {}, titled(name.toUpperCase()), made("span", {
    textContent: [name in units ? counted(each.count, units[name]) : null, `until ${shortDay(each.asOf)}`,
      each.complete ? null : "only a part"].filter(Boolean).join(" · "),
    title: `From ${each.source}, asked ${shortDay(each.fetchedAt)}`,
  })));
  find("freshness").replaceChildren(...(rows.length ? rows : [made("li", {}, made("span", { textContent: "Only the listing is stored." }))]));
}

function showInsights({ sentiment, range52Weeks: range }, last) {
  const parts = [];
  if (sentiment) parts.push(insight("News sentiment", `${sentiment.label.replace("-", " ")} (${signed.format(sentiment.score)})`,
    gauge((sentiment.score + 1) / 2, { middle: true }), ends([["Bearish", ""], ["Bullish", ""]]),
    `${counted(sentiment.sampleSize, "article")} in ${sentiment.windowDays} days to ${shortDay(sentiment.asOf)}`));
  if (range) parts.push(insight("52-week range", "as traded",
    last === null ? null : gauge((last - range.low) / (range.high - range.low || 1)),
    ends([[two.format(range.low), shortDay(range.lowOn)], [two.format(range.high), shortDay(range.highOn)]]),
    `To ${shortDay(range.asOf)}`));
  find("insights").replaceChildren(...(parts.length ? parts : [made("p", { className: "insight muted", textContent: "There is nothing to go by yet." })]));
}

function insight(name, value, ...rest) {
  const note = rest.pop();
  return made("div", { className: "insight" },
    made("div", { className: "bar" }, made("b", { textContent: name }), made("span", { textContent: value })),
    ...rest, made("p", { className: "muted", textContent: note }));
}

function gauge(share, { middle = false } = {}) {
  const at = `${2 + Math.max(0, Math.min(1, share)) * 96}%`;
  const picture = drawn("svg", { class: "gauge", "aria-hidden": "true" },
    drawn("rect", { x: 0, y: 5, width: "100%", height: 4, rx: 2 }));
  if (middle) picture.append(drawn("rect", { class: "mid", x: "50%", y: 2, width: 1, height: 10 }));
  picture.append(drawn("circle", { cx: at, cy: 7, r: 6 }));
  return picture;
}

const ends = (sides) => made("div", { className: "ends" },
  ...sides.map(([text, note]) => made("span", {}, text, note && made("small", { textContent: note }))));

// Prices

const chart = new Chart(find("chart"), {
  texts: {
    price: (value) => two.format(value),
    day: longDay,
    mark: (date, bars) => (bars > 1300 ? year : bars > 130 ? monthAndYear : dayOfYear)(date),
    reading: (date, value) => `${longDay(date)}: ${two.format(value)}`,
  },
  read: (text) => { find("reading").textContent = text; },
});
let series = { dates: [], closes: [], currency: "" };

async function showPrices(company, current) {
  const traded = await pricesOf(company.ticker, false);
  if (!current()) return;
  showInsights(company.insights, traded.closes.at(-1) ?? null);
  find("adjusted").disabled = !traded.dates.length;
  series = traded;
  if (find("adjusted").checked && traded.dates.length) await adjust(current);
  showQuote(traded);
  showRange();
}

async function adjust(current) {
  try {
    const found = await pricesOf(state.ticker, find("adjusted").checked);
    if (current()) series = found;
  } catch (error) {
    if (!(error instanceof Refusal) || !current()) throw error;
    find("adjusted").checked = false;
    find("adjusted").disabled = true;
  }
}

function showQuote({ dates, closes, currency }) {
  const [before, last] = [closes.at(-2), closes.at(-1)];
  find("close").replaceChildren(...(last === undefined ? [] : [two.format(last), " ", made("small", { textContent: currency })]));
  const change = before === undefined ? "" : made("span", { className: last < before ? "down" : "up",
    textContent: `${signed.format(last - before)} (${percent.format(last / before - 1)})` });
  find("change").replaceChildren(change, last === undefined ? "" : ` close of ${longDay(dates.at(-1))}`);
}

function showRange() {
  const { dates, closes, currency } = series;
  if (!dates.length) {
    find("reading").textContent = "";
    chart.say("No prices of this company are stored.");
    find("chart").setAttribute("aria-label", "Price chart, empty");
    return;
  }
  const start = state.months ? firstOf(dates, state.months) : 0;
  chart.show(dates.slice(start), closes.slice(start));
  const change = percent.format(closes.at(-1) / closes[start] - 1);
  const summary = `${longDay(dates[start])} to ${longDay(dates.at(-1))}: ${change}`;
  find("reading").textContent = `${summary}, ${find("adjusted").checked ? "adjusted for splits and dividends" : "as traded"}, in ${currency}`;
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
  const asked = `${state.report} ${state.period}`;
  const { items } = await ask(`/financials/${encodeURIComponent(state.ticker)}`,
    { report: state.report, period: state.period, limit: 8 });
  if (!current() || asked !== `${state.report} ${state.period}`) return;
  const names = [...new Set(items.flatMap((item) => Object.keys(item.values)))]
    .filter((name) => items.some((item) => item.values[name] !== null && item.values[name] !== undefined));
  find("statement").replaceChildren(items.length ? table(items, names) : nothing("No reports of this kind are stored."));
}

function table(items, names) {
  const currencies = [...new Set(items.map((item) => item.currency).filter(Boolean))].join(", ");
  return made("table", {},
    made("thead", {}, made("tr", {}, made("th", { scope: "col", textContent: currencies && `In ${currencies}` }),
      ...items.map((item) => made("th", { scope: "col", textContent: shortDay(item.fiscalDateEnding) })))),
    made("tbody", {}, ...names.map((name) => made("tr", {}, made("th", { scope: "row", textContent: worded(name) }),
      ...items.map((item) => cell(item.values[name]))))));
}

const cell = (value) => (value === null || value === undefined
  ? made("td", { className: "none", textContent: "–", title: "Not reported" })
  : made("td", { textContent: amount(value), title: whole.format(value) }));

// News

async function showNews(current, more = false) {
  const { items, nextCursor } = await ask("/news", { ticker: state.ticker, limit: 6, cursor: more ? state.cursor : null });
  if (!current()) return;
  const list = find("articles");
  if (!more) list.replaceChildren();
  list.append(...items.map(article));
  if (!list.children.length) list.append(made("li", {}, nothing("No news of this company are stored.")));
  state.cursor = nextCursor;
  find("more").hidden = !nextCursor;
}

function article({ title, summary, url, source, publishedAt, tickers, scoredBy, label: overall }) {
  const about = tickers.find((each) => each.ticker === state.ticker);
  const label = about?.label ?? overall;
  const safe = url && /^https?:/.test(url);
  const heading = safe ? made("a", { href: url, textContent: title, rel: "noopener noreferrer", target: "_blank" }) : title;
  return made("li", {},
    made("time", { dateTime: publishedAt, textContent: shortDay(publishedAt) }),
    made("div", {}, made("p", {}, heading), summary && made("p", { className: "muted", textContent: summary }),
      made("p", { className: "muted", textContent: source })),
    label && made("span", {
      className: `tone ${label.endsWith("Bullish") ? "up" : label.endsWith("Bearish") ? "down" : ""}`,
      textContent: label.replace("-", " "),
      title: scoredBy ? `Tone judged by ${scoredBy}` : "Tone as given by the source",
    }));
}

// Choosing

function chosen() {
  const text = location.hash.slice(1);
  try {
    return decodeURIComponent(text) || HOME;
  } catch {
    return text;
  }
}

function onPress(group, take) {
  find(group).addEventListener("click", async ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    for (const each of find(group).children) each.setAttribute("aria-pressed", each === button);
    take(button.dataset);
  });
}

function still() {
  const turn = state.turn;
  return () => turn === state.turn;
}

onPress("ranges", ({ months }) => { state.months = Number(months); showRange(); });
onPress("reports", ({ report }) => { state.report = report; showReports(still()).catch(explain); });
onPress("periods", ({ period }) => { state.period = period; showReports(still()).catch(explain); });
find("adjusted").addEventListener("change", () => adjust(still()).then(showRange).catch(explain));
find("more").addEventListener("click", () => showNews(still(), true).catch(explain));
addEventListener("hashchange", () => show(chosen()));
show(chosen());
