// Copied days: a block kept for the tab, so that it can be pasted into another month. Pure but for its store.

const KEY = "peresmenka.schedule.clipboard";

export function hasCopied() {
  return sessionStorage.getItem(KEY) !== null;
}

// What is pasted of a cell: its hours, and that it is off where a supervisor or a pattern says so;
// holidays and absences belong to their day and stay behind.
function contentOf(cell) {
  return { hours: cell?.hours ?? [], day_off: ["marked", "rest"].includes(cell?.cause) || null };
}

// Keep the cells with these numbers as a block; what is not selected within it stays a hole.
export function copy(month, indexes) {
  const rows = [...new Set(indexes.map((index) => month.rowOf(index)))];
  const columns = indexes.map((index) => month.columnOf(index));
  const left = Math.min(...columns);
  const block = rows.map(() => Array(Math.max(...columns) - left + 1).fill(null));
  for (const index of indexes) {
    const row = rows.indexOf(month.rowOf(index));
    block[row][month.columnOf(index) - left] = contentOf(month.cellAt(index));
  }
  sessionStorage.setItem(KEY, JSON.stringify(block));
}

// Return [index, content] for each cell that a paste would write.
// A selection around the focused cell is filled with repetitions of the block; else the block goes once
// from the focused cell on. `rows` are the rows in sight.
export function spread(month, rows, selected, focused) {
  const block = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  if (block.length === 0) return [];
  const fills = selected.length > 1 && selected.includes(focused);
  const targets = fills ? selected : blockAt(month, rows, focused, block);
  const places = targets.map((index) => rows.indexOf(month.rowOf(index)));
  const top = Math.min(...places);
  const left = Math.min(...targets.map((index) => month.columnOf(index)));
  return targets
    .map((index, at) => {
      const line = block[(places[at] - top) % block.length];
      return [index, line[(month.columnOf(index) - left) % line.length]];
    })
    .filter(([, content]) => content !== null);
}

function blockAt(month, rows, focused, block) {
  const top = rows.indexOf(month.rowOf(focused));
  const left = month.columnOf(focused);
  return rows.slice(top, top + block.length).flatMap((row) => {
    const last = Math.min(left + block[0].length, month.width);
    return Array.from({ length: last - left }, (_, step) => row * month.width + left + step);
  });
}
