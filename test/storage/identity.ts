const identities = new WeakMap<object, string>()
let counted = 0

/** What a file system in memory says of its files and folders: the same for as long as it is the same one. */
export function identityOf(node: object): string {
  const identity = identities.get(node) ?? String(counted++)
  identities.set(node, identity)
  return identity
}
