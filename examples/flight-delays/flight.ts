import { z } from 'zod'

/** One flight as the United States' Bureau of Transportation Statistics reports it. */
export const Flight = z.object({
  /** Local time of departure, `2001/01/01 00:47`. */
  date: z.string(),
  /** Minutes after the schedule at arrival; negative = early; null = never arrived there. */
  delay: z.number().nullable(),
  /** Miles. */
  distance: z.number(),
  /** Airport codes, `DTW`. */
  origin: z.string(),
  destination: z.string(),
})

export type Flight = z.output<typeof Flight>

/** Minutes from which a flight counts as late. */
export const lateAfter = 15
