// What a typed answer says: the same grammar as in `normalise.py`, held to the same vectors.

const LONGEST = 1000; // characters
// Written out: what the languages themselves take for white space differs.
const SPACES = "[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200b\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]+";
const SPACE = new RegExp(SPACES, "g");
const STARTS = new RegExp(`^${SPACES}`);
const ENDS = new RegExp(`${SPACES}$`);
const DECIMAL = "[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,3})?";
// 16,640 may be meant as sixteen thousand or as sixteen and a bit: no guess, the reader is asked.
const AMBIGUOUS = /^[+-]?[1-9][0-9]{0,2},[0-9]{3}$/;
const NUMBER = new RegExp(`^(${DECIMAL})(?: ?/ ?(${DECIMAL}))?$`);

/** Counted as Python counts: by characters, not by halves of one. */
function isTooLong(text) {
  return [...text].length > LONGEST;
}

function trimmed(text) {
  return text.replace(STARTS, "").replace(ENDS, "");
}

function withHyphens(text) {
  return text.replace(/[\u2212\u2013\ufe63\uff0d]/g, "-");
}

/** The number that somebody typed, or null. */
function readNumber(text, unit = "") {
  if (isTooLong(text)) return null;
  let written = trimmed(withHyphens(text));
  const behind = trimmed(withHyphens(unit));
  if (behind && written.endsWith(behind)) written = trimmed(written.slice(0, -behind.length));
  const found = NUMBER.exec(written.replace(SPACE, " "));
  if (!found || AMBIGUOUS.test(found[1])) return null;
  const above = Number(found[1].replace(",", "."));
  const below = Number((found[2] ?? "1").replace(",", "."));
  const number = above / below;
  return below !== 0 && Number.isFinite(number) ? number : null;
}

/** A word or a phrase, so that two ways to type the same are the same. */
function normalText(text, caseSensitive = false, ignoreSpaces = false) {
  let normal = text.normalize("NFKC");
  // Up first: so the German sharp s is two letters in every language.
  if (!caseSensitive) normal = normal.toUpperCase().toLowerCase().normalize("NFKC");
  return ignoreSpaces ? normal.replace(SPACE, "") : trimmed(normal.replace(SPACE, " "));
}

/** What a program prints, without white space at the ends of lines and of the whole. */
function normalOutput(text) {
  return trimmed(
    text
      .split(/\r\n|\r|\n/)
      .map((line) => line.replace(ENDS, ""))
      .join("\n"),
  );
}
