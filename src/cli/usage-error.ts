import { TidemarkError } from '../errors.js'

/** The command line itself is wrong: exit code 2. */
export class UsageError extends TidemarkError {
  constructor(message: string) {
    super('InvalidUsage', message)
  }
}
