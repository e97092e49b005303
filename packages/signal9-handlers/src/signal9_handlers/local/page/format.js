// Formats of dates, figures and names, and HTML elements.

export const day = (text) => new Date(`${text.slice(0, 10)}T00:00:00Z`);
const dated = (options) => {
  const format = new Intl.DateTimeFormat("en", { timeZone: "UTC", ...options });
  return (text) => format.format(day(text));
};
export const longDay = dated({ day: "numeric", month: "long", year: "numeric" });
export const shortDay = dated({ day: "numeric", month: "short", year: "numeric" });
export const dayOfYear = dated({ day: "numeric", month: "short" });
export const monthAndYear = dated({ month: "short", year: "numeric" });
export const year = dated({ year: "numeric" });
export const integer = new Intl.NumberFormat("en");
export const decimal = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat("en", { notation: "compact", minimumFractionDigits: 1, maximumFractionDigits: 1 });
export const percent = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });
export const share = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
export const signed = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero" });

export const amount = (value) => (Math.abs(value) >= 1e6 ? compact : decimal).format(value);
export const sentenceCase = (name) => {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/([A-Z])([A-Z][a-z])/g, "$1 $2").split(" ");
  const text = words.map((word) => (word.length > 1 && word === word.toUpperCase() ? word : word.toLowerCase())).join(" ");
  const capital = { ebit: "EBIT", ebitda: "EBITDA" }[text] ?? text;
  return capital.charAt(0).toUpperCase() + capital.slice(1);
};

export const titleCase = (text) => {
  if (text !== text.toUpperCase()) return text;
  return text.toLowerCase().replace(/(^|[\s(/-])(\p{L})/gu, (_, gap, letter) => gap + letter.toUpperCase());
};

export function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const countOf = (count, one) => `${integer.format(count)} ${one}${count === 1 ? "" : "s"}`;
export const emptyNote = (text) => element("p", { className: "empty", textContent: text });
