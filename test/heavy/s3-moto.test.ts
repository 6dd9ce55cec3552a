import { s3Contract } from '../storage/s3-contract.js'
import { startMoto } from '../support/servers/moto.js'

s3Contract('s3 on moto', startMoto, { lineBreaks: false })
