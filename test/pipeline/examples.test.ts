import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { batch } from '../../examples/flight-delays/batch.js'
import flightDelays from '../../examples/flight-delays/flight-delays.js'
import { prepare } from '../../examples/flight-delays/prepare.js'
import wordCount from '../../examples/word-count/word-count.js'
import { scratch } from '../connectors/scratch.js'
import { runGraph } from './run-graph.js'

test('flight-delays gives, on real flights, what a batch computation gives', async () => {
  const input = join(scratch(), 'data', 'flights.ndjson')
  expect(prepare(input)).toBe(20_000)
  const graph = flightDelays.build(flightDelays.parseArgs({ input, output: 'unused' }))
  const { output, states } = await runGraph(graph)
  expect(output.get('sink')).toEqual(batch(input))
  expect(output.get('sink')).toHaveLength(20_000)
  expect(states.get('delays')?.size).toBe(220)
})

test('word-count counts every word of its text once it has ended', async () => {
  const text = 'examples/word-count/gettysburg-address.txt'
  const { output } = await runGraph(wordCount.build(wordCount.parseArgs({ input: text })))
  const counts = output.get('sink') as { word: string; count: number }[]
  const words = readFileSync(text, 'utf8')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
  expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(words.length)
  expect(counts).toContainEqual({ word: 'nation', count: 5 })
})
