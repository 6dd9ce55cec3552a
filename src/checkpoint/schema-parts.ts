import { z } from 'zod'
import type { Json } from '../json.js'
import type { AncestryLink } from './ancestry.js'
import { idPattern, operatorIdPattern } from './paths.js'

/** Pieces that the formats share. What comes out of `JSON.parse` is JSON already, so `json` only refuses absence. */
export const json = z.custom<Json>((value) => value !== undefined, 'missing')
export const id = z.string().regex(idPattern)
export const operatorId = z.string().regex(operatorIdPattern)
export const count = z.int().min(0)
/** The number of an entry. */
export const number = z.int().min(1)
/** ISO 8601 with a zone, as the workflow's `Date` writes it. */
export const time = z.iso.datetime({ offset: true })
export const checksum = z.string().regex(/^sha256:[0-9a-f]{64}$/)
/** A path below the execution's folder: relative, and never out of it. */
export const relativePath = z
  .string()
  .refine((path) => path.split('/').every((segment) => !['', '.', '..'].includes(segment)), 'not a relative path')

export const ascending = z
  .array(number)
  .refine((list) => list.every((item, index) => index === 0 || item > (list[index - 1] ?? 0)), 'not ascending')

export const link: z.ZodType<AncestryLink> = z.strictObject({ execution: id, through: number })
export const ancestry = z
  .array(link)
  .refine((links) => new Set(links.map((one) => one.execution)).size === links.length, 'an execution appears twice')
