// Text reaches the page through textContent alone.
const at = (id) => document.getElementById(id);
const history = [];
let typing = 0;

function make(tag, text, kind) {
  const one = document.createElement(tag);
  if (text !== undefined) one.textContent = text;
  if (kind) one.className = kind;
  return one;
}

function row(number, title, side) {
  const line = make("li");
  line.append(make("span", number, "n"), make("span", title, "title"));
  line.append(side instanceof Node ? side : make("span", side, "side"));
  return line;
}

function showHistory() {
  const lines = history.map((title, place) => {
    const remove = make("button", "Remove");
    remove.type = "button";
    remove.setAttribute("aria-label", `Remove ${title}`);
    remove.addEventListener("click", () => {
      history.splice(place, 1);
      showHistory();
      at("title").focus();
    });
    return row(String(place + 1), title, remove);
  });
  at("history").replaceChildren(...lines);
  at("nothing").hidden = history.length > 0;
}

function add() {
  const title = at("title").value.trim();
  if (title) history.push(title);
  at("title").value = "";
  at("title").focus();
  showHistory();
}

async function suggest() {
  const mine = ++typing;
  const typed = at("title").value.trim();
  await new Promise((later) => setTimeout(later, 150));
  if (mine !== typing || !typed) return;
  const answer = await fetch(`/v1/items?q=${encodeURIComponent(typed.slice(0, 200))}`);
  if (!answer.ok || mine !== typing) return;
  const { items } = await answer.json();
  at("found").replaceChildren(...items.map((item) => {
    const option = make("option");
    option.value = item.title;
    return option;
  }));
}

function show(found) {
  const { usage, details } = found;
  at("items").replaceChildren(...found.items.map((item) => {
    const line = row(String(item.rank), item.title, item.score === null ? "" : item.score.toFixed(3));
    if (item.explanation) line.append(make("span", item.explanation, "why"));
    return line;
  }));
  const tokens = usage.prompt_tokens + usage.completion_tokens;
  at("meta").textContent = `${found.outcome}; requests: ${usage.requests}, tokens: ${tokens}; ${details.strategy}`;
  at("warnings").replaceChildren(...found.warnings.map((warning) => make("li", warning)));
  at("prompts").replaceChildren(...details.prompts.map((prompt) => make("pre", prompt)));
  const answers = details.answers.length ? details.answers : ["The model was asked for probabilities, not for words."];
  at("raw").replaceChildren(...answers.map((answer) => make("pre", answer, "answer")));
  at("mentions").replaceChildren(...details.mentions.map((mention, place) =>
    row(String(place + 1), mention.text, `${mention.item_id ?? "no item"} (${mention.reason})`)));
  at("answer").hidden = false;
}

async function ask(event) {
  event.preventDefault();
  if (at("title").value.trim()) add();
  at("go").disabled = true;
  at("answer").hidden = true;
  at("said").textContent = "Asking the model ...";
  try {
    const answer = await fetch("/v1/recommendations", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ history, k: Number(at("k").value), details: true }),
    });
    const found = await answer.json();
    at("said").textContent = answer.ok ? "" : found.error.message;
    if (answer.ok) show(found);
  } catch {
    at("said").textContent = "The service does not answer.";
  } finally {
    at("go").disabled = false;
  }
}

at("add").addEventListener("click", add);
at("title").addEventListener("input", suggest);
at("title").addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    add();
  }
});
at("ask").addEventListener("submit", ask);
