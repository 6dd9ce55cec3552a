import type { ActivitySlotInfo, CustomSlotSupplier, SlotPermit } from '@temporalio/worker'

/** What a host says of its room for tasks. */
export interface Room {
  freeSlots(): number
  /** Resolves when there is at least one; rejects when the signal aborts. */
  whenFree(signal: AbortSignal): Promise<void>
}

/**
 * Lets a definition's queue be polled only while the host has room, so that a job waits, visibly, for a host that can take
 * it. Slots count live tasks, not activities. Two definitions may be handed a job at the same moment; the host then
 * refuses one (`HostFull`) and that job goes on to another host.
 */
export function deploymentSlots(room: Room): CustomSlotSupplier<ActivitySlotInfo> {
  return {
    type: 'custom',
    async reserveSlot(_context, signal): Promise<SlotPermit> {
      await room.whenFree(signal)
      return {}
    },
    tryReserveSlot: () => (room.freeSlots() > 0 ? {} : null),
    markSlotUsed() {},
    releaseSlot() {},
  }
}
