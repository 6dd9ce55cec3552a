import { s3Contract } from '../storage/s3-contract.js'
import { startMinio } from '../support/servers/minio.js'

s3Contract('s3 on MinIO', startMinio)
