import type { Special } from './faults-of-the-world.js'
import { damage } from './stories/damage.js'
import { fork } from './stories/fork.js'
import { lateCommit } from './stories/late-commit.js'
import type { Scene } from './stories/scene.js'

const stories: Readonly<Record<Special, (scene: Scene) => Promise<string | undefined>>> = {
  fork,
  'late-commit': lateCommit,
  damage,
}

/** Answers what happened; undefined where the moment did not come. */
export function tell(story: Special, scene: Scene): Promise<string | undefined> {
  return stories[story](scene)
}
