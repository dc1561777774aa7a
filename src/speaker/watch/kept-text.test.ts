import { expect, test } from '@jest/globals';
import { KeptText, type TextFile } from './kept-text.ts';

function file(content?: string): TextFile {
  let text = content;
  return {
    read: () => text,
    write: (next) => {
      text = next;
    },
  };
}

function boot(id: string, seconds: number): { id: string; seconds: () => number } {
  return { id, seconds: () => seconds };
}

test('what one process keeps another one reads, with its age', () => {
  const one = file();
  new KeptText(one, boot('a', 100)).write('first');
  new KeptText(one, boot('a', 130)).write('two\nlines');
  expect(new KeptText(one, boot('a', 135.5)).read()).toEqual({ text: 'two\nlines', ageSeconds: 5.5 });
});

test.each<{ what: string; content: string | undefined; id?: string }>([
  { what: 'that is not there', content: undefined },
  { what: 'of another boot', content: 'b 90\ntext' },
  { what: 'from the future', content: 'a 101\ntext' },
  { what: 'without a head', content: 'text' },
  { what: 'without a number', content: 'a x\ntext' },
  { what: 'that is empty', content: '' },
  { what: 'where the kernel does not tell its boots apart', content: ' 90\ntext', id: '' },
])('a text $what says nothing', ({ content, id = 'a' }) => {
  expect(new KeptText(file(content), boot(id, 100)).read()).toBeUndefined();
});
