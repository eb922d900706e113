/** F6: from one region of the page to the next, as in a desktop program. */

const REGIONS = '[data-region], nav.rail, main, aside, footer.status';
const FOCUSABLE =
  'a[href], button:not([disabled]), input:not([disabled]), select, textarea, [contenteditable=true], [tabindex="0"]';

/** What had the focus when a region was left. */
const lastIn = new WeakMap<Element, HTMLElement>();

/** Moves the focus to the next region, or with -1 to the one before, at the element that last had it there. */
export function nextRegion(by: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>(REGIONS)].filter(isVisible);
  const focused = document.activeElement;
  const here = regions.findLast((region) => region.contains(focused));
  if (here && focused instanceof HTMLElement) lastIn.set(here, focused);
  const at = here ? regions.indexOf(here) : by === 1 ? -1 : 0;
  const next = regions[(at + by + regions.length) % regions.length];
  if (next) enter(next, regions);
}

function enter(region: HTMLElement, regions: readonly HTMLElement[]): void {
  // An inspector lies inside the page but is a region of its own.
  const own = (element: Element) => regions.findLast((each) => each.contains(element)) === region;
  const last = lastIn.get(region);
  const target =
    last?.isConnected && own(last)
      ? last
      : [...region.querySelectorAll<HTMLElement>(FOCUSABLE)].find((each) => isVisible(each) && own(each));
  if (target) return target.focus({ focusVisible: true });
  region.tabIndex = -1;
  region.focus({ focusVisible: true });
}

const isVisible = (element: HTMLElement) => element.checkVisibility() && element.getClientRects().length > 0;
