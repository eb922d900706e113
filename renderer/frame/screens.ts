import type { Component, Snippet } from 'svelte';
import type { Route, ScreenName } from '../state/route.svelte.ts';

/** One screen of App's table: how it is drawn, and its item in the rail, if it has one. */
export interface Screen {
  readonly view: Snippet<[Route]>;
  readonly rail?: RailItem;
}

export interface RailItem {
  readonly label: string;
  readonly icon: Component;
  /** Where it leads. */
  readonly to: Route;
  /** 'g f' and so on. */
  readonly keys: string;
  /** Screens that are shown as part of it. */
  readonly also?: readonly ScreenName[];
  readonly place?: 'bottom';
}

export type Screens = Partial<Record<ScreenName, Screen>>;
