/** Runs operations one after the other, in the order they were handed in; a failure does not stop the next. */
export function createSerial(): <T>(operation: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (operation) => {
    const run = last.then(operation, operation)
    last = run.catch(() => undefined)
    return run
  }
}
