/** About this many bytes of what apps keep in sessions: a basket. */
export function basket(bytes) {
  const lines = [];
  for (let size = 2; size < bytes; size += JSON.stringify(lines.at(-1)).length + 1) {
    const id = 100_000 + lines.length;
    lines.push({ id, name: `article number ${id}`, price: 12.5, quantity: 1 + (id % 3), gift: false });
  }
  return lines;
}

/** Lets the benchmark put application data into the session of a user. */
export function fill(req, res) {
  req.session.basket = basket(Number(req.query.bytes));
  res.json({ bytes: JSON.stringify(req.session.basket).length });
}
