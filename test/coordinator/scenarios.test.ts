import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { canContinueAsNew, carryOver, decide } from '../../src/coordinator/decide.js'
import { parseDuration } from '../../src/spec/duration.js'
import { at, beginning, type JobOptions, newState } from './fixtures.js'
import { renderCommand, renderState } from './scenario-output.js'
import { type Line, parseEvent, parseJob, parseLine } from './scenario-syntax.js'

/**
 * Stories: an event a line, perhaps after a pause (`+10s`), and indented below it what the coordinator does about it and
 * what it is then. `TIDEMARK_REWRITE=1` writes the indented lines anew; read the difference before you keep it.
 */
const folder = new URL('../scenarios/', import.meta.url)

/** What `begin` stands for, so that a story can come to its point; `begin with a checkpoint` has one more round. */
const toRunning = ['opened', 'claimed 1 run-a', 'restorePointResolved', '+2s deployed 1 host-1']
const toCheckpoint = ['+10s timerFired interval', '+500ms snapshotTaken 2', '+100ms published 2', '+50ms committed 2']

class Story {
  private options: JobOptions = {}
  private state = newState()
  private now = beginning

  /** The lines that belong below an event's. */
  tell(line: string): string[] {
    const [, pause, text = ''] = /^(?:\+(\S+) +)?(.*)$/.exec(line) ?? []
    if (pause !== undefined) this.now += parseDuration(pause)
    const parsed = parseLine(text)
    const before = renderState(this.state)
    const commands = this.react(parsed)
    const after = renderState(this.state)
    return [...commands, ...(after === before ? [] : [`= ${after}`])]
  }

  private react(line: Line): string[] {
    switch (line.verb) {
      case 'job':
        this.options = parseJob(line)
        this.state = newState(this.options)
        return []
      case 'begin':
        for (const event of line.words.length === 0 ? toRunning : [...toRunning, ...toCheckpoint]) this.tell(event)
        return []
      case 'continueAsNew':
        expect(canContinueAsNew(this.state)).toBe(true)
        this.state = carryOver(this.state)
        return ['observe']
      default: {
        const decision = decide(this.state, at(this.now, parseEvent(line, this.options)))
        this.state = decision.state
        return decision.commands.map(renderCommand)
      }
    }
  }
}

function replay(text: string): string {
  const story = new Story()
  const lines = text.split('\n').filter((line) => !line.startsWith(' '))
  return lines
    .flatMap((line) => {
      const isEvent = line !== '' && !line.startsWith('#')
      return [line, ...(isEvent ? story.tell(line).map((below) => `    ${below}`) : [])]
    })
    .join('\n')
}

test.each(readdirSync(folder).sort())('%s', (name) => {
  const file = new URL(name, folder)
  const story = readFileSync(file, 'utf8')
  const replayed = replay(story)
  if (process.env.TIDEMARK_REWRITE === '1') writeFileSync(file, replayed)
  else expect(replayed).toBe(story)
})
