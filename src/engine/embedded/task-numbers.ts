import type { DeployRequest } from '../engine.js'

type Tasks = Pick<DeployRequest, 'parallelism' | 'share'>

/** Of the tasks that this host is to run. */
export function taskNumbers(deploy: Tasks): number[] {
  return Array.from({ length: taskCount(deploy) }, (_, index) => firstTask(deploy) + index)
}

export function taskCount({ parallelism, share }: Tasks): number {
  return share?.count ?? parallelism
}

export function firstTask({ share }: Tasks): number {
  return share?.first ?? 0
}
