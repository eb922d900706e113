/** Which of the frame's own panels is open. */
class Panel {
  open = $state(false);

  show(): void {
    this.open = true;
  }
  close(): void {
    this.open = false;
  }
  toggle(): void {
    this.open = !this.open;
  }
}

/** The command menu. */
export const palette = new Panel();
/** The sheet of all keys. */
export const help = new Panel();
