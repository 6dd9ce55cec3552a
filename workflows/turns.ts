/**
 * Of several questions of one kind only the newest is waited for. An activity may answer long after its question has been asked anew, under
 * another claim and about another checkpoint: what it says then is no answer.
 */
export class Turns {
  private readonly newest = new Map<string, number>()

  /** Asks anew. @returns whether this is still the newest question of its kind */
  begin(kind: string): () => boolean {
    const turn = (this.newest.get(kind) ?? 0) + 1
    this.newest.set(kind, turn)
    return () => this.newest.get(kind) === turn
  }
}
