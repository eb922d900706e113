import type { Component } from 'svelte';

/** One line of a menu. */
export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly icon?: Component | undefined;
  readonly keys?: string | undefined;
  readonly disabled?: boolean;
  /** Something that is on or off. */
  readonly checked?: boolean;
  /** A line above it. */
  readonly apart?: boolean;
  readonly run: () => void;
}
