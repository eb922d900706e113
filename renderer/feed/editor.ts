/** The query bar's text on CodeMirror: one line, coloured by the query's own lexer. Loaded when the bar stands already. */
import { history, historyKeymap, standardKeymap } from '@codemirror/commands';
import {
  Annotation,
  EditorState,
  StateEffect,
  StateField,
  type ChangeSpec,
  type Extension,
} from '@codemirror/state';
import {
  Decoration,
  drawSelection,
  EditorView,
  highlightSpecialChars,
  keymap,
  placeholder,
  ViewPlugin,
  type DecorationSet,
  type ViewUpdate,
} from '@codemirror/view';
import { tokensOf, type TokenKind } from '../../shared/query.ts';
import { escapePieces, MISLEADING } from '../ui/escape.ts';
import { codeMark } from '../ui/foreign.ts';

/** A stretch of the text that is wrong. */
export interface Wrong {
  readonly from: number;
  readonly to: number;
}

export interface EditorOptions {
  readonly text: string;
  readonly caret: number;
  readonly placeholder: string;
  readonly attributes: () => Record<string, string>;
  readonly ontyped: (text: string, caret: number) => void;
  /** @returns whether the key was taken. */
  readonly onkey: (event: KeyboardEvent) => boolean;
  readonly onfocus: (focused: boolean) => void;
}

export interface Editor {
  setText: (text: string, caret: number) => void;
  setWrong: (wrong: Wrong | undefined) => void;
  /** The attributes have changed. */
  refresh: () => void;
  focus: (all: boolean) => void;
  /** Where the caret is on the page, from the left. */
  caretX: (at: number) => number | undefined;
  destroy: () => void;
}

const CLASSES: Readonly<Record<TokenKind, string>> = {
  field: 'q-f',
  operator: 'q-o',
  paren: 'q-o',
  value: 'q-v',
  number: 'q-n',
  keyword: 'q-k',
};
const COLOURS = Object.fromEntries(
  Object.entries(CLASSES).map(([kind, name]) => [kind, Decoration.mark({ class: name })]),
);

const coloured = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = colours(view.state);
    }
    update(update: ViewUpdate) {
      if (update.docChanged) this.decorations = colours(update.state);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

function colours(state: EditorState): DecorationSet {
  const tokens = tokensOf(state.doc.toString());
  return Decoration.set(tokens.flatMap(({ kind, from, to }) => COLOURS[kind]?.range(from, to) ?? []));
}

/** A change that no key made. */
const fromOutside = Annotation.define<boolean>();

const setWrong = StateEffect.define<Wrong | undefined>();
const SQUIGGLE = Decoration.mark({ class: 'q-wrong' });
const wrong = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    let next = transaction.docChanged ? Decoration.none : shown;
    for (const effect of transaction.effects) {
      if (!effect.is(setWrong)) continue;
      const { length } = transaction.newDoc;
      const from = Math.min(effect.value?.from ?? 0, length);
      const to = Math.min(effect.value?.to ?? 0, length);
      next =
        effect.value === undefined || from >= to ? Decoration.none : Decoration.set(SQUIGGLE.range(from, to));
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** What is pasted with line breaks becomes one line. */
const oneLine = EditorState.transactionFilter.of((transaction) => {
  if (!transaction.docChanged || transaction.newDoc.lines === 1) return transaction;
  const changes: ChangeSpec[] = [];
  transaction.changes.iterChanges((from, to, _, __, inserted) => {
    changes.push({ from, to, insert: inserted.toString().replaceAll(/\s*\n\s*/g, ' ') });
  });
  return [{ changes, scrollIntoView: true, userEvent: 'input.paste' }];
});

/**
 * CodeMirror writes its styles into a style element, which the page's policy refuses. In a shadow root it adopts a
 * sheet instead: what it remembers there is given to the document, and it goes on with that sheet.
 */
function adoptStyles(): void {
  const shadow = document.createElement('div').attachShadow({ mode: 'open' });
  new EditorView({ root: shadow }).destroy();
  for (const symbol of Object.getOwnPropertySymbols(shadow)) {
    if (!(symbol in document)) Reflect.set(document, symbol, Reflect.get(shadow, symbol));
  }
}

function specialMark(code: number): HTMLElement {
  const [piece] = escapePieces(String.fromCodePoint(code));
  return codeMark(piece?.text ?? '', piece?.about ?? '');
}

/**
 * Text that takes the place of a selection is put there without the browser: it would keep the colours of what stood
 * there in a style attribute, which the page's policy refuses.
 */
function overSelection(event: InputEvent, view: EditorView): boolean {
  if (view.state.selection.main.empty || event.isComposing) return false;
  const text = event.inputType.startsWith('deleteContent') ? '' : event.data;
  if (text === null || !/^(insertText|deleteContent)/.test(event.inputType)) return false;
  view.dispatch(view.state.replaceSelection(text), { userEvent: 'input.type' });
  event.preventDefault();
  return true;
}

/** Builds the editor in an element, in place of what stood there. */
export function makeEditor(parent: HTMLElement, options: EditorOptions): Editor {
  adoptStyles();
  const { text, caret } = options;
  const listening: Extension = EditorView.updateListener.of((update) => {
    if (update.focusChanged) options.onfocus(update.view.hasFocus);
    const own = update.transactions.some((transaction) => transaction.annotation(fromOutside) === true);
    if (!own && (update.docChanged || update.selectionSet)) {
      options.ontyped(update.state.doc.toString(), update.state.selection.main.head);
    }
  });
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      selection: { anchor: Math.min(caret, text.length) },
      extensions: [
        EditorView.domEventHandlers({ keydown: (event) => options.onkey(event), beforeinput: overSelection }),
        history(),
        placeholder(options.placeholder),
        drawSelection(),
        highlightSpecialChars({
          specialChars: new RegExp(MISLEADING.source, 'gu'),
          render: specialMark,
        }),
        keymap.of([...historyKeymap, ...standardKeymap.filter(({ key }) => key !== 'Enter')]),
        EditorView.contentAttributes.of(() => options.attributes()),
        oneLine,
        coloured,
        wrong,
        listening,
      ],
    }),
  });
  return {
    setText(next, at) {
      if (next === view.state.doc.toString() && at === view.state.selection.main.head) return;
      const changes = { from: 0, to: view.state.doc.length, insert: next };
      const selection = { anchor: Math.min(at, next.length) };
      view.dispatch({ changes, selection, scrollIntoView: true, annotations: fromOutside.of(true) });
    },
    setWrong: (value) => view.dispatch({ effects: setWrong.of(value) }),
    refresh: () => view.dispatch({}),
    focus(all) {
      view.focus();
      const { length } = view.state.doc;
      if (all) view.dispatch({ selection: { anchor: 0, head: length }, annotations: fromOutside.of(true) });
    },
    caretX: (at) => view.coordsAtPos(Math.min(at, view.state.doc.length))?.left,
    destroy: () => view.destroy(),
  };
}
