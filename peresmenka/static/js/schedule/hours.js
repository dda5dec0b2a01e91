// Hours of a day: [start, end] in minutes after midnight, an end above 1440 lies on the next day. Pure.

const DAY = 1440;

function clock(minute) {
  const rest = minute > DAY ? minute - DAY : minute;
  return [Math.floor(rest / 60), String(rest % 60).padStart(2, "0")];
}

function long(minute) {
  const [hour, minutes] = clock(minute);
  return `${String(hour).padStart(2, "0")}:${minutes}`;
}

function short(minute) {
  const [hour, minutes] = clock(minute);
  return minutes === "00" ? String(hour) : `${hour}:${minutes}`;
}

// Around the clock from another hour than midnight: its two times are the same.
export function isWholeDay([start, end]) {
  return start > 0 && end === start + DAY;
}

// "09:00–13:00, 14:00–18:00"; around the clock "09:00–09:00 +1"
export function asText(hours) {
  return hours.map((one) => `${long(one[0])}–${long(one[1])}${isWholeDay(one) ? " +1" : ""}`).join(", ");
}

// "9–13 14–18"
export function asShort(hours) {
  return hours.map(([start, end]) => `${short(start)}–${short(end)}`).join(" ");
}

// Rows of a form, as time inputs hold them, from hours; the end of the day is their 00:00.
export function toRows(hours) {
  const field = (minute) => long(minute % DAY);
  return hours.map(([start, end]) => [field(start), field(end)]);
}

// Minutes from the rows of a form, [from, to, is around the clock]; null while a row is not filled.
export function fromRows(rows) {
  const minutes = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
  if (rows.some(([start, end]) => !start || !end)) return null;
  const hours = rows.map(([from, to, isWhole]) => {
    const start = minutes(from);
    const end = minutes(to);
    // 00:00–00:00 is the whole day; another pair of equal times is left to the server to refuse.
    if (end > start || (end === start && start > 0 && !isWhole)) return [start, end];
    return [start, end + DAY];
  });
  return hours.sort((one, other) => one[0] - other[0]);
}

export function isOverMidnight([, end]) {
  return end > DAY;
}

// Distinct hours of a month, most used first, each as [text, hours].
export function mostUsed(days, limit) {
  const found = new Map();
  for (const { hours } of days) {
    if (hours.length === 0) continue;
    const text = asText(hours);
    const seen = found.get(text) ?? { hours, times: 0 };
    seen.times += 1;
    found.set(text, seen);
  }
  const ordered = [...found].sort((one, other) => other[1].times - one[1].times);
  return ordered.slice(0, limit).map(([text, { hours }]) => [text, hours]);
}
