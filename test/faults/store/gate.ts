/** Something that happens once, and is waited for. */
export class Gate<T> {
  readonly opened: Promise<T>
  readonly open: (value: T) => void
  /** Whoever waits, or comes to wait, gives up. */
  readonly fail: (error: Error) => void

  constructor() {
    let open: (value: T) => void = () => {}
    let fail: (error: Error) => void = () => {}
    this.opened = new Promise<T>((resolve, reject) => {
      open = resolve
      fail = reject
    })
    this.opened.catch(() => undefined)
    this.open = open
    this.fail = fail
  }
}
