// One user, as elements.  Titles, prompts and answers are other people's text: they enter the page through textContent
// alone.  page.py puts this file before explorer.js in one module, which holds `index`.

function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name in element && name !== "role" && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const words = (text, className) => make("bdi", { className, textContent: text });
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const number = (value, digits) => value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits }).replace("-", "\u2212");
const plural = (count, word) => `${number(count, 0)} ${word}${count === 1 ? "" : "s"}`;
const link = (user) => `#u-${encodeURIComponent(index.users[user].replace(/\p{Surrogate}/gu, "\ufffd"))}`;
const title = (item) => index.titles[item];
const plainly = (name) => name.replaceAll(/[-_]/g, " ");
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function ordinal(n) {
  const tail = n % 100 > 10 && n % 100 < 14 ? "th" : ["th", "st", "nd", "rd"][n % 10] || "th";
  return `${n}${tail}`;
}

function heading(text, note) {
  return [make("h4", { textContent: text }), note ? make("p", { className: "note", textContent: note }) : null];
}

function row(n, item, side, className, tag) {
  return make("li", { className },
    make("span", { className: "n", textContent: n }),
    make("span", { className: "title" }, words(title(item)), tag ? " " : null, tag ? make("span", { className: "tag", textContent: tag }) : null),
    side ? make("span", { className: "side", textContent: side }) : null);
}

function history(user) {
  const first = user.earlier;
  const rows = user.history.map(([item, note], i) => item === null
    ? make("li", null, make("span", { className: "n", textContent: first + i + 1 }), make("span", { className: "title" }, words(note)))
    : row(first + i + 1, item, note));
  const latest = rows.splice(-12);
  const parts = [...heading("History", user.history.length ? "Oldest first; the latest stands last." : null)];
  if (first) parts.push(make("p", { className: "note", textContent: `The first ${plural(first, "interaction")} ${first === 1 ? "is" : "are"} not kept in this page.` }));
  if (rows.length) parts.push(make("details", null, make("summary", { textContent: `${number(rows.length, 0)} earlier` }), make("ol", { className: "rows" }, ...rows)));
  parts.push(latest.length ? make("ol", { className: "rows" }, ...latest) : make("p", { className: "empty", textContent: "No history: a cold start." }));
  return make("div", null, ...parts);
}

function ranking(user, run) {
  const targets = new Set(user.targets);
  const offered = new Map(user.candidates.map((item, i) => [item, i + 1]));
  const rows = [];
  let own = true;
  run.ranking.forEach(([item, score, byModel], i) => {
    if (own && !byModel) {
      own = false;
      rows.push(make("li", { className: "seam", textContent: i ? "The model’s part ends here. The rest was filled in by rule and does not count." : "Nothing here is the model’s: all places were filled in by rule and do not count." }));
    }
    const side = byModel ? (score === null ? "" : number(score, 3)) : "filled";
    const className = [targets.has(item) ? "target" : "", byModel ? "" : "filled"].join(" ").trim();
    const line = row(i + 1, item, side, className || null, targets.has(item) ? "target" : null);
    if (offered.has(item)) line.title = `offered as number ${offered.get(item)}`;
    rows.push(line);
  });
  const scored = run.ranking.some(([, score]) => score !== null);
  return make("div", null, ...heading("Ranking", run.ranking.length && scored ? "The number on the right is the score; higher is better." : null),
    rows.length ? make("ol", { className: "rows" }, ...rows) : make("p", { className: "empty", textContent: "No ranking kept." }));
}

function candidates(user) {
  const targets = new Set(user.targets);
  const rows = user.candidates.map((item, i) => row(i + 1, item, "", targets.has(item) ? "target" : null, targets.has(item) ? "target" : null));
  const absent = user.targets.filter((item) => !user.candidates.includes(item));
  const missing = absent.map((item) => make("p", { className: "note" }, "The target ", words(title(item)), " was not among the candidates."));
  return make("details", null, make("summary", { textContent: `${plural(user.candidates.length, "candidate")}, in the order offered` }), ...missing,
    make("ol", { className: "rows" }, ...rows));
}

function table(label, columns, rows) {
  const head = columns.map((column) => make("th", { scope: "col", textContent: column.name, className: column.words ? "words" : null }));
  const body = rows.map((cells) => make("tr", null, ...cells.map((cell, i) =>
    make(i ? "td" : "th", { scope: i ? null : "row", className: columns[i].words ? "words" : null }, columns[i].words ? words(cell) : cell))));
  return make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": label },
    make("table", null, make("thead", null, make("tr", null, ...head)), make("tbody", null, ...body)));
}

function block(text, className, label) {
  return make("pre", { className, tabIndex: 0, role: "region", "aria-label": label, dir: "auto", textContent: text });
}

function prompt(exchange) {
  if (!exchange.messages) return [make("p", { className: "empty", textContent: "The prompt was not kept." })];
  return exchange.messages.map(([role, text]) => make("div", { className: "turn" },
    make("p", { className: "role", textContent: role }), block(text, null, `Prompt, ${role}`)));
}

function answer(exchange) {
  if (exchange.error) return [make("p", { className: "empty" }, `No answer: ${exchange.error[0]}. `, words(exchange.error[1] || ""))];
  if (exchange.scores) {
    const columns = [{ name: "Continuation", words: true }, { name: "Log-likelihood" }, { name: "Tokens" }, { name: "A token" }];
    const best = [...exchange.scores].sort((a, b) => b[1] - a[1]);
    return [table("Log-likelihood of each continuation", columns,
      best.map(([text, sum, tokens]) => [text.trim(), number(sum, 2), String(tokens), number(sum / Math.max(tokens, 1), 2)]))];
  }
  if (exchange.answer === null) return [make("p", { className: "empty", textContent: "The answer was not kept." })];
  const parts = [];
  if (exchange.reasoning) parts.push(make("details", null, make("summary", { textContent: "Reasoning" }), block(exchange.reasoning, null, "Reasoning")));
  parts.push(exchange.answer ? block(exchange.answer, "answer", "Raw answer") : make("p", { className: "empty", textContent: "The answer was empty." }));
  if (exchange.finish && exchange.finish !== "stop") parts.push(make("p", { className: "tail", textContent: `It ended by ${plainly(exchange.finish)}.` }));
  return parts;
}

function spent(exchange) {
  return [exchange.template ? `template ${exchange.template}` : "", exchange.tokens ? `${number(exchange.tokens[0], 0)} tokens in, ${number(exchange.tokens[1], 0)} out` : "",
    exchange.seconds ? `${number(exchange.seconds, 2)} s` : "", exchange.model || ""].filter(Boolean).join(" · ");
}

function exchanges(run) {
  if (!run.exchanges.length) return [...heading("Prompt and answer"), make("p", { className: "empty", textContent: run.unkept || "The prompt and the answer were not kept." })];
  return run.exchanges.flatMap((exchange, i) => {
    const of = run.exchanges.length > 1 ? ` ${i + 1} of ${run.exchanges.length}` : "";
    return [...heading(`Prompt${of}`, spent(exchange)), ...prompt(exchange), ...heading(`${exchange.scores ? "Log-likelihoods" : "Answer"}${of}`), ...answer(exchange)];
  });
}

function reading(run) {
  if (!run.matches.length) return [];
  const columns = [{ name: "The model wrote", words: true }, { name: "Taken for", words: true }, { name: "Why", words: true }, { name: "Score" }];
  return [...heading("How it was read", "What the model wrote, and the item that each piece was taken for."),
    table("How the answer was read", columns, run.matches.map(([text, item, reason, score]) =>
      [text, item === null ? "nothing" : title(item), plainly(reason), score === null ? "–" : number(score, 2)]))];
}

function summary(user, run) {
  const n = run.place;
  const hit = n === null ? "" : n ? `The model placed the target ${ordinal(n)} of ${user.candidates.length}.` : "The model did not place the target.";
  return make("p", { className: "summary" }, `${capital(run.status)}${run.outcome === run.status ? "" : `: ${plainly(run.outcome)}`}. ${hit}`);
}
