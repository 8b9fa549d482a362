// Words that two texts do not share, by the longest common run of words (Myers 1986 counts the same).

const MOST_WORDS = 1500;

const wordsOf = (text) => text.match(/\s+|[^\s]+/gu) ?? [];

// Pieces of `text` as [piece, whether the other text lacks it]; null where they are too long for it.
function differing(text, other) {
  const [ours, theirs] = [wordsOf(text), wordsOf(other)];
  if (ours.length > MOST_WORDS || theirs.length > MOST_WORDS) return null;
  const width = theirs.length + 1;
  const longest = new Uint16Array((ours.length + 1) * width);
  for (let i = ours.length - 1; i >= 0; i -= 1) {
    for (let j = theirs.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] = ours[i] === theirs[j]
        ? longest[(i + 1) * width + j + 1] + 1
        : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const pieces = [];
  let [i, j] = [0, 0];
  while (i < ours.length) {
    if (j < theirs.length && ours[i] === theirs[j]) {
      pieces.push([ours[i], false]);
      i += 1;
      j += 1;
    } else if (j < theirs.length && longest[i * width + j + 1] > longest[(i + 1) * width + j]) {
      j += 1;
    } else {
      pieces.push([ours[i], ours[i].trim() !== ""]);
      i += 1;
    }
  }
  return pieces;
}

// Characters that a reader cannot see, or that turn text round, are written out: \u{202e}.
// Joiners stay: they make one sign of several.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu;
const visible = (text) => text.replace(HIDDEN, (sign) =>
  ("\n\t\u200c\u200d".includes(sign) ? sign : `\\u{${sign.codePointAt(0).toString(16)}}`));
