/** `npm run histories:release`: part of a release. */
import { readFile } from 'node:fs/promises'
import { historiesFolder, releasedFolder } from './record-history.js'
import { releaseHistories } from './released-histories.js'

const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}
await releaseHistories(historiesFolder, releasedFolder, version)
console.log(`The histories of today are those of ${version} from now on: commit ${releasedFolder}/${version}.`)
