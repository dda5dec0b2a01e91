// The page's words and dates in its language; every word comes from the template.

const words = document.getElementById("schedule-texts").dataset;
const page = document.documentElement.lang || "en";
const locale = page === "en" ? "en-GB" : page;
const LONG_DAY = new Intl.DateTimeFormat(locale, {
  weekday: "long",
  day: "numeric",
  month: "long",
  timeZone: "UTC",
});

const templates = new Map(); // key → text, name, text, name, … text

function template(key) {
  const name = key.replace(/[-_](\w)/g, (_, letter) => letter.toUpperCase());
  const parts = (words[name] ?? key).split(/\{(\w+)\}/);
  templates.set(key, parts);
  return parts;
}

// The words under a key such as "selected" or "cause-rest", with {braces} filled in.
export function say(key, values = {}) {
  const parts = templates.get(key) ?? template(key);
  let text = parts[0];
  for (let at = 1; at < parts.length; at += 2) text += (values[parts[at]] ?? "") + parts[at + 1];
  return text;
}

// "Tuesday 3 November" from "2026-11-03".
export function longDay(date) {
  return LONG_DAY.format(new Date(`${date}T00:00:00Z`));
}

export function holds(text, part) {
  return text.toLocaleLowerCase(locale).includes(part.trim().toLocaleLowerCase(locale));
}
