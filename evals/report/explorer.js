// The user explorer.  Data lies in the page as base64 of gzip: one index of all users, and shards of their details
// that are opened when a user is.

const byId = (id) => document.getElementById(id);
const wide = matchMedia("(min-width: 48.01rem)");
const shards = new Map();
let index, folded, shown = [], filled = 0, open = null;

async function unpack(id) {
  const text = atob(byId(id).textContent.trim());
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function detail(user) {
  const number = Math.floor(user / index.shard);
  if (!shards.has(number)) shards.set(number, unpack(`users-${number}`));
  return shards.get(number).then((users) => users[user % index.shard]);
}

// The list
const system = () => index.systems[Number(byId("system").value)];

function place(user) {
  const value = system().place[user];
  if (value === null) return "";
  return value ? `${ordinal(value)} of ${index.offered[user]}` : "missed";
}

function outcome(user) {
  const value = system().outcome[user];
  return value < 0 ? "not run" : index.outcomes[value];
}

function matching() {
  const wanted = byId("outcome").value;
  const query = fold(byId("search").value.trim());
  const titles = new Set();
  if (query) folded.forEach((text, item) => { if (text.includes(query)) titles.add(item); });
  const found = [];
  for (let user = 0; user < index.users.length; user += 1) {
    if (wanted && (system().outcome[user] < 0 || index.outcomes[system().outcome[user]] !== wanted)) continue;
    if (query && !fold(index.users[user]).includes(query) && !index.history[user].some((item) => titles.has(item))) continue;
    found.push(user);
  }
  return sorted(found);
}

function sorted(users) {
  const [measure, direction] = byId("order").value.split(" ");
  if (!direction) return users;
  const values = system().measures[Number(measure)].values;
  const sign = direction === "up" ? 1 : -1;
  return users.sort((a, b) => {
    if (values[a] === null || values[b] === null) return (values[a] === null) - (values[b] === null) || a - b;
    return sign * (values[a] - values[b]) || a - b;
  });
}

function entry(user, position) {
  const history = index.history[user];
  const ended = outcome(user);
  const state = [place(user), ended === "whole" ? "" : plainly(ended)].filter(Boolean).join(" · ");
  return make("li", { "aria-setsize": shown.length, "aria-posinset": position + 1 },
    make("a", { href: link(user), "aria-current": user === open ? "true" : null },
      words(index.users[user], "who"),
      make("span", { className: "what", textContent: state }),
      make("span", { className: "last" }, words(history.length ? title(history[history.length - 1]) : "no history"))));
}

function extend() {
  const next = shown.slice(filled, filled + (wide.matches ? 60 : 20));
  byId("rows").append(...next.map((user, i) => entry(user, filled + i)));
  filled += next.length;
  byId("more").hidden = filled >= shown.length;
}

function refresh() {
  shown = matching();
  filled = 0;
  byId("rows").replaceChildren();
  byId("list").scrollTop = 0;
  byId("list").hidden = !shown.length;
  extend();
  const all = index.users.length;
  byId("count").textContent = shown.length === all ? plural(all, "user")
    : shown.length ? `${number(shown.length, 0)} of ${plural(all, "user")}`
    : `None of ${plural(all, "user")} fits. Try another word or outcome.`;
  steps();
}

function step(text, user) {
  return user === undefined ? null : make("a", { href: link(user), textContent: text });
}

function steps() {
  const bar = byId("steps");
  if (!bar || open === null) return;
  const at = shown.indexOf(open);
  const back = make("a", { href: "#users", className: "back", textContent: "All users" });
  bar.replaceChildren(...[back, at > 0 ? step("Previous", shown[at - 1]) : null, at >= 0 ? step("Next", shown[at + 1]) : null].filter(Boolean));
}

async function show(user, asked) {
  open = user;
  for (const row of byId("rows").querySelectorAll("a")) {
    if (row.getAttribute("href") === link(user)) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
  byId("panes").classList.toggle("open", asked);  // on a phone the list gives way to what was asked for
  const found = await detail(user);
  if (open !== user) return;
  const head = make("div", { className: "user-head" }, make("h3", null, "User ", words(index.users[user])), make("div", { className: "steps", id: "steps" }));
  const run = found.systems[Number(byId("system").value)];
  const parts = [head];
  if (!run) parts.push(make("p", { className: "empty", textContent: "This system did not run for this user." }), history(found), candidates(found));
  else {
    const meta = [run.seconds === null ? "" : `${number(run.seconds, 2)} s`, run.tokens ? `${plural(run.tokens, "token")}` : ""].filter(Boolean).join(" · ");
    parts.push(summary(found, run), meta ? make("p", { className: "meta", textContent: meta }) : null,
      ...run.warnings.map((text) => make("p", { className: "meta" }, words(text))),
      make("div", { className: "pair" }, history(found), ranking(found, run)), candidates(found), ...exchanges(run), ...reading(run));
  }
  byId("user").replaceChildren(...parts.filter(Boolean));
  steps();
}

function close() {
  open = null;
  byId("panes").classList.remove("open");
  for (const row of byId("rows").querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
  byId("user").replaceChildren(make("p", { className: "empty", textContent: "Choose a user to see the history, the prompt, the answer, how it was read and the ranking." }));
}

function lost(text) {
  byId("user").replaceChildren(make("p", { className: "empty", textContent: text }));
  byId("panes").classList.add("open");
}

async function follow() {
  const asked = /^#u-(.*)$/s.exec(location.hash);
  if (!asked) {
    if (wide.matches && shown.length) await show(shown[0], false);
    else close();
    return;
  }
  let id = asked[1];
  try { id = decodeURIComponent(id); } catch { /* an id with a bare percent sign is taken as it stands */ }
  const user = index.users.findIndex((one) => one.replace(/\p{Surrogate}/gu, "\ufffd") === id);
  if (user < 0) { close(); lost(`No user ${id} in this page.`); return; }
  await show(user, true);
  const top = byId(wide.matches ? "panes" : "user").getBoundingClientRect().top;
  if (top < 0 || top > innerHeight * 0.6) byId(wide.matches ? "panes" : "user").scrollIntoView({ block: "start" });
}

// Set up
function choose(select, options) {
  select.replaceChildren(...options.map(([value, text]) => make("option", { value, textContent: text })));
}

function offer() {
  const counts = new Map();
  for (const value of system().outcome) if (value >= 0) counts.set(value, (counts.get(value) || 0) + 1);
  const names = [...counts].sort((a, b) => b[1] - a[1]).map(([value, count]) => [index.outcomes[value], `${plainly(index.outcomes[value])} (${number(count, 0)})`]);
  choose(byId("outcome"), [["", "all"], ...names]);
  const orders = system().measures.flatMap((measure, i) => [[`${i} up`, `${measure.name}, ${measure.up}`], [`${i} down`, `${measure.name}, ${measure.down}`]]);
  choose(byId("order"), [["", "as in the run"], ...orders]);
}

async function start() {
  index = await unpack("users-index");
  folded = index.titles.map(fold);
  choose(byId("system"), index.systems.map((one, i) => [String(i), one.name]));
  byId("system-tool").hidden = index.systems.length < 2;
  offer();
  refresh();
  for (const name of ["outcome", "order"]) byId(name).addEventListener("change", refresh);
  byId("system").addEventListener("change", () => { offer(); refresh(); if (open !== null) show(open, byId("panes").classList.contains("open")); });
  byId("search").addEventListener("input", refresh);
  byId("search").form.addEventListener("submit", (event) => event.preventDefault());
  byId("more").addEventListener("click", extend);
  byId("list").addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const next = step && event.target.closest("li")?.[step]?.querySelector("a");
    if (next) { event.preventDefault(); next.focus(); }
  });
  new IntersectionObserver((seen) => { if (wide.matches && seen.some((one) => one.isIntersecting)) extend(); }, { root: byId("list"), rootMargin: "200px" }).observe(byId("more"));
  addEventListener("hashchange", follow);
  byId("needs-script").hidden = true;
  byId("explorer").hidden = false;
  await follow();
  document.body.dataset.ready = "yes";
}

if (typeof DecompressionStream === "function") start();
