import { parseXml, XmlDocumentType, XmlElement, XmlError } from '@rgrove/parse-xml';
import type { Findings, Place } from './findings.ts';

/** An element of an XML file with the lines on which it and its attributes stand. */
export interface Tag {
  name: string;
  place: Place;
  attributes: Map<string, { value: string; place: Place }>;
  tags: Tag[];
}

const mostDeep = 50;

/** The root element of XML text. Null, and said, when it is none: entities and document types are not taken. */
export function readTags(file: string, text: string, findings: Findings): Tag | null {
  const at = (line: number | null, what: string): Place => ({ file, line, what });
  try {
    const document = parseXml(text, { includeOffsets: true, preserveDocumentType: true });
    const type = document.children.find((node) => node instanceof XmlDocumentType);
    if (type) {
      findings.refuse(
        at(lineOf(text, type.start), '<!DOCTYPE ...>'),
        'XML without a document type',
        'Take the declaration out: such files need none, and what it could fetch or expand is not wanted here.',
      );
      return null;
    }
    return document.root ? tagOf(document.root, file, text, 0) : null;
  } catch (error) {
    if (error instanceof XmlError) {
      const message = error.message.split('\n')[0] ?? '';
      findings.refuse(
        at(error.line, message.replace(/ \(line.*$/, '')),
        'well-formed XML',
        'Mend the syntax at this line.',
      );
      return null;
    }
    if (error instanceof RangeError) {
      findings.refuse(at(null, 'elements inside elements'), `at most ${mostDeep} deep`, 'This is no such file.');
      return null;
    }
    throw error;
  }
}

/** The one child of this name; a second one is wrong. */
export function only(tag: Tag, name: string, findings: Findings): Tag | null {
  const [first, second] = tag.tags.filter((child) => child.name === name);
  if (second) findings.refuse(second.place, `one ${name} in ${tag.name}`, 'Take one of them out.');
  return first ?? null;
}

/** What Web NMS does not describe is named, so that nobody believes it was taken over. */
export function leaveUnknown(tag: Tag, attributes: string[], tags: string[], findings: Findings): void {
  for (const [name, { place }] of tag.attributes) {
    if (!attributes.includes(name)) findings.leave(place, 'Not an attribute that Web NMS describes.');
  }
  for (const child of tag.tags) {
    if (!tags.includes(child.name)) findings.leave(child.place, 'Not an element that Web NMS describes.');
  }
}

function tagOf(element: XmlElement, file: string, text: string, deep: number): Tag {
  if (deep > mostDeep) throw new RangeError('nested too deeply');
  const line = lineOf(text, element.start);
  const attributes = Object.entries(element.attributes).map(([name, value]) => {
    const what = `${element.name} ${name}="${value.slice(0, 60)}"`;
    return [name, { value, place: { file, line: attributeLine(element, name, text), what } }] as const;
  });
  return {
    name: element.name,
    place: { file, line, what: `<${element.name}>` },
    attributes: new Map(attributes),
    tags: element.children
      .filter((node): node is XmlElement => node instanceof XmlElement)
      .map((child) => tagOf(child, file, text, deep + 1)),
  };
}

function attributeLine(element: XmlElement, name: string, text: string): number {
  const head = text.slice(element.start, Math.min(element.end, element.start + 10_000));
  const found = new RegExp(`\\s${name.replaceAll(/[^\w-]/g, '.')}\\s*=`).exec(head);
  return lineOf(text, element.start + (found ? found.index + 1 : 0));
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
