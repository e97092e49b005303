// The search field: suggests companies while people type; the address holds the chosen one.

import { fetchJson } from "./api.js";
import { element } from "./format.js";

const box = { input: document.getElementById("query"), list: document.getElementById("hits"), hits: [], at: -1, pending: null, timer: 0 };

function close() {
  clearTimeout(box.timer);
  box.pending?.abort();
  box.list.hidden = true;
  box.input.setAttribute("aria-expanded", "false");
  box.input.removeAttribute("aria-activedescendant");
}

async function suggest() {
  box.pending?.abort();
  const q = box.input.value.trim();
  if (!q) return close();
  box.pending = new AbortController();
  try {
    const { items } = await fetchJson("/search", { q, limit: 8 }, box.pending.signal);
    offer(items);
  } catch (error) {
    if (error.name !== "AbortError") close();
  }
}

function offer(items) {
  box.hits = items;
  const options = items.map((hit, at) => element("li", { id: `hit-${at}`, role: "option", onmousedown: (event) => event.preventDefault(), onclick: () => choose(hit) },
    element("b", { textContent: hit.ticker }), element("span", { textContent: hit.name ?? "" }), element("small", { textContent: hit.exchange ?? "" })));
  box.list.replaceChildren(...(options.length ? options : [element("li", { className: "muted", textContent: "No company found" })]));
  box.list.hidden = false;
  box.input.setAttribute("aria-expanded", "true");
  mark(items.length ? 0 : -1);
}

function mark(at) {
  box.at = at;
  for (const [index, option] of [...box.list.children].entries()) option.setAttribute("aria-selected", index === at);
  if (at < 0) return box.input.removeAttribute("aria-activedescendant");
  box.input.setAttribute("aria-activedescendant", `hit-${at}`);
  box.list.children[at].scrollIntoView({ block: "nearest" });
}

function choose(hit) {
  close();
  box.input.value = "";
  box.input.blur();
  location.hash = encodeURIComponent(hit.ticker);
}

box.input.addEventListener("input", () => {
  clearTimeout(box.timer);
  box.timer = setTimeout(suggest, 100);
});
box.input.addEventListener("blur", close);
box.input.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return close();
  if (box.list.hidden || !box.hits.length) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  mark((box.at + step + box.hits.length) % box.hits.length);
});
document.getElementById("search").addEventListener("submit", async (event) => {
  event.preventDefault();
  clearTimeout(box.timer);
  if (box.list.hidden || box.pending) await suggest();
  if (box.hits[box.at] && !box.list.hidden) choose(box.hits[box.at]);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  box.input.focus();
});
