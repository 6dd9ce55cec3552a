/** Requests of one walk or deletion at once: a name node serves everybody. */
export const lanes = 8
