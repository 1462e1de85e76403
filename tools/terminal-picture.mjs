// Draws what a terminal shows (text with ANSI colours on stdin, as `tmux capture-pane -p -e` gives it) as an SVG with its
// text as text: `terminal-picture.mjs TITLE <screen.ansi >picture.svg`
import { readFileSync } from 'node:fs';

const cell = { width: 7.83, height: 18 };
const margin = 14;
const colours = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
  90: '#8b949e',
};
const plain = { colour: '#d6dce4', bold: false, dim: false };

// Spaces that no viewer folds into one.
const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0');

/** One line as runs of text in one style, each with its column. */
function runsOf(line, style) {
  const runs = [];
  let column = 0;
  for (const [token, codes] of line.matchAll(/\u001b\[([0-9;]*)m|[^\u001b]+/g)) {
    if (codes === undefined && !token.startsWith('\u001b')) {
      runs.push({ text: token, column, style: { ...style } });
      column += [...token].length;
      continue;
    }
    for (const code of (codes || '0').split(';').map(Number)) {
      if (code === 0) Object.assign(style, plain);
      else if (code === 1) style.bold = true;
      else if (code === 2) style.dim = true;
      else if (code === 22) Object.assign(style, { bold: false, dim: false });
      else if (code === 39) style.colour = plain.colour;
      else if (colours[code]) style.colour = colours[code];
    }
  }
  return runs;
}

function draw(title, lines) {
  const style = { ...plain };
  const rows = lines.map((line) => runsOf(line, style));
  const columns = Math.max(...rows.flat().map(({ text, column }) => column + [...text.trimEnd()].length));
  const width = Math.ceil(columns * cell.width + 2 * margin);
  const height = Math.ceil((rows.length + 2) * cell.height + margin);
  const texts = rows.flatMap((runs, row) =>
    runs
      .filter(({ text }) => text.trim() !== '')
      .map(({ text, column, style: { colour, bold, dim } }) => {
        const lead = text.length - text.trimStart().length;
        const x = (margin + (column + lead) * cell.width).toFixed(1);
        const y = (row + 2.6) * cell.height;
        const shown = text.trim();
        const look = `${colour === plain.colour ? '' : ` fill="${colour}"`}${bold ? ' font-weight="bold"' : ''}${dim ? ' opacity="0.5"' : ''}`;
        const length = ([...shown].length * cell.width).toFixed(1);
        return `<text x="${x}" y="${y.toFixed(1)}" textLength="${length}"${look}>${escaped(shown)}</text>`;
      }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<rect width="100%" height="100%" rx="8" fill="#161b22"/>
<text x="${margin}" y="${cell.height}" font-family="sans-serif" font-size="12" fill="#8b949e">${escaped(title)}</text>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" fill="${plain.colour}" xml:space="preserve">
${texts.join('\n')}
</g>
</svg>
`;
}

const lines = readFileSync(0, 'utf8').replace(/\s+$/, '').split('\n');
process.stdout.write(draw(process.argv[2] ?? 'terminal', lines));
