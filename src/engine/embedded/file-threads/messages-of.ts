import { on } from 'node:events'
import type { MessagePort } from 'node:worker_threads'

/** The messages of a port, one at a time. @throws Error once the other end is closed */
export function messagesOf<T>(port: MessagePort): () => Promise<T> {
  const messages = on(port, 'message', { close: ['close'] })
  return async () => {
    const message = await messages.next()
    if (message.done) throw new Error('Whoever was at the other end is gone.')
    return message.value[0] as T
  }
}
