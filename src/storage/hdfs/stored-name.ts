/**
 * Names as HDFS stores them. It takes every character in a name except the colon, which becomes `%3A`; so what looks like such an escape is
 * escaped itself, and two names never meet.
 */
function storedName(name: string): string {
  return name.replace(/:|%(?=3A|25)/g, encodeURIComponent)
}

export function nameOf(stored: string): string {
  return stored.replace(/%(?:3A|25)/g, decodeURIComponent)
}

/** The path of an object or folder below a root, which has no slash at its end: `''` is the top. */
export function pathOf(root: string, name: string): string {
  return name === '' ? root || '/' : `${root}/${storedName(name)}`
}
