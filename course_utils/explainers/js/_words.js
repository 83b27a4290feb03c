// Words and their ids, as `course_utils.data.vocabulary` has them. A fragment, to be taken in by `//#include _words.js`.

const [PADDING_ID, START_ID, UNKNOWN_ID, INDEX_FROM] = [0, 1, 2, 3];

// The old text tokeniser of Keras took these out before the official file was made; the apostrophe stays.
const PUNCTUATION = /[!"#$%&()*+,\-./:;<=>?@[\\\]^_`{|}~\t\n\r“”„«»…–—]/g;

// What Python's `split` takes for space; \s has the byte order mark too, and lacks the separators.
const SPACE = /[\p{White_Space}\x1c-\x1f]+/u;

/** The words of a text: lower case, punctuation out, apostrophes kept. */
function splitWords(text) {
  return text.toLowerCase().replace(PUNCTUATION, " ").replace(/[‘’]/g, "'").split(SPACE).filter(Boolean);
}

/** The asset `imdb-words`: `words[id]`, and `idOf(word)`, which is UNKNOWN_ID for a word that was left out. */
function readWords(view) {
  const words = JSON.parse(new TextDecoder().decode(view));
  const ids = new Map();
  for (let id = INDEX_FROM; id < words.length; id++) if (words[id]) ids.set(words[id], id);
  // 'quoted' words: the data know few of them with their quotation marks.
  const idOf = (word) => ids.get(word) ?? ids.get(word.replace(/^'+|'+$/g, "")) ?? UNKNOWN_ID;
  return { words, idOf };
}

/** The ids of a text, as a network reads it: the start mark, then one id a word. */
function encodeText(text, { idOf }) {
  return [START_ID, ...splitWords(text).map(idOf)];
}
