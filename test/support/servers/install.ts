import { installMinio } from './minio.js'
import { installMoto } from './moto.js'

/** Installs what takes minutes before tests wait for it, one after the other. */
for (const install of [installMoto, installMinio]) console.log(await install())
