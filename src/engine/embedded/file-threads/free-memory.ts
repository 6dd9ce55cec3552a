import { MessageChannel } from 'node:worker_threads'

const { port1: nowhere, port2 } = new MessageChannel()
port2.close()

/**
 * Frees the memory of a piece, where it has that to itself, without waiting for the garbage collector: what other threads send piles up until
 * then, and has it look through all that this thread holds again and again.
 */
export function freeMemory(piece: Uint8Array): void {
  const { buffer, length } = piece
  // What a closed port is sent goes with its message.
  if (length > 0 && buffer instanceof ArrayBuffer && buffer.byteLength === length) nowhere.postMessage(null, [buffer])
}
