import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'

const bytes = 1024 ** 3
const chunk = Buffer.alloc(1024 ** 2, 'x')

/**
 * Has a virtual machine's host find a gigabyte of memory for it, by writing a file that never gets to the disk. A host takes back what lies free, and
 * writing to memory that it has to find again takes up to fifteen times as long: whoever comes first would pay for it.
 * @returns frees that memory, which is then what the system gives out next
 */
export async function backMemory(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'memory')
  const file = await open(path, 'w')
  for (let written = 0; written < bytes; written += chunk.length) await file.write(chunk)
  await file.close()
  return () => rm(path)
}
