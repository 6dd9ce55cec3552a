import { FairTurns } from '../task/fair-turns.js'

/** Pieces shorter than this are put together, bytes. */
const smallPiece = 8 * 1024
const joinedPiece = 64 * 1024
/** Bytes that are handed on at a time. */
const batchBytes = 512 * 1024

/** Pieces as they are encoded, in fair turns with whatever else the thread has to do; large ones are not copied. */
export async function* inBatches(pieces: Iterable<Uint8Array>): AsyncGenerator<readonly Uint8Array[]> {
  const turns = new FairTurns()
  let batch: Uint8Array[] = []
  let bytes = 0
  let small: Uint8Array[] = []
  let smallBytes = 0
  const join = () => {
    if (smallBytes > 0) batch.push(Buffer.concat(small))
    small = []
    smallBytes = 0
  }
  for (const piece of pieces) {
    bytes += piece.length
    if (piece.length < smallPiece) {
      small.push(piece)
      smallBytes += piece.length
      if (smallBytes >= joinedPiece) join()
    } else {
      join()
      batch.push(piece)
    }
    if (bytes >= batchBytes) {
      join()
      yield batch
      batch = []
      bytes = 0
    }
    if (turns.over) await turns.next()
  }
  join()
  if (bytes > 0) yield batch
}
