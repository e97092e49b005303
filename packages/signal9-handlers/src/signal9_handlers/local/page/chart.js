// A line chart of daily closes as inline SVG, to be read by pointer and keyboard.

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 4, RIGHT = 56, TOP = 10, BOTTOM = 26;

export function svgElement(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export class Chart {
  // `texts` formats dates and prices; `read` gets the text for the point under the cross.
  constructor(box, { texts, read }) {
    Object.assign(this, { box, texts, read, dates: [], values: [] });
    new ResizeObserver(() => this.draw()).observe(box);
    box.addEventListener("pointermove", (event) => this.point(this.indexAt(event)));
    box.addEventListener("pointerleave", () => this.leave());
    box.addEventListener("blur", () => this.leave());
    box.addEventListener("keydown", (event) => this.key(event));
  }

  show(dates, values) {
    Object.assign(this, { dates, values, at: null });
    this.draw();
  }

  say(text) {
    Object.assign(this, { dates: [], values: [] });
    const note = document.createElement("p");
    note.className = "empty";
    note.textContent = text;
    this.box.replaceChildren(note);
  }

  draw() {
    const { width, height } = this.box.getBoundingClientRect();
    if (!this.values.length || width < 100) return;
    this.frame = { width, height, right: width - RIGHT, bottom: height - BOTTOM };
    this.scale();
    this.cross = svgElement("g", { visibility: "hidden" },
      svgElement("line", { class: "cross", y1: TOP, y2: this.frame.bottom }), svgElement("circle", { class: "dot", r: 5 }));
    this.tip = document.createElement("div");
    this.tip.className = "tip";
    this.tip.hidden = true;
    const points = this.values.map((value, at) => `${this.x(at).toFixed(1)},${this.y(value).toFixed(1)}`);
    const { right, bottom } = this.frame;
    this.box.replaceChildren(svgElement("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
      ...this.rows(), ...this.marks(),
      svgElement("polygon", { class: "area", points: `${LEFT},${bottom} ${points.join(" ")} ${right},${bottom}` }),
      svgElement("polyline", { class: "line", points: points.join(" ") }), this.cross), this.tip);
  }

  scale() {
    const low = Math.min(...this.values), high = Math.max(...this.values);
    const rough = (high - low || high || 1) / 4;
    const power = 10 ** Math.floor(Math.log10(rough));
    this.step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough);
    this.low = Math.floor(low / this.step) * this.step;
    this.high = Math.max(Math.ceil(high / this.step) * this.step, this.low + this.step);
  }

  x(at) {
    return LEFT + (at / Math.max(1, this.values.length - 1)) * (this.frame.right - LEFT);
  }

  y(value) {
    return this.frame.bottom - ((value - this.low) / (this.high - this.low)) * (this.frame.bottom - TOP);
  }

  rows() {
    const count = Math.round((this.high - this.low) / this.step);
    const digits = Math.max(0, Math.min(2, -Math.floor(Math.log10(this.step / 2.5))));
    return Array.from({ length: count + 1 }, (_, at) => {
      const value = this.low + at * this.step, y = this.y(value);
      return svgElement("g", {}, svgElement("line", { class: "grid", x1: LEFT, x2: this.frame.right, y1: y, y2: y }),
        svgElement("text", { x: this.frame.right + 10, y: y + 4 }, value.toFixed(digits)));
    });
  }

  marks() {
    const count = Math.max(2, Math.min(6, Math.floor(this.frame.right / 130)));
    return Array.from({ length: count }, (_, mark) => {
      const at = Math.round(((mark + 0.5) / count) * (this.dates.length - 1));
      return svgElement("text", { x: this.x(at), y: this.frame.height - 4, "text-anchor": "middle" },
        this.texts.mark(this.dates[at], this.dates.length));
    });
  }

  indexAt(event) {
    const along = (event.clientX - this.box.getBoundingClientRect().left - LEFT) / ((this.frame?.right ?? 1) - LEFT);
    return Math.round(along * (this.values.length - 1));
  }

  key(event) {
    const last = this.values.length - 1;
    const at = this.at ?? last;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 21, PageDown: at + 21, Home: 0, End: last }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.point(to);
    this.read(this.texts.reading(this.dates[this.at], this.values[this.at]));
  }

  point(index) {
    if (!this.values.length) return;
    this.at = Math.max(0, Math.min(this.values.length - 1, index));
    const value = this.values[this.at], x = this.x(this.at), y = this.y(value);
    const [line, dot] = this.cross.children;
    for (const side of ["x1", "x2"]) line.setAttribute(side, x);
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", y);
    this.cross.setAttribute("visibility", "visible");
    const price = document.createElement("b");
    price.textContent = this.texts.price(value);
    this.tip.replaceChildren(price, this.texts.day(this.dates[this.at]));
    this.tip.hidden = false;
    const { width, height } = this.tip.getBoundingClientRect();
    const left = x + 14 + width > this.frame.right ? x - 14 - width : x + 14;
    this.tip.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, y - height - 8)}px)`;
  }

  leave() {
    this.at = null;
    this.cross?.setAttribute("visibility", "hidden");
    if (this.tip) this.tip.hidden = true;
  }
}
