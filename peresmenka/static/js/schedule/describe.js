// What a cell says: its lines, its look, its sentence. Pure but for the words.

import { asText } from "./hours.js";
import { longDay, say } from "./texts.js";

const MOST_LINES = 2;
const days = new Map(); // "2026-11-03" → "Tuesday 3 November"

export function dayName(date) {
  if (!days.has(date)) days.set(date, longDay(date));
  return days.get(date);
}

// Why a day is off; nothing where a supervisor's cup says it all.
function cause(cell) {
  if (!cell.cause || cell.cause === "marked") return "";
  return cell.cause_text || say(`cause-${cell.cause}`);
}

// "09:00–18:00", "day off (Vacation); hours that stay: 09:00–18:00", "no hours"
export function whatIs(cell) {
  if (!cell) return say("empty");
  if (cell.kind === "work") return asText(cell.hours);
  const why = cause(cell);
  const off = why ? say("dayOffBecause", { cause: why }) : say("dayOff");
  return cell.hours.length > 0 ? say("dayOffWithHours", { off, hours: asText(cell.hours) }) : off;
}

// "Oleg Petrov, Tuesday 3 November, 09:00–18:00"
export function sentence(month, index, cell) {
  const name = month.managerAt(index).name;
  const values = { name, day: dayName(month.dayAt(index).date), what: whatIs(cell) };
  return say(month.isOpen(index) ? "cellLabel" : "frozenLabel", values);
}

// The sentence and where the day comes from.
export function details(month, index) {
  const cell = month.cellAt(index);
  const layer = cell?.layer ? say(`layer-${cell.layer}`) : "";
  return [sentence(month, index, cell), layer, month.managerAt(index).why_not].filter(Boolean).join(" · ");
}

export function titleOf(cell) {
  if (!cell || (cell.kind === "work" && cell.hours.length <= MOST_LINES && !isMarked(cell))) return "";
  const layer = isMarked(cell) ? say(`layer-${cell.layer}`) : "";
  return [whatIs(cell), layer].filter(Boolean).join(" · ");
}

function isMarked(cell) {
  return cell.layer === "override" || cell.layer === "swap";
}

// Short lines: [text, is struck out]
export function linesOf(cell) {
  if (!cell) return [];
  const hours = cell.short ? cell.short.split(" ") : [];
  const shown = hours.length > MOST_LINES ? [hours[0], `+${hours.length - 1}`] : hours;
  if (cell.kind === "work") return shown.map((text) => [text, false]);
  const word = cell.cause && cell.cause !== "marked" ? [[say(`short-${cell.cause}`), false]] : [];
  return [...word, ...hours.slice(0, 1).map((text) => [text, true])];
}

export function classesOf(month, index, cell) {
  const day = month.dayAt(index);
  const found = ["day"];
  if (day.is_weekend) found.push("is-weekend");
  if (day.date === month.today) found.push("is-today");
  if (day.weekday === month.first_weekday) found.push("is-first");
  if (!month.isOpen(index)) found.push("is-frozen");
  if (cell) {
    found.push(`is-${cell.kind}`, `is-${cell.layer || "month"}-layer`);
    if (cell.kind === "day_off") found.push(`is-${cell.cause || "marked"}`);
  }
  return found.join(" ");
}
