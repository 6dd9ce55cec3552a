/** Polled by every host that has the definition, while it has free slots. */
export function definitionQueue(definition: string): string {
  return `tidemark.job.${definition}`
}

/** Polled by one host only: messages to the tasks that run there. */
export function hostQueue(host: string): string {
  return `tidemark.host.${host}`
}
