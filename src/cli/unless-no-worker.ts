import { isTidemarkError } from '../errors.js'

/** A worker's answer, or undefined where none answers: much is known without. */
export async function unlessNoWorker<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isTidemarkError(error, 'NoWorker')) return undefined
    throw error
  }
}
