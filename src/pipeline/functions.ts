import { TidemarkError } from '../errors.js'

/**
 * Refuses an `async` function where a step is synchronous: its promise would travel on as if it were the record, and a
 * cut could fall between the promise and its result.
 */
export function checkSynchronous(step: string, user: unknown): void {
  if (typeof user !== 'function') {
    throw new TidemarkError('DefinitionError', `${step} needs a function, not ${user === null ? 'null' : typeof user}.`)
  }
  const tag = Object.prototype.toString.call(user)
  if (tag === '[object AsyncFunction]' || tag === '[object AsyncGeneratorFunction]') {
    throw new TidemarkError(
      'DefinitionError',
      `${step} was given an async function, but steps are synchronous: do the waiting in a source or a sink.`,
    )
  }
}

export function isGeneratorFunction(user: unknown): boolean {
  return Object.prototype.toString.call(user) === '[object GeneratorFunction]'
}

/** `map(toCelsius)`, or `map` for a function without a name. */
export function nameOfStep(step: string, user: { readonly name: string }): string {
  return user.name === '' ? step : `${step}(${user.name})`
}
