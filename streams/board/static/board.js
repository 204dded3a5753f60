// The board's page. Whatever stands in an alert becomes text nodes and nothing else: no markup is ever made from it.

const SEVERITIES = ["Unknown", "Minor", "Moderate", "Severe", "Extreme"];
const DAY = 86_400_000;
const SILENCE = 40_000; // the board says something every 15 s
const AGAIN = 2_000;
const WEEK_ROWS = 12;
const SVG = "http://www.w3.org/2000/svg";

const incidents = new Map();
const cards = new Map();
const fresh = new Set();
let chosen = null;
let status = null;
let clockAhead = 0; // the board's clock less ours
let snapshotId = 0;
let loading = false;
let pending = [];
let source = null;
let heard = Date.now();
let silentSince = null;
let stale = false; // a reset came while a snapshot was on its way
let listed = "";
let unseen = 0; // alerts that came while the page was hidden

const byId = (id) => document.getElementById(id);
const newest = (incident) => incident.messages.at(-1);
const now = () => Date.now() + clockAhead;
const wide = () => matchMedia("(min-width: 60rem)").matches;

// --- making elements: a tag, attributes, and children, of which strings are text

function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const named = (place) => capital(place.replace(/^an /, ""));
const prose = (tag, text, kind) => el(tag, { dir: "auto", class: kind ?? null }, text);
const marked = (pieces) => pieces.map(([text, evidence]) => (evidence ? el("mark", null, text) : text));
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const many = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

// --- times

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
const MOMENT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC",
});
const WEEKDAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: "UTC" });

const at = (text) => new Date(text).getTime();
const moment = (time) => (Number.isNaN(time) ? "?" : `${MOMENT.format(time)} UTC`);
const clock = (time) => (now() - time < DAY ? `${CLOCK.format(time)} UTC` : moment(time));

function ago(time) {
  const minutes = Math.floor((now() - time) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return `${Math.floor(minutes / 1440)} days ago`;
}

function when(text) {
  return el("time", { datetime: text, title: moment(at(text)), "data-ago": true }, ago(at(text)));
}

function age() {
  for (const one of document.querySelectorAll("time[data-ago]")) one.textContent = ago(at(one.dateTime));
}

// --- what is shown: filters

const filters = {
  text: byId("filter-text"), country: byId("filter-country"), event: byId("filter-event"),
  severity: byId("filter-severity"), ended: byId("filter-ended"), tests: byId("filter-tests"),
};

function words(incident) {
  const found = [incident.place, incident.country, incident.event];
  for (const one of incident.messages) {
    found.push(one.headline, one.publisher, ...one.areas, ...one.domains, ...one.reasons);
    found.push(...one.title.map(([text]) => text), ...one.evidence.map((piece) => piece.quote));
  }
  return found.join("\n").toLowerCase();
}

const shownStatus = (incident) => filters.tests.checked || incident.status === "Actual";

function wanted(incident) {
  const text = filters.text.value.trim().toLowerCase();
  return shownStatus(incident)
    && (filters.ended.checked || !incident.ended)
    && (!filters.country.value || incident.country === filters.country.value)
    && (!filters.event.value || incident.event === filters.event.value)
    && SEVERITIES.indexOf(newest(incident).severity) >= SEVERITIES.indexOf(filters.severity.value)
    && (!text || incident.words.includes(text));
}

// A demonstration has nothing but exercises, and says so in its address.
if (new URLSearchParams(location.search).has("tests")) filters.tests.checked = true;

const filtering = () => filters.text.value || filters.country.value || filters.event.value
  || filters.severity.value !== "Unknown" || !filters.ended.checked;

function sorted() {
  const all = [...incidents.values()].filter(wanted);
  all.sort((a, b) => a.ended - b.ended || at(newest(b).sent) - at(newest(a).sent) || (a.id < b.id ? -1 : 1));
  return all;
}

// --- the feed

const chip = (severity) => el("span", { class: "chip", "data-severity": severity }, severity);

/** A headline begins with the event and the place, which stand beside it already. */
function gist(incident, message) {
  const start = `${capital(incident.event)} in ${incident.place}: `;
  return message.headline.startsWith(start) ? capital(message.headline.slice(start.length)) : message.headline;
}

function tags(incident, message) {
  const found = [];
  if (incident.ended) found.push(el("span", { class: "tag ended" }, "Ended"));
  else if (message.type === "Update") found.push(el("span", { class: "tag" }, "Update"));
  if (incident.status !== "Actual") found.push(el("span", { class: "tag test" }, incident.status));
  return found;
}

function card(incident) {
  const message = newest(incident);
  const quote = message.evidence[0]?.quote;
  return el("li", null, el("a", {
    class: "card", href: `#${encodeURIComponent(incident.id)}`, "data-severity": message.severity,
    "data-ended": incident.ended, "data-fresh": fresh.has(incident.id), "aria-current": incident.id === chosen ? "true" : null,
  },
  el("span", { class: "line" }, chip(message.severity), prose("span", named(incident.place), "place"),
    el("span", { class: "event" }, incident.event), when(message.sent)),
  prose("span", gist(incident, message), "gist"),
  quote ? prose("span", quote, "quote") : null,
  el("span", { class: "line foot" }, ...tags(incident, message),
    el("span", null, `${message.certainty} · ${many(message.reports, "independent report")}`))));
}

function feed() {
  const all = sorted();
  const focused = document.activeElement?.closest?.(".card")?.getAttribute("href");
  for (const [name, ended] of [["active", false], ["ended", true]]) {
    const part = all.filter((incident) => incident.ended === ended);
    const section = byId(name);
    section.hidden = part.length === 0;
    section.querySelector(".number").textContent = part.length;
    section.querySelector("ol").replaceChildren(...part.map((incident) => {
      if (!cards.has(incident.id)) cards.set(incident.id, card(incident));
      return cards.get(incident.id);
    }));
  }
  if (focused) document.querySelector(`.card[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  const possible = [...incidents.values()].filter(shownStatus).length;
  byId("count").textContent = all.length === possible ? many(possible, "incident") : `${all.length} of ${many(possible, "incident")}`;
  byId("filter-clear").hidden = !filtering();
  empty(all.length, possible);
}

function empty(shown, possible) {
  const place = byId("empty");
  place.hidden = shown > 0;
  document.body.classList.toggle("nothing", possible === 0 && !incidents.has(chosen));
  if (shown > 0) return;
  const hidden = incidents.size - possible;
  const reading = status === null || (status.state !== "live" && !status.complete);
  const hours = Math.round(status?.hours ?? 0);
  const span = hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
  if (reading && incidents.size === 0) place.textContent = "No alerts have been read yet.";
  else if (possible > 0) place.textContent = "Nothing matches these filters.";
  else if (hidden > 0) place.textContent = `Quiet: no alert in the last ${span} but tests and exercises, which are not shown.`;
  else place.textContent = `Quiet: no alert in the last ${span}. New ones appear here by themselves.`;
}

function countries() {
  const found = new Map();
  for (const one of incidents.values()) if (shownStatus(one)) found.set(one.country, one.place);
  const kept = filters.country.value;
  if (kept && !found.has(kept)) found.set(kept, filters.country.selectedOptions[0].textContent);
  const names = [...found].sort((a, b) => a[1].localeCompare(b[1], "en"));
  // A list that a reader has open is not touched without need.
  if (String(names) === listed) return;
  listed = String(names);
  filters.country.replaceChildren(el("option", { value: "" }, "All countries"),
    ...names.map(([code, name]) => el("option", { value: code }, named(name))));
  filters.country.value = kept;
}

// --- one incident

function fact(name, wide, ...value) {
  return el("div", { class: wide ? "wide" : null }, el("dt", null, name), el("dd", { dir: "auto" }, ...value));
}

function evidence(piece) {
  const bar = el("span", { class: "bar", "aria-hidden": "true" });
  bar.style.setProperty("--score", piece.score);
  const why = [piece.label, piece.field === "title" ? "from a title" : null, ...piece.signals].filter(Boolean);
  return el("li", null,
    el("blockquote", { dir: "auto" }, el("mark", null, piece.quote)),
    el("p", { class: "why" }, bar, el("b", null, piece.score.toFixed(2)), ` ${why.join(" · ")}`));
}

/** The link's text is the host that it leads to, and it leads to the web or nowhere. */
function link(message) {
  if (!message.link) return null;
  let address;
  try {
    address = new URL(message.link.href);
  } catch {
    return null;
  }
  if (address.protocol !== "https:" && address.protocol !== "http:") return null;
  return el("a", { href: address.href, target: "_blank", rel: "noopener noreferrer", referrerpolicy: "no-referrer" },
    message.link.host);
}

function article(message) {
  if (message.title.length === 0 && !message.link) return null;
  const from = link(message);
  const published = at(message.published);
  const parts = [message.publisher, Number.isNaN(published) ? null : moment(published)].filter(Boolean);
  return el("section", null, el("h3", null, "Article of this message"),
    message.title.length ? el("p", { class: "title", dir: "auto" }, ...marked(message.title)) : null,
    el("p", { class: "source" }, prose("span", parts.join(" · ")), parts.length && from ? " · " : null, from));
}

/** The lifecycle at a glance; `thread` tells it whole. */
function steps(incident) {
  const days = incident.messages.map((message) => WEEKDAY.format(at(message.sent)));
  return el("ol", { class: "steps", "aria-hidden": "true" }, ...incident.messages.map((message, number) => el("li",
    { "data-type": message.type, "data-severity": message.severity }, el("b", null, message.type),
    days[number] === days[number - 1] ? " " : ` ${days[number]} `, CLOCK.format(at(message.sent)))));
}

function thread(incident) {
  const made = incident.messages.map((message, number) => {
    const last = number === incident.messages.length - 1;
    const body = [el("ul", null, ...message.reasons.map((reason) => prose("li", reason)))];
    if (!last && message.evidence.length) body.push(el("ul", { class: "evidence" }, ...message.evidence.map(evidence)));
    return el("li", { "data-type": message.type, "data-severity": message.severity },
      el("details", { open: last, "data-id": message.id },
        el("summary", null, el("b", null, message.type), chip(message.severity),
          el("span", null, `${message.certainty}, ${many(message.reports, "independent report")}`),
          el("time", { datetime: message.sent }, moment(at(message.sent)))),
        ...body));
  });
  if (incident.left_out) made.splice(1, 0, el("li", null, `${many(incident.left_out, "message")} left out here`));
  return el("section", null, el("h3", null, "Lifecycle"), el("ol", { class: "thread" }, ...made));
}

function detail() {
  const incident = incidents.get(chosen);
  const pane = byId("detail");
  document.body.classList.toggle("opened", Boolean(incident) && location.hash.length > 1);
  if (!incident) {
    pane.replaceChildren(el("p", { class: "empty" }, incidents.size ? "Choose an incident." : ""));
    return;
  }
  const message = newest(incident);
  const first = incident.messages[0];
  const open = new Set([...pane.querySelectorAll("details[open]")].map((one) => one.dataset.id));
  const parts = [
    el("div", { class: "line head" }, el("a", { class: "back", href: "#" }, "Back"),
      chip(message.severity), el("span", { class: "event" }, incident.event), ...tags(incident, message),
      el("a", { class: "permalink", href: `#${encodeURIComponent(incident.id)}` }, "Permalink")),
    prose("h2", message.headline),
    el("p", { class: "sub" }, `${incident.ended ? "Ended" : "Last heard of"} `, when(message.sent),
      ` · first seen ${moment(at(first.first_seen))}`, incident.ended ? "" : ` · lapses ${moment(at(message.expires))}`),
    incident.messages.length > 1 ? steps(incident) : null,
    el("dl", { class: "facts" },
      fact("Certainty", false, message.certainty),
      fact("Urgency", false, message.urgency),
      fact("Score", false, message.score.toFixed(3), el("small", null, `alone from ${message.threshold.toFixed(2)}`)),
      fact("Response", false, message.response.join(", ")),
      fact("Borne out by", true, many(message.reports, "independent report"),
        el("small", null, `${many(message.publishers, "publisher")}, ${many(message.articles, "article")}`)),
      fact("Area", true, message.areas.length ? message.areas.join(", ") : incident.place)),
    el("section", null, el("h3", null, "Why"), el("ul", { class: "reasons" }, ...message.reasons.map((one) => prose("li", one)))),
    message.evidence.length
      ? el("section", null, el("h3", null, "Evidence"), el("ol", { class: "evidence" }, ...message.evidence.map(evidence)))
      : el("section", null, el("h3", null, "Summary"), prose("p", message.summary)),
    thread(incident),
    article(message),
    message.domains.length
      ? el("section", null, el("h3", null, "Publishers"), el("p", { class: "source", dir: "auto" }, message.domains.join(" · ")))
      : null,
    el("p", { class: "say" }, "Was it so? ", el("code", null, `tocsin feedback ${message.id} right`),
      " (or wrong, late, where)"),
  ];
  pane.replaceChildren(...parts.filter(Boolean));
  for (const one of pane.querySelectorAll("details")) if (open.has(one.dataset.id)) one.open = true;
}

// --- the week, by country

function week() {
  const today = Math.floor(now() / DAY);
  const rows = new Map();
  for (const incident of incidents.values()) {
    if (!shownStatus(incident)) continue;
    for (const message of incident.messages) {
      const day = 6 - (today - Math.floor(at(message.sent) / DAY));
      if (message.type === "Cancel" || day < 0 || day > 6) continue;
      const row = rows.get(incident.country) ?? { name: incident.place, total: 0, days: Array(7).fill(0), worst: Array(7).fill(0) };
      row.total += 1;
      row.days[day] += 1;
      row.worst[day] = Math.max(row.worst[day], SEVERITIES.indexOf(message.severity));
      rows.set(incident.country, row);
    }
  }
  const all = [...rows].sort((a, b) => b[1].total - a[1].total || a[1].name.localeCompare(b[1].name, "en"));
  const highest = Math.max(1, ...all.flatMap(([, row]) => row.days));
  const names = Array.from({ length: 7 }, (_, day) => WEEKDAY.format((today - 6 + day) * DAY));
  byId("week").hidden = all.length === 0;
  byId("week-rows").replaceChildren(
    ...all.slice(0, WEEK_ROWS).map(([code, row]) => bars(code, row, highest, names)),
    el("li", { class: "days", "aria-hidden": "true" }, el("span"), el("span", { class: "letters" }, ...names.map((name) => el("span", null, name[0]))), el("span")));
}

function bars(code, row, highest, names) {
  const told = row.days.map((count, day) => `${names[day]} ${count}`).join(", ");
  const graph = svg("svg", { viewBox: "0 0 84 28", role: "img", "aria-label": `${row.name}: ${told}` });
  row.days.forEach((count, day) => {
    const height = count ? Math.max(4, (26 * count) / highest) : 1.5;
    graph.append(svg("rect", {
      x: day * 12 + 1, y: 28 - height, width: 10, height, rx: 1.5, "data-severity": count ? SEVERITIES[row.worst[day]] : "none",
    }, svg("title", {}, `${names[day]}: ${many(count, "message")}`)));
  });
  const button = el("button", { type: "button", "aria-pressed": String(filters.country.value === code), title: "Show only this country" },
    prose("span", named(row.name), "name"), graph, el("span", { class: "total" }, String(row.total)));
  button.addEventListener("click", () => {
    filters.country.value = filters.country.value === code ? "" : code;
    draw();
  });
  return el("li", null, button);
}

// --- how fresh it all is

function strip(name, state, value) {
  const place = byId(`strip-${name}`);
  place.dataset.state = state;
  place.querySelector(".value").replaceChildren(value);
}

function freshness() {
  const broker = {
    connecting: ["wait", "connecting"], reading: ["wait", "reading the past"], live: ["good", "connected"],
  };
  if (silentSince !== null) strip("board", "bad", `no connection since ${clock(silentSince)}`);
  else strip("board", status ? "good" : "wait", status ? "live" : "connecting");
  if (status) {
    const since = clock(at(status.since));
    const lost = status.fault === "topic" ? `no topic since ${since}` : `no connection since ${since}`;
    if (silentSince !== null) strip("broker", "wait", "not known");
    else strip("broker", ...(broker[status.state] ?? ["bad", lost]));
    strip("newest", "none", status.newest ? when(status.newest) : "none");
    byId("strip-tested").hidden = !status.tested;
    if (status.tested) strip("tested", "none", when(status.tested));
    byId("strip-strangers").hidden = !status.strangers;
    strip("strangers", "bad", `${many(status.strangers, "record")} of ${status.topic}`);
  }
  banner();
}

function banner() {
  const place = byId("banner");
  let text = "";
  if (silentSince !== null) text = `No connection to the board since ${clock(silentSince)}. What is shown is as of then.`;
  else if (status?.state === "lost") {
    const what = status.fault === "topic" ? "The alerts topic is missing" : "No connection to the broker";
    text = `${what} since ${clock(at(status.since))}. What is shown is as of then. ${capital(status.why)}`;
  }
  document.body.classList.toggle("stale", text !== "");
  place.hidden = text === "";
  if (place.textContent !== text) place.textContent = text;
}

// --- what comes

function hold(incident) {
  incident.words = words(incident);
  incidents.set(incident.id, incident);
  cards.delete(incident.id);
}

function told(next) {
  status = next;
  clockAhead = at(next.now) - Date.now();
  heardNow();
}

function heardNow() {
  heard = Date.now();
  silentSince = null;
  freshness();
}

function draw() {
  countries();
  feed();
  week();
}

function take(event) {
  const { alert, incident } = JSON.parse(event.data);
  const message = incident.messages.find((one) => one.id === alert) ?? newest(incident);
  hold(incident);
  fresh.add(incident.id);
  setTimeout(() => { fresh.delete(incident.id); cards.get(incident.id)?.firstChild.removeAttribute("data-fresh"); }, 8_000);
  draw();
  if (!incidents.has(chosen)) chooseFirst();
  if (incident.id === chosen) detail();
  if (wanted(incident)) {
    const test = incident.status === "Actual" ? "" : `${incident.status}: `;
    if (document.hidden) document.title = `(${(unseen += 1)}) Tocsin`;
    byId("live").textContent = `${test}${message.severity} ${message.type}: ${message.headline}`;
  }
}

function gone(event) {
  for (const id of JSON.parse(event.data)) {
    incidents.delete(id);
    cards.delete(id);
  }
  draw();
  if (!incidents.has(chosen)) detail();
}

const takes = { incident: take, gone };

function come(event) {
  heard = Date.now();
  if (loading) pending.push(event);
  else if (Number(event.lastEventId) > snapshotId) {
    snapshotId = Number(event.lastEventId);
    takes[event.type](event);
  }
}

/** All that the board holds. Its number says which events are in it; the others wait until it is here. */
async function load() {
  stale = loading;
  if (loading) return;
  loading = true;
  try {
    const answer = await fetch("/api/incidents", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const whole = await answer.json();
    snapshotId = Number(whole.id);
    told(whole.status);
    // A board that has just begun knows less than we do: it says when it has caught up.
    if (whole.status.complete || incidents.size === 0) {
      incidents.clear();
      cards.clear();
      whole.incidents.forEach(hold);
    }
    loading = false;
    const waiting = pending;
    pending = [];
    chooseFirst();
    draw();
    detail();
    waiting.forEach(come);
    if (source === null) connect();
    if (stale) load();
  } catch {
    silentSince ??= heard;
    freshness();
    setTimeout(() => { loading = false; load(); }, AGAIN);
  }
}

function connect() {
  source?.close();
  source = new EventSource(`/events?after=${snapshotId}`);
  source.addEventListener("status", (event) => told(JSON.parse(event.data)));
  source.addEventListener("incident", come);
  source.addEventListener("gone", come);
  source.addEventListener("reset", () => load());
  source.addEventListener("error", () => { silentSince ??= heard; freshness(); });
}

setInterval(() => {
  age();
  if (source === null) return;
  if (Date.now() - heard > SILENCE || source.readyState === EventSource.CLOSED) {
    silentSince ??= heard;
    freshness();
    connect(); // a connection may be dead without a word
  }
}, 5_000);
setInterval(() => week(), 60_000);

// --- choosing

function inAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

function choose(id) {
  chosen = id;
  if (incidents.has(id)) document.body.classList.remove("nothing");
  for (const item of cards.values()) item.firstChild.removeAttribute("aria-current");
  cards.get(id)?.firstChild.setAttribute("aria-current", "true");
  detail();
}

function chooseFirst() {
  const id = inAddress();
  if (incidents.has(id)) chosen = id;
  else if (!incidents.has(chosen)) chosen = wide() ? sorted()[0]?.id ?? null : null;
}

addEventListener("hashchange", () => {
  const id = inAddress();
  if (id && !incidents.has(id)) return;
  choose(id || (wide() ? chosen : null));
  if (id) byId("detail").scrollTop = 0;
  else document.body.classList.remove("opened");
});

function step(by) {
  const all = sorted();
  if (all.length === 0) return;
  const place = all.findIndex((incident) => incident.id === chosen);
  const next = all[Math.min(all.length - 1, Math.max(0, place < 0 ? 0 : place + by))].id;
  if (wide()) {
    history.replaceState(null, "", `#${encodeURIComponent(next)}`);
    choose(next);
  } else {
    choose(next);
  }
  const target = cards.get(next).firstChild;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest?.("input[type=search], select");
  if (event.key === "Escape") {
    if (typing) typing.blur();
    else if (location.hash) location.hash = "";
  } else if (!typing) {
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "/") { event.preventDefault(); filters.text.focus(); }
    else if (event.key === "Enter" && chosen && (event.target === document.body || event.target.closest(".card"))) {
      event.preventDefault();
      location.hash = event.target.closest(".card")?.hash ?? encodeURIComponent(chosen);
      byId("detail").focus();
    }
  }
});

document.addEventListener("visibilitychange", () => {
  unseen = 0;
  document.title = "Tocsin";
});

for (const one of Object.values(filters)) one.addEventListener("input", draw);
byId("filter-clear").addEventListener("click", () => {
  filters.text.value = filters.country.value = filters.event.value = "";
  filters.severity.value = "Unknown";
  filters.ended.checked = true;
  draw();
});

load();
