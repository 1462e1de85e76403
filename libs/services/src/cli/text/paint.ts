export type Colour = 'red' | 'green' | 'yellow' | 'grey' | 'bold';

const codes: Record<Colour, string> = { red: '31', green: '32', yellow: '33', grey: '90', bold: '1' };

/** Colours text, or leaves it as it is: only a terminal understands the codes. */
export type Paint = (colour: Colour | null, text: string) => string;

export function painter(colours: boolean): Paint {
  return (colour, text) => (colours && colour ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text);
}

/**
 * Text from the network for a terminal: control characters could move the cursor, clear the screen or worse, so each
 * becomes a visible stand-in (Unicode's control pictures).
 */
export function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd';
  });
}
